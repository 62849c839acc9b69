//! What events do to a request to erase somebody, and to a proposed policy, in whatever order they come.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::{Actor, Subject};
use crate::examples::{catalogue, tenant};
use crate::time::DateTime;

const REQUEST: EventId = EventId(Uuid::from_u128(1));

fn told(event_type: &str, by: &str, metadata: Value) -> Event {
    let id = match event_type {
        ERASURE_REQUESTED => REQUEST,
        _ => EventId(Uuid::from_u128(2)),
    };
    let at = DateTime::utc("2026-11-21T09:30:00Z".parse().unwrap());
    let mut event = Event::of_annals(catalogue(), event_type, tenant(), id, at);
    event.actor = Actor { id: Some(by.into()), ..Actor::annals() };
    event.subject = Some(Subject { id: "ann".into(), name: None, alt_ids: Default::default() });
    event.metadata = metadata.as_object().unwrap().clone();
    event
}

fn about() -> Value {
    json!({ "about": REQUEST.to_string() })
}

fn key() -> Value {
    json!({ "about": REQUEST.to_string(), "person": "p", "key_check": "c" })
}

fn approved() -> TenantLifecycle {
    let mut lifecycle = TenantLifecycle::default();
    lifecycle.apply(&told(ERASURE_REQUESTED, "paula", json!({})));
    lifecycle.apply(&told(ERASURE_APPROVED, "peter", about()));
    assert_eq!(lifecycle.erasure(REQUEST).unwrap().status(), ErasureStatus::Approved);
    lifecycle
}

#[test]
fn an_erasure_is_refused_as_long_as_it_has_not_begun() {
    let mut lifecycle = approved();
    lifecycle.apply(&told(ERASURE_REFUSED, "annals", about()));
    assert_eq!(lifecycle.erasure(REQUEST).unwrap().status(), ErasureStatus::Refused);
    lifecycle.apply(&told(ERASURE_STARTED, "annals", key()));
    assert_eq!(lifecycle.erasure(REQUEST).unwrap().started, None);
}

#[test]
fn an_erasure_that_has_begun_is_not_refused_any_more() {
    let mut lifecycle = approved();
    lifecycle.apply(&told(ERASURE_STARTED, "annals", key()));
    lifecycle.apply(&told(ERASURE_REFUSED, "annals", about()));
    let erasure = lifecycle.erasure(REQUEST).unwrap();
    assert_eq!((erasure.status(), &erasure.refused), (ErasureStatus::Approved, &None));
    assert_eq!(lifecycle.open_erasure("ann").map(|one| one.event), Some(REQUEST));
}

/// A policy that was approved, and comes into force a day before the events of `told` by the wall clock.
fn shortened() -> TenantLifecycle {
    let mut lifecycle = TenantLifecycle::default();
    let rules = json!({ "rules": [{ "keep": "P30D" }], "shortens": true });
    let proposed = Event { id: REQUEST, ..told(POLICY_PROPOSED, "rita", rules) };
    lifecycle.apply(&proposed);
    let approved = json!({ "about": REQUEST.to_string(), "effective_at": "2026-11-20T00:00:00Z" });
    lifecycle.apply(&told(POLICY_APPROVED, "rob", approved));
    lifecycle
}

#[test]
fn a_policy_is_taken_back_by_the_time_that_retention_goes_by() {
    // The service was stopped for days, so it is not in force yet.
    let mut lifecycle = shortened();
    let behind = json!({ "about": REQUEST.to_string(), "as_of": "2026-11-19T23:59:59Z" });
    lifecycle.apply(&told(POLICY_ENDED, "rob", behind));
    assert!(lifecycle.proposals().find(REQUEST).unwrap().ended.is_some());
    for metadata in
        [about(), json!({ "about": REQUEST.to_string(), "as_of": "2026-11-20T00:00:00Z" })]
    {
        let mut lifecycle = shortened();
        lifecycle.apply(&told(POLICY_ENDED, "rob", metadata));
        assert_eq!(lifecycle.proposals().find(REQUEST).unwrap().ended, None, "it is in force");
    }
}
