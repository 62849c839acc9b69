use std::sync::Arc;

use annals_domain::filter::{Filter, Order};
use annals_domain::{EventId, Position};
use annals_ports::{EventLog, LogReader, contract};
use annals_record::RootKey;

use super::machine::{
    Machine, PATIENCE, events, everything_of, id, numbers, record_all, request, wait_for,
    wait_until_durable,
};
use crate::{System, open_every_record};

/// Appends records that no key opens.
async fn append_damaged(machine: &Machine, first: u128, count: u128) {
    let item = |id| contract::item("acme", "damaged", id, "not sealed");
    let batch = (first..first + count).map(item).collect();
    machine.log.memory.append(batch).await.unwrap();
}

/// The same log and keys, and nothing that was derived from them.
fn rebuilt(machine: Machine) -> Machine {
    Machine { log: machine.log, keys: machine.keys, ..Machine::default() }
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<EventId> {
    numbers.into_iter().map(id).collect()
}

async fn follow(system: &System, count: usize) -> (Vec<u64>, Position) {
    let start = Some(Position::START);
    let mut live = system.queries.live(&everything_of("acme"), Filter::All, start, 100);
    let mut seen = Vec::new();
    let mut cursor = Position::START;
    while seen.len() < count {
        let batch = tokio::time::timeout(PATIENCE, live.next()).await.unwrap().unwrap();
        seen.extend(numbers(&batch.events));
        cursor = batch.cursor;
    }
    (seen, cursor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_is_passed_over_and_hides_no_other() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, 5)).await;
    append_damaged(&machine, 1000, 1).await;
    let position = record_all(&system, events(5, 5)).await;
    wait_for(&system, position).await;
    let page = system.queries.page(request(Order::RecordedOldest, 100)).await.unwrap();
    assert_eq!(numbers(&page.events), (0..10).collect::<Vec<_>>());
    wait_until_durable(&system, position).await;
    assert_eq!(machine.index.ids(), ids(0..10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_records_at_the_end_do_not_hold_up_who_waits_for_it() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, 5)).await;
    append_damaged(&machine, 1000, 3).await;
    let head = machine.log.head().await.unwrap();
    wait_until_durable(&system, head).await;
    wait_for(&system, head).await;
    system.stop().await;
    let system = machine.start().await;
    wait_until_durable(&system, head).await;
    let page = system.queries.page(request(Order::RecordedNewest, 3)).await.unwrap();
    assert_eq!(numbers(&page.events), [4, 3, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_damaged_records_than_are_read_at_once_hold_up_nobody() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, 5)).await;
    system.stop().await;
    append_damaged(&machine, 1000, 3000).await;
    let machine = rebuilt(machine);
    let system = machine.start().await;
    let position = record_all(&system, events(5, 5)).await;
    wait_until_durable(&system, position).await;
    assert_eq!(machine.index.ids(), ids(0..10));
    assert_eq!(follow(&system, 10).await, ((0..10).collect(), position));
    let page = system.queries.page(request(Order::RecordedNewest, 100)).await.unwrap();
    assert_eq!(page.events.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_damaged_records_leave_the_projections_at_the_end_of_the_log() {
    let machine = Machine::default();
    append_damaged(&machine, 1000, 1500).await;
    let system = machine.start().await;
    wait_until_durable(&system, Position(1500)).await;
    let position = record_all(&system, events(1, 1)).await;
    wait_for(&system, position).await;
    let page = system.queries.page(request(Order::RecordedNewest, 10)).await.unwrap();
    assert_eq!(numbers(&page.events), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_the_log_cannot_decode_are_passed_over_by_all_who_follow() {
    let machine = Machine::default();
    machine.log.corrupt.lock().unwrap().extend([Position(1), Position(13), Position(14)]);
    let system = machine.start().await;
    let position = record_all(&system, events(1, 40)).await;
    wait_until_durable(&system, position).await;
    let entries = machine.log.memory.read_all(Position::START, 100).await.unwrap();
    let whole = entries.iter().filter(|entry| ![1, 13, 14].contains(&entry.position.0));
    let whole: Vec<EventId> = whole.map(|entry| entry.record.id).collect();
    assert_eq!(machine.index.ids(), whole, "as they come");
    system.stop().await;
    let machine = rebuilt(machine);
    let system = machine.start().await;
    wait_until_durable(&system, position).await;
    assert_eq!(machine.index.ids(), whole, "and when they are read again");
    let (seen, cursor) = follow(&system, whole.len()).await;
    assert_eq!((ids(seen), cursor), (whole, position), "and by live readers");
}

#[tokio::test]
async fn opening_every_record_names_what_is_damaged_and_goes_on() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, 20)).await;
    append_damaged(&machine, 1000, 2).await;
    record_all(&system, events(20, 5)).await;
    system.stop().await;
    machine.log.corrupt.lock().unwrap().insert(Position(3));
    let root = RootKey::from_bytes([9; 32]);
    let (log, keys) = (Arc::clone(&machine.log), Arc::clone(&machine.keys));
    let mut progress = Position::START;
    let report =
        open_every_record(log, keys, root, |_, _| Ok(true), |position| progress = position).await;
    let report = report.unwrap();
    assert_eq!((report.records, report.findings_total), (27, 3));
    assert!(report.findings[0].contains("position 3"), "{:?}", report.findings);
    assert_eq!(progress, Position(27));
}
