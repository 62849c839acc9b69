//! A person is erased through one node: another node, which knew their key, drops it when it reads of that.

use annals_domain::access::state::{ERASURE_COMPLETED, ERASURE_STARTED};
use annals_record::KeyId;

use super::*;

/// What is told of an erasure.
fn told(number: u64, event_type: &str, pseudonym: &str) -> Event {
    let mut event = own(number, "annals");
    (event.event_type, event.source) = (event_type.into(), "annals".into());
    event.subject = None;
    let facts = json!({ "about": id(1).to_string(), "person": pseudonym, "key_check": "c" });
    event.metadata = facts.as_object().unwrap().clone();
    event
}

async fn holds(system: &System, key: KeyId) -> bool {
    let keys = system.recorder.keys.stored(&tenant(), vec![key]).await.unwrap();
    keys.held.contains_key(&key)
}

async fn reads_of(one: &System, other: &System, event: Event) {
    let position = record_all(one, vec![event]).await;
    assert!(other.access.wait_for(position, PATIENCE).await);
}

/// Two nodes of one log that know ann, and her key.
async fn two_nodes() -> (System, System, KeyId) {
    let machine = Machine::default();
    let one = filled(&machine).await;
    let (log, keys) = (Arc::clone(&machine.log), Arc::clone(&machine.keys));
    let beside = Machine { log, keys, ..Machine::default() };
    let other = beside.start_knowing(catalogue(), settings()).await;
    let named = one.eraser.name(&tenant(), &names(&["ann"])).await.unwrap().remove(0);
    let key = KeyId::from_text(&named.pseudonym).unwrap();
    assert!(holds(&other, key).await);
    (one, other, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_drops_the_key_and_seals_what_comes_under_the_next_one() {
    let (one, other, key) = two_nodes().await;

    // It is about to go: used still, and remembered no more.
    reads_of(&one, &other, told(300, ERASURE_STARTED, &key.as_text())).await;
    assert!(holds(&other, key).await);
    one.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    assert!(!holds(&other, key).await, "at once, though nothing told of the end");
    reads_of(&one, &other, told(301, ERASURE_COMPLETED, &key.as_text())).await;
    assert!(!holds(&other, key).await);

    let back = record_all(&other, vec![own(302, "ann")]).await;
    wait_until_durable(&one, back).await;
    let found = found(&one, Filter::equals("actor.id", "ann")).await;
    assert_eq!(found.len(), 1, "it lies under the key that came after, which both nodes have");
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_that_read_of_the_end_only_drops_the_key_as_well() {
    let (one, other, key) = two_nodes().await;
    one.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    assert!(holds(&other, key).await, "nothing has told it");
    reads_of(&one, &other, told(301, ERASURE_COMPLETED, &key.as_text())).await;
    assert!(!holds(&other, key).await);
    one.stop().await;
    other.stop().await;
}
