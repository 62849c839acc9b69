//! What events make of what a tenant said, and that what is kept of it is the same.

use serde_json::{Value, json};

use super::*;
use crate::event::Event;
use crate::examples::full_event;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(crate) fn fact(number: u64, person: &str, event_type: &str, metadata: Value) -> Event {
    let mut event = full_event();
    event.id = EventId(Uuid::from_u128(number.into()));
    event.event_type = event_type.into();
    event.source = "annals".into();
    event.subject.as_mut().unwrap().id = person.into();
    event.received_at.timestamp = at(number as i64);
    event.metadata = metadata.as_object().unwrap().clone();
    event
}

/// Folds, and checks that what a store would keep is the same.
fn folded(events: &[Event]) -> TenantNotifications {
    let (mut state, mut kept) = (TenantNotifications::default(), BTreeMap::new());
    for event in events {
        let Changed { put, removed } = state.apply(event);
        removed.iter().for_each(|name| drop(kept.remove(name)));
        for entry in put {
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<NotificationEntry>(&json).unwrap(), entry);
            kept.insert(entry.name(), entry);
        }
    }
    let held: BTreeMap<_, _> = state.entries().map(|entry| (entry.name(), entry)).collect();
    assert_eq!(held, kept);
    state
}

pub(crate) fn rule(id: &str) -> Value {
    json!({"rule": {"id": id, "name": "One", "filter": "type:a.b", "audience": ["subject"],
        "channels": ["inbox"]}})
}

pub(crate) fn endpoint(number: u64) -> Value {
    let id = Uuid::from_u128(number.into());
    json!({"endpoint": {"id": id, "event": Uuid::nil(), "name": "Shop", "kind": "webhook",
        "url": "https://example.org/hook", "enabled": true}, "sealed_secret": "c2VhbGVk"})
}

#[test]
fn rules_come_and_go_and_are_bounded() {
    let mut events = vec![fact(1, "ann", RULE_SET, rule("one"))];
    assert_eq!(folded(&events).rules().next().unwrap().set_at, at(1));
    events.push(fact(2, "ann", RULE_REMOVED, json!({"rule": "one"})));
    assert_eq!(folded(&events).rules().count(), 0);
    let many = |n: u64| fact(n, "ann", RULE_SET, rule(&format!("r{n}")));
    let many: Vec<Event> = (1..=super::super::rule::RULES_MAX as u64 + 5).map(many).collect();
    assert_eq!(folded(&many).rules().count(), super::super::rule::RULES_MAX);
}

#[test]
fn an_address_is_verified_once_and_only_by_whose_it_is() {
    let id = Uuid::from_u128(9);
    let added = json!({"address_id": id, "address": "ann@example.org", "code_digest": "00"});
    let this = json!({"address_id": id});
    let mut events =
        vec![fact(1, "ann", ADDRESS_ADDED, added), fact(2, "bob", ADDRESS_VERIFIED, this.clone())];
    let state = folded(&events);
    let address = state.addresses_of("ann").next().unwrap();
    assert_eq!((address.verified_at, address.code_digest.as_deref()), (None, Some("00")));
    events.push(fact(3, "ann", ADDRESS_VERIFIED, this.clone()));
    events.push(fact(4, "ann", ADDRESS_VERIFIED, this.clone()));
    let state = folded(&events);
    let address = state.addresses_of("ann").next().unwrap();
    assert_eq!((address.verified_at, address.code_digest.as_deref()), (Some(at(3)), None));
    assert_eq!(state.addresses_of("bob").count(), 0);
    events.push(fact(5, "ann", ADDRESS_REMOVED, this));
    assert_eq!(folded(&events).addresses_of("ann").count(), 0);
}

#[test]
fn an_endpoint_keeps_its_secret_when_it_is_changed_and_the_former_one_when_it_is_rotated() {
    let id = Uuid::from_u128(7);
    let mut changed = endpoint(7);
    changed.as_object_mut().unwrap().remove("sealed_secret");
    changed["endpoint"]["name"] = "Shop 2".into();
    let named = json!({"endpoint": id, "reason": "it failed", "sealed_secret": "bmV3"});
    let mut events = vec![
        fact(1, "ann", ENDPOINT_SET, changed.clone()),
        fact(2, "ann", ENDPOINT_SET, endpoint(7)),
        fact(3, "ann", ENDPOINT_ROTATED, named.clone()),
        fact(4, "ann", ENDPOINT_DISABLED, named.clone()),
    ];
    assert_eq!(folded(&events[..1]).endpoints().count(), 0, "none is made without a secret");
    let kept = Arc::clone(folded(&events).endpoint(id).unwrap());
    assert_eq!((kept.secret.as_str(), kept.former_secret.as_deref()), ("bmV3", Some("c2VhbGVk")));
    assert_eq!(kept.endpoint.rotated_at, Some(at(3)));
    assert_eq!(kept.endpoint.disabled_because.as_deref(), Some("it failed"));
    events.push(fact(5, "ann", ENDPOINT_SET, changed));
    let kept = Arc::clone(folded(&events).endpoint(id).unwrap());
    assert!(kept.endpoint.enabled && kept.endpoint.disabled_because.is_none());
    assert_eq!((kept.secret.as_str(), kept.endpoint.rotated_at), ("bmV3", Some(at(3))));
    events.push(fact(6, "ann", ENDPOINT_REMOVED, named));
    assert_eq!(folded(&events).endpoints().count(), 0);
}

#[test]
fn a_link_disputes_once_and_old_disputes_make_way() {
    let about = |number: u64| json!({"about": Uuid::from_u128(number.into())});
    let again = |number| fact(number, "ann", DISPUTE_RAISED, about(1));
    assert_eq!(folded(&[again(1), again(2)]).disputes().count(), 1);
    let one = |number: u64| fact(number, "ann", DISPUTE_RAISED, about(number));
    let many: Vec<Event> = (1..=DISPUTES_MAX as u64 + 1).map(one).collect();
    let state = folded(&many);
    assert_eq!(state.disputes().count(), DISPUTES_MAX);
    assert!(!state.is_disputed(EventId(Uuid::from_u128(1)), "ann"));
}

#[test]
fn who_is_erased_takes_their_own_along() {
    let wishes = json!({"preferences": {"language": "de"}});
    let added = json!({"address_id": Uuid::from_u128(9), "address": "ann@example.org"});
    let mut state = folded(&[
        fact(1, "ann", PREFERENCES_SET, wishes.clone()),
        fact(2, "bob", PREFERENCES_SET, wishes),
        fact(3, "ann", ADDRESS_ADDED, added),
        fact(4, "ann", DISPUTE_RAISED, json!({"about": Uuid::from_u128(1)})),
        fact(5, "ann", RULE_SET, rule("one")),
    ]);
    state.forget("ann");
    let left: Vec<String> = state.entries().map(|entry| entry.name()).collect();
    assert_eq!(left, ["rule/one", "preferences/of/bob"]);
}
