use std::collections::BTreeSet;
use std::sync::Arc;

use annals_domain::filter::Order;
use annals_domain::{Position, Recorded};
use annals_ports::{KeyStore, LogReader};
use futures_util::future::join_all;

use super::machine::{
    Machine, event, events, id, numbers, record_all, record_one, request, tenant, wait_for,
    wait_until_durable,
};

async fn read(machine: &Machine) -> Vec<Recorded> {
    let system = machine.start().await;
    let head = machine.log.head().await.unwrap();
    wait_until_durable(&system, head).await;
    let page = system.queries.page(request(Order::RecordedOldest, 1000)).await.unwrap();
    system.stop().await;
    page.events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_events_of_a_person_at_once_make_one_key() {
    let machine = Machine::default();
    let system = Arc::new(machine.start().await);
    let sending = (0..50).map(|number| {
        let system = Arc::clone(&system);
        tokio::spawn(async move { record_one(&system, event(number, "ann", "x")).await.unwrap() })
    });
    let receipts = join_all(sending).await.into_iter().map(Result::unwrap);
    let streams: BTreeSet<_> = receipts.map(|receipt| receipt.stream).collect();
    assert_eq!(streams.len(), 1);
    Arc::into_inner(system).unwrap().stop().await;
    // Had two keys been made, only one would be stored, and the other's records would be damaged.
    let read = read(&machine).await;
    assert_eq!(read.len(), 50);
    assert!(read.iter().all(|recorded| recorded.erased.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_opened_after_a_restart_exactly_as_it_was() {
    let machine = Machine::default();
    let system = machine.start().await;
    let sent = events(0, 100);
    let position = record_all(&system, sent.clone()).await;
    wait_for(&system, position).await;
    let fresh = system.queries.page(request(Order::RecordedOldest, 1000)).await.unwrap().events;
    system.stop().await;
    let machine = Machine { log: machine.log, keys: machine.keys, ..Machine::default() };
    let opened = read(&machine).await;
    assert_eq!(opened, fresh, "opened or from memory, it is the same");
    let mut found: Vec<_> = opened.iter().map(|recorded| (*recorded.event).clone()).collect();
    found.sort_by_key(|event| event.id);
    assert_eq!(found, sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_erased_person_what_was_sealed_is_gone_and_the_event_stays() {
    let machine = Machine::default();
    let system = machine.start().await;
    let mut by_bob = event(2, "bob", "x");
    by_bob.subject = event(2, "cem", "x").subject;
    record_all(&system, vec![event(1, "ann", "secret"), by_bob]).await;
    system.stop().await;
    let entries = machine.log.read_all(Position::START, 10).await.unwrap();
    let of_ann = entries.iter().find(|entry| entry.record.id == id(1)).unwrap();
    let key = of_ann.record.groups[0].key;
    assert!(machine.keys.destroy_person_key(&tenant(), &key).await.unwrap());

    let machine = Machine { log: machine.log, keys: machine.keys, ..Machine::default() };
    let read = read(&machine).await;
    let mut seen = numbers(&read);
    seen.sort_unstable();
    assert_eq!(seen, [1, 2], "both events are still there");
    for recorded in read {
        let of_ann = recorded.event.id == id(1);
        assert_eq!(of_ann, !recorded.erased.is_empty());
        assert_eq!(of_ann, recorded.event.actor.id.is_none());
        assert_eq!(of_ann, recorded.event.description.is_none());
    }
}
