//! The key of a tenant is rotated while events are recorded and read.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::filter::Order;
use annals_ports::{KeyStore, LogReader};
use annals_record::{KeyId, RootKey};
use tokio_util::sync::CancellationToken;

use super::machine::{Machine, event, numbers, record_one, request, tenant, wait_until_durable};
use crate::key_ring::KeyRing;
use crate::key_rotation::KeyRotation;

const SENDERS: u64 = 4;
const EVENTS_EACH: u64 = 100;
const ROTATIONS: u32 = 5;

/// Another node, which rotates without any patience: the machine never hears of it in time.
fn other_node(machine: &Machine) -> KeyRotation {
    let ring = Arc::new(KeyRing::new(machine.keys.clone(), RootKey::from_bytes([9; 32])));
    KeyRotation::start(ring, Duration::ZERO, CancellationToken::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotating_under_load_loses_nothing_and_everything_opens_afterwards() {
    let machine = Machine::default();
    let system = Arc::new(machine.start().await);
    let sending = (0..SENDERS).map(|sender| {
        let system = Arc::clone(&system);
        tokio::spawn(async move {
            for number in 0..EVENTS_EACH {
                let number = sender * EVENTS_EACH + number;
                // Every third event is of somebody new.
                let person = format!("person {}", number / 3);
                record_one(&system, event(number, &person, "x")).await.unwrap();
                if number.is_multiple_of(10) {
                    let page = system.queries.page(request(Order::RecordedNewest, 20)).await;
                    assert!(page.unwrap().events.iter().all(|event| event.erased.is_empty()));
                }
            }
        })
    });
    let sending: Vec<_> = sending.collect();
    let rotation = other_node(&machine);
    for _ in 0..ROTATIONS {
        while rotation.rotate(&tenant()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for sender in sending {
        sender.await.unwrap();
    }
    Arc::into_inner(system).unwrap().stop().await;
    retired(&rotation).await;

    let machine = Machine { log: machine.log, keys: machine.keys, ..Machine::default() };
    let system = machine.start().await;
    let head = machine.log.head().await.unwrap();
    wait_until_durable(&system, head).await;
    let page = system.queries.page(request(Order::RecordedOldest, 1000)).await.unwrap();
    let mut seen = numbers(&page.events);
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..SENDERS * EVENTS_EACH), "nothing is lost");
    assert!(page.events.iter().all(|event| event.erased.is_empty()), "and nothing unreadable");
    let versions = system.key_rotation.versions(&tenant()).await.unwrap().versions;
    assert_eq!(versions, [ROTATIONS + 1], "of older versions nothing is left");
    system.stop().await;
}

/// Waits until the older versions are gone.
async fn retired(rotation: &KeyRotation) {
    let waiting = async {
        while rotation.versions(&tenant()).await.unwrap().versions.len() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("they are retired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_keep_their_names_through_a_rotation() {
    let machine = Machine::default();
    let system = machine.start().await;
    let before = record_one(&system, event(1, "ann", "x")).await.unwrap().stream;
    system.key_rotation.rotate(&tenant()).await.unwrap();
    let after = record_one(&system, event(2, "ann", "x")).await.unwrap().stream;
    assert_eq!(before, after);
    let ben = record_one(&system, event(3, "ben", "x")).await.unwrap().stream;
    let id = ben.as_str().rsplit('.').next().and_then(KeyId::from_text).unwrap();
    let stored = machine.keys.person_keys(&tenant(), &[id]).await.unwrap();
    let key = stored[0].as_ref().unwrap();
    assert_eq!(annals_record::keys::version_of(key), Ok(2), "new persons get the new version");
    system.stop().await;
}
