//! Events of older versions are shown in the newest shape wherever they are read, and stay as they are.

use std::sync::Arc;

use annals_domain::catalogue::Catalogue;
use annals_domain::filter::{Filter, Order};
use annals_domain::{Event, Position, Recorded};
use annals_ports::{KeyStore, LogReader};
use annals_record::Disclosure;
use serde_json::{Value, json};

use super::machine::{
    Machine, PATIENCE, event, everything_of, id, record_all, request, settings, tenant, wait_for,
    wait_until_durable,
};
use crate::System;
use crate::export::is_told;

const FIRST: &str = r#"
family = "authentication"
title = "Signing in"

[[type]]
name = "user.signed.in"
version = 1
title = "Signed in"
description = "Somebody signed in."
operation = "login"
severity = "info"
sentence = "{actor} signed in"
"#;

const EARLIER: &str = r#"
[[type.earlier]]
version = 1
steps = [
    { rename = { from = "ip", to = "client_ip" } },
    { default = { key = "method", value = "password" } },
    { to_number = "tries" },
]
"#;

fn first() -> Catalogue {
    Catalogue::read([("a.toml", FIRST)]).unwrap()
}

fn second() -> Catalogue {
    let text = FIRST.replace("version = 1", "version = 2") + EARLIER;
    Catalogue::read([("a.toml", &*text)]).unwrap()
}

fn old(number: u64, person: &str) -> Event {
    let metadata = json!({"ip": "192.0.2.7", "tries": "3"});
    Event { metadata: metadata.as_object().unwrap().clone(), ..event(number, person, "x") }
}

fn is_new(recorded: &Recorded) {
    let Recorded { event, stored_schema_version, .. } = recorded;
    assert_eq!((event.schema_version, *stored_schema_version), (2, Some(1)));
    let expected = json!({"client_ip": "192.0.2.7", "tries": 3, "method": "password"});
    assert_eq!(Value::Object(event.metadata.clone()), expected);
}

async fn found(system: &System, filter: Filter) -> Vec<Recorded> {
    let request = crate::PageRequest { filter, ..request(Order::RecordedOldest, 100) };
    system.queries.page(request).await.unwrap().events
}

/// What must agree: memory, index, the event by id, and a subscription from the log's start.
async fn everything_shows_the_newest_shape(system: &System) {
    for (key, value) in [("metadata.client_ip", "192.0.2.7"), ("metadata.method", "password")] {
        let events = found(system, Filter::equals(key, value)).await;
        assert_eq!(events.len(), 2, "{key}");
        events.iter().for_each(is_new);
    }
    assert!(found(system, Filter::equals("metadata.ip", "192.0.2.7")).await.is_empty());
    let mut live =
        system.queries.live(&everything_of("acme"), Filter::All, Some(Position::START), 100);
    let batch = tokio::time::timeout(PATIENCE, live.next()).await.unwrap().unwrap();
    assert!(!batch.events.is_empty());
    batch.events.iter().for_each(is_new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn index_memory_and_live_show_an_older_event_in_the_newest_shape_and_its_bytes_stay() {
    let machine = Machine::default();
    let system = machine.start_knowing(first(), settings()).await;
    let position = record_all(&system, vec![old(1, "ann"), old(2, "bob")]).await;
    wait_for(&system, position).await;
    let as_sent = found(&system, Filter::equals("metadata.ip", "192.0.2.7")).await;
    assert!(as_sent.iter().all(|it| it.stored_schema_version.is_none()));
    assert_eq!(as_sent.len(), 2);
    system.stop().await;
    let before = machine.log.read_all(Position::START, 10).await.unwrap();

    // The type has a new version, and what is derived is made anew.
    let machine = Machine { log: machine.log, keys: machine.keys, ..Machine::default() };
    let system = machine.start_knowing(second(), settings()).await;
    wait_until_durable(&system, position).await;
    everything_shows_the_newest_shape(&system).await;
    system.stop().await;
    let after = machine.log.read_all(Position::START, 10).await.unwrap();
    let bytes = |entries: &[annals_ports::LogEntry]| -> Vec<Vec<u8>> {
        entries.iter().map(|entry| entry.record.header.to_vec()).collect()
    };
    assert_eq!(bytes(&before), bytes(&after));
    assert!(before.iter().zip(&after).all(|(a, b)| a.record == b.record));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_sent_in_an_older_version_is_shown_in_the_newest_at_once() {
    let machine = Machine::default();
    let system = machine.start_knowing(second(), settings()).await;
    let position = record_all(&system, vec![old(1, "ann"), old(2, "bob")]).await;
    wait_for(&system, position).await;
    everything_shows_the_newest_shape(&system).await;
    // The same again is still the same event.
    let again = record_all(&system, vec![old(1, "ann")]).await;
    assert!(again <= position);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_makes_up_metadata_that_was_erased() {
    let machine = Machine::default();
    let system = machine.start_knowing(first(), settings()).await;
    let position = record_all(&system, vec![old(1, "ann"), old(2, "bob")]).await;
    system.stop().await;
    let entries = machine.log.read_all(Position::START, 10).await.unwrap();
    let of_ann = entries.iter().find(|entry| entry.record.id == id(1)).unwrap();
    let key = of_ann.record.groups[0].key;
    assert!(machine.keys.destroy_person_key(&tenant(), &key).await.unwrap());

    let machine = Machine { log: machine.log, keys: machine.keys, ..Machine::default() };
    let system = machine.start_knowing(second(), settings()).await;
    wait_until_durable(&system, position).await;
    let events = found(&system, Filter::All).await;
    let (erased, whole): (Vec<_>, Vec<_>) = events.iter().partition(|it| !it.erased.is_empty());
    whole.into_iter().for_each(is_new);
    assert_eq!(erased.len(), 1);
    assert!(erased[0].event.metadata.is_empty());
    assert_eq!((erased[0].event.schema_version, erased[0].stored_schema_version), (1, None));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_holds_what_is_stored_unless_some_of_the_metadata_is_masked() {
    let machine = Machine::default();
    let system = machine.start_knowing(second(), settings()).await;
    let position = record_all(&system, vec![old(1, "ann")]).await;
    wait_for(&system, position).await;
    let entries = machine.log.read_all(Position::START, 10).await.unwrap();
    let recorded = system.queries.opener.open_all(entries.clone()).await.unwrap().remove(0);
    is_new(&recorded);
    let parts = system.queries.opener.disclose(&entries).await.unwrap().remove(0);
    let told = |shown: &Event| -> Vec<&Disclosure> {
        parts.iter().filter(|part| is_told(part, &recorded, shown)).collect()
    };
    assert_eq!(told(&recorded.event).len(), parts.len());
    let metadata = parts.iter().find(|part| part.name.to_string() == "metadata").unwrap();
    assert!(String::from_utf8_lossy(&metadata.json).contains(r#""ip":"192.0.2.7""#));
    let header = entries[0].record.header().unwrap();
    assert!(metadata.is_part_of(&header), "what is shown is what the proof is about");

    let mut masked = Event::clone(&recorded.event);
    masked.metadata.insert("client_ip".into(), "[masked]".into());
    let names: Vec<String> = told(&masked).iter().map(|part| part.name.to_string()).collect();
    assert_eq!(names.len(), parts.len() - 1);
    assert!(!names.contains(&"metadata".to_owned()));
    let nameless = Event { description: None, ..Event::clone(&Arc::clone(&recorded.event)) };
    assert_eq!(told(&nameless).len(), parts.len() - 1, "other parts are compared as ever");
    system.stop().await;
}
