use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::filter::{Filter, Scope};
use serde_json::json;

use super::machine::{
    Machine, PATIENCE, event, event_of, events, everything_of, numbers, record_all, settings,
    sharded,
};
use crate::weight::weight;
use crate::{LiveBatch, LiveEvents, ProjectionSettings, Settings, System};

fn small_ring() -> Settings {
    let projections = ProjectionSettings { recent_events_max: 16, ..settings().projections };
    Settings { projections, ..sharded() }
}

fn live(system: &System, after: Option<Position>, batch_max: usize) -> LiveEvents {
    system.queries.live(&everything_of("acme"), Filter::All, after, batch_max)
}

async fn next(live: &mut LiveEvents) -> LiveBatch {
    tokio::time::timeout(PATIENCE, live.next()).await.expect("there is news").unwrap()
}

/// Reads at least so many events, which lie at positions that rise by one; returns the next one.
async fn read(live: &mut LiveEvents, count: u64, first: u64) -> u64 {
    let mut expected = first;
    while expected < first + count {
        for recorded in next(live).await.events {
            assert_eq!(recorded.position, Position(expected), "no gap and no repetition");
            expected += 1;
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_slower_than_the_writers_misses_nothing_and_sees_nothing_twice() {
    let machine = Machine::default();
    let system = Arc::new(machine.start_with(small_ring()).await);
    let mut slow = live(&system, Some(Position::START), 3);
    let writing = tokio::spawn({
        let system = Arc::clone(&system);
        async move {
            for round in 0..100 {
                record_all(&system, events(round * 7, 7)).await;
            }
        }
    });
    let next = read(&mut slow, 350, 1).await;
    writing.await.unwrap();
    assert_eq!(read(&mut slow, 701 - next, next).await, 701);
    let reads = *machine.log.reads.borrow();
    // It falls behind the ring for certain here: the ring holds 16 events, and it wants all 700.
    read(&mut live(&system, Some(Position::START), 5), 700, 1).await;
    assert!(*machine.log.reads.borrow() > reads);
}

#[tokio::test]
async fn a_reader_that_keeps_up_is_served_from_memory() {
    let machine = Machine::default();
    let system = machine.start().await;
    let mut live = live(&system, None, 100);
    for round in 0..20 {
        record_all(&system, events(round * 10, 10)).await;
        read(&mut live, 10, round * 10 + 1).await;
    }
    assert_eq!(*machine.log.reads.borrow(), 0);
}

#[tokio::test]
async fn a_subscriber_without_a_place_sees_what_comes_from_now_on() {
    let machine = Machine::default();
    let system = machine.start().await;
    let position = record_all(&system, events(0, 5)).await;
    system.queries.wait_for(position, PATIENCE).await.unwrap();
    let mut live = live(&system, None, 100);
    record_all(&system, events(5, 5)).await;
    read(&mut live, 5, 6).await;
}

#[tokio::test]
async fn batches_are_as_small_as_asked_and_their_cursors_lead_on() {
    let machine = Machine::default();
    let system = machine.start().await;
    let head = record_all(&system, events(0, 20)).await;
    system.queries.wait_for(head, PATIENCE).await.unwrap();
    let mut cursor = Position::START;
    let mut seen = Vec::new();
    while cursor < head {
        // A new subscription each time, as of a client that is cut off.
        let batch = next(&mut live(&system, Some(cursor), 3)).await;
        assert!((1..=3).contains(&batch.events.len()));
        assert_eq!(batch.cursor, batch.events[batch.events.len() - 1].position);
        assert_eq!(batch.backlog, head.0 - batch.cursor.0);
        cursor = batch.cursor;
        seen.extend(batch.events.into_iter().map(|recorded| recorded.position.0));
    }
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_subscriber_sees_only_what_is_asked_for_within_the_scope() {
    let machine = Machine::default();
    let system = machine.start().await;
    let scope = Scope::person(everything_of("acme").tenant, "ann");
    let filter = Filter::equals("actor.name", "somebody");
    let mut live = system.queries.live(&scope, filter, None, 100);
    let mut nameless = event(2, "ann", "x");
    nameless.actor.name = None;
    record_all(&system, vec![event(1, "bob", "x"), nameless]).await;
    record_all(&system, vec![event_of("other", 3, "ann", "x")]).await;
    record_all(&system, vec![event(4, "ann", "x")]).await;
    assert_eq!(numbers(&next(&mut live).await.events), [4]);
}

#[tokio::test]
async fn a_heartbeat_moves_the_cursor_over_what_does_not_match() {
    let machine = Machine::default();
    let system = machine.start().await;
    let filter = Filter::equals("actor.id", "nobody");
    let live = system.queries.live(&everything_of("acme"), filter, Some(Position::START), 100);
    let mut live = live.with_heartbeat(Duration::from_millis(1));
    let head = record_all(&system, events(0, 20)).await;
    let mut batch = next(&mut live).await;
    while batch.cursor < head {
        batch = next(&mut live).await;
    }
    assert!(batch.events.is_empty());
    assert_eq!((batch.cursor, batch.backlog), (head, 0));
}

#[test]
fn an_event_that_takes_the_room_of_many_counts_as_many() {
    let small = event(1, "ann", "x");
    assert_eq!(weight(&small), 1);
    let mut long = small.clone();
    long.description = Some("x".repeat(64 * 1024));
    assert!((16..=18).contains(&weight(&long)));
    let mut many = small.clone();
    many.metadata.insert("numbers".to_owned(), json!(vec![1; 100_000]));
    // Each number takes a value of 32 bytes or so, though two bytes when it is sent.
    assert!(weight(&many) > 400, "{}", weight(&many));
}

#[tokio::test]
async fn large_events_leave_the_ring_before_small_ones_would() {
    let machine = Machine::default();
    let projections = ProjectionSettings { recent_events_max: 100, ..settings().projections };
    let system = machine.start_with(Settings { projections, ..settings() }).await;
    for number in 0..20 {
        let large = event(number, "ann", &"x".repeat(100_000));
        let position = record_all(&system, vec![large]).await;
        system.queries.wait_for(position, PATIENCE).await.unwrap();
    }
    read(&mut live(&system, Some(Position::START), 100), 20, 1).await;
    assert!(*machine.log.reads.borrow() > 0, "the first ones are no longer in memory");
}
