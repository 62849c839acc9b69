//! A destroyed key takes its owner's parts with it, and nothing else.

use std::sync::Arc;

use annals_domain::event::{ActorType, Client};

use super::{Ring, actor, events};
use crate::{KeyId, OpenError, Owner, PersonKey, disclose, disclose_replaced, open, open_replaced};

#[test]
fn an_erased_person_who_acted_on_their_own_account_is_gone() {
    let mut ring = Ring::new();
    let event = events::typical();
    let record = ring.seal(&event);
    ring.destroy(&crate::stream_owner(&event));
    let opened = ring.open(&record, &event).unwrap();
    assert_eq!(opened.erased, ["actor", "client", "metadata", "session", "subject"]);
    assert_eq!(opened.event.actor, actor(ActorType::Anonymous, None));
    assert_eq!(opened.event.subject, None);
    assert_eq!(opened.event.client, Client::default());
    assert_eq!(opened.event.event_type, event.event_type, "what happened is still known");
    assert_eq!(opened.event.occurred_at, event.occurred_at);
    assert_eq!(opened.event.outcome, event.outcome);
}

#[test]
fn an_erased_actor_leaves_the_subjects_part_readable() {
    let mut ring = Ring::new();
    let event = events::with_everything();
    let record = ring.seal(&event);
    ring.destroy(&Owner::Person("grey"));
    let opened = ring.open(&record, &event).unwrap();
    assert_eq!(opened.erased, ["actor", "client", "on_behalf_of.2", "session"]);
    assert_eq!(opened.event.subject, event.subject);
    assert_eq!(opened.event.metadata, event.metadata);
    let mut on_behalf_of = event.on_behalf_of.clone();
    on_behalf_of[2] = actor(ActorType::Anonymous, None);
    assert_eq!(opened.event.on_behalf_of, on_behalf_of, "the others keep their places");
}

#[test]
fn an_erased_subject_leaves_the_actor_readable() {
    let mut ring = Ring::new();
    let event = events::with_everything();
    let record = ring.seal(&event);
    ring.destroy(&Owner::Person("patient-5512"));
    let opened = ring.open(&record, &event).unwrap();
    assert_eq!(opened.event.actor, event.actor);
    assert_eq!(opened.event.client, event.client);
    assert_eq!(opened.event.subject, None);
    assert!(opened.event.metadata.is_empty() && opened.event.changes.is_empty());
    assert!(opened.erased.contains(&"subject".to_owned()));
    assert!(opened.erased.contains(&"outcome".to_owned()));
    assert_eq!(opened.event.outcome.status, event.outcome.status);
}

#[test]
fn erasing_changes_no_byte_of_the_record_and_keeps_what_is_left_provable() {
    let mut ring = Ring::new();
    let event = events::with_everything();
    let record = ring.seal(&event);
    let leaf = record.leaf();
    ring.destroy(&Owner::Person("patient-5512"));
    let left = disclose(&record, &|id| ring.of(&event, id)).unwrap();
    assert_eq!(record.leaf(), leaf);
    let header = record.header().unwrap();
    assert!(left.iter().all(|disclosure| disclosure.is_part_of(&header)));
    assert!(left.len() < header.parts.iter().len());
    let mut forged = left[0].clone();
    forged.json.push(b' ');
    assert!(!forged.is_part_of(&header));
}

#[test]
fn no_personal_value_is_readable_in_a_record() {
    let ring = Ring::new();
    let event = events::with_everything();
    let record = ring.seal(&event);
    let readable = String::from_utf8(record.header.clone()).unwrap();
    let encoded = record.encode();
    for value in [
        "grey",
        "Meredith",
        "st-mary.example",
        "physician",
        "1093817465",
        "yang",
        "Cristina",
        "scribe-2",
        "patient-5512",
        "Denny",
        "1012667145V762142",
        "chart",
        "dose",
        "allergic",
        "2001:db8::1",
        "WardApp",
        "tablet",
        "Seattle",
        "s-1",
        "smartcard",
        "verbal order",
        "W-3",
        "treatment",
        "urgent",
        "cardiology",
        "two of three",
        "E-17",
        "colleague",
    ] {
        assert!(!readable.contains(value), "`{value}` is in the header");
        let found = encoded.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(value.len() < 4 || !found, "`{value}` is in the record");
    }
    assert!(!record.stream.as_str().contains("patient"));
}

#[test]
fn what_lies_under_a_destroyed_key_is_erased_also_when_its_owner_has_another_one() {
    let mut ring = Ring::new();
    let event = events::with_everything();
    let record = ring.seal(&event);
    let grey = ring.tenant_key.pseudonym(&Owner::Person("grey"));
    let fresh = Arc::new(PersonKey::generate().unwrap());
    let keys = |id: &KeyId| match *id == grey {
        true => Some(Arc::clone(&fresh)),
        false => ring.of(&event, id),
    };
    let damaged = open(&record, &keys).unwrap_err();
    assert!(matches!(damaged, OpenError::NotAuthentic), "nothing tells that it was replaced");
    let opened = open_replaced(&record, &keys, &|id| *id == grey).unwrap();
    let shown = disclose_replaced(&record, &keys, &|id| *id == grey).unwrap();
    ring.destroy(&Owner::Person("grey"));
    assert_eq!(opened, ring.open(&record, &event).unwrap(), "as if there were no key");
    assert_eq!(shown, disclose(&record, &|id| ring.of(&event, id)).unwrap());
}
