//! What events do to a request to erase somebody, and to a proposed policy, in whatever order they come.

use std::collections::BTreeSet;

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

/// A fact without a subject, at a second of the day: its number.
fn decided(number: u8, event_type: &str, by: &str, metadata: Value) -> Event {
    let mut event = told(event_type, by, metadata);
    event.id = EventId(Uuid::from_u128(u128::from(number)));
    event.received_at.timestamp += jiff::SignedDuration::from_secs(i64::from(number));
    event.subject = None;
    if by.is_empty() {
        event.actor.id = None;
    }
    event
}

/// A policy and a hold that is over, each decided by two people.
fn decisions(officers: [&str; 2]) -> TenantLifecycle {
    let [first, second] = officers;
    let mut lifecycle = TenantLifecycle::default();
    let id = |number: u8| EventId(Uuid::from_u128(u128::from(number))).to_string();
    let rules = json!([{ "type": "order.*", "keep": "P30D" }]);
    let at = "2026-11-30T00:00:00Z";
    for event in [
        decided(10, POLICY_PROPOSED, first, json!({ "rules": rules, "shortens": true })),
        decided(11, POLICY_APPROVED, second, json!({ "about": id(10), "effective_at": at })),
        decided(12, HOLD_PLACED, first, json!({ "matter": "m", "query": "" })),
        decided(13, HOLD_APPROVED, second, json!({ "about": id(12) })),
        decided(14, HOLD_RELEASE_ASKED, first, json!({ "about": id(12) })),
        decided(15, HOLD_RELEASED, second, json!({ "about": id(12) })),
    ] {
        lifecycle.apply(&event);
    }
    lifecycle
}

#[test]
fn what_two_people_decided_holds_on_when_both_are_erased() {
    let lifecycle = decisions(["", ""]);
    let later = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(lifecycle.proposals().policy(later).rules().len(), 1);
    let hold = lifecycle.holds().next().unwrap();
    assert!(hold.approved.is_some() && !hold.is_in_force(), "{hold:?}");
}

#[test]
fn one_person_who_is_known_does_not_decide_twice() {
    let lifecycle = decisions(["rita", "rita"]);
    let later = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(lifecycle.proposals().policy(later).rules().len(), 0);
    let hold = lifecycle.holds().next().unwrap();
    assert!(hold.approved.is_none() && hold.is_in_force(), "{hold:?}");
}

#[test]
fn who_is_erased_leaves_what_they_decided_without_their_name() {
    let rita = BTreeSet::from(["rita".to_owned()]);
    let mut entries = decisions(["rita", "rob"]).entries();
    for entry in &mut entries {
        assert!(TenantLifecycle::forget_deciders(entry, &rita));
        assert!(!TenantLifecycle::forget_deciders(entry, &rita), "nothing of theirs is left");
    }
    assert_eq!(entries, decisions(["", "rob"]).entries());
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
