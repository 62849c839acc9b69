//! The retention job removes what is due, of one tenant, and nothing of it is found any more.

use std::collections::BTreeMap;

use annals_domain::filter::{Filter, Order};
use annals_domain::profile::PersonRef;
use annals_domain::retention::RetentionPolicy;
use annals_domain::time::DateTime;
use annals_domain::{Event, EventId, Position, TenantId};
use annals_ports::LogReader;
use jiff::Timestamp;
use uuid::Uuid;

use super::machine::{
    Machine, event, event_of, everything_of, numbers, record_all, record_one, request, tenant,
    wait_until_durable,
};
use crate::{Due, Retention, RetentionError, System};

const RUN: EventId = EventId(Uuid::from_u128(0x0a11));
/// Seven years after the events of `old`.
const NOW: &str = "2026-11-21T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn received(event: Event, at: &str) -> Event {
    let received_at = DateTime::utc(at.parse().unwrap());
    Event { received_at, ..event }
}

fn old(number: u64) -> Event {
    received(event(number, "ann", "old"), "2019-11-20T23:59:59Z")
}

fn recent(number: u64) -> Event {
    received(event(number, "ann", "recent"), "2019-11-21T00:00:01Z")
}

fn standard() -> RetentionPolicy {
    RetentionPolicy::default()
}

async fn due(retention: &Retention) -> Due {
    retention.begin().unwrap().look(&tenant(), at(NOW)).await.unwrap()
}

/// Removes what is due; answers how many that were.
async fn run(retention: &Retention) -> u64 {
    let run = retention.begin().unwrap();
    let due = run.look(&tenant(), at(NOW)).await.unwrap();
    run.remove(RUN, &due).await.unwrap()
}

async fn found(system: &System) -> Vec<u64> {
    let page = system.queries.page(request(Order::RecordedOldest, 100)).await.unwrap();
    numbers(&page.events)
}

async fn recorded(system: &System, events: Vec<Event>) {
    let position = record_all(system, events).await;
    wait_until_durable(system, position).await;
    assert!(system.access.wait_for(position, super::machine::PATIENCE).await);
}

#[tokio::test]
async fn what_is_due_goes_and_is_neither_found_nor_counted() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), old(2), recent(3)]).await;
    let retention = system.retention(standard());
    let due = due(&retention).await;
    assert_eq!(due.positions, [Position(1), Position(2)]);
    assert_eq!(due.by_class, BTreeMap::from([("standard".to_owned(), 2)]));
    assert_eq!(
        (due.oldest, due.newest, due.more),
        (Some(at("2019-11-20T23:59:59Z")), due.oldest, false)
    );
    assert_eq!(found(&system).await, [1, 2, 3], "looking removes nothing");
    let mut follower = system.queries.follow(Some(Position::START));
    assert_eq!(run(&retention).await, 2);
    assert_eq!(found(&system).await, [3]);
    let count = system.queries.count(&everything_of("acme"), Filter::All, 100).await.unwrap();
    assert_eq!(count.value, 1);
    assert!(
        system
            .queries
            .event(&everything_of("acme"), super::machine::id(1))
            .await
            .unwrap()
            .is_none()
    );
    let seen = follower.next(100).await.unwrap();
    assert_eq!(numbers(&seen), [3], "who follows from the beginning is not shown it either");
    let ann = PersonRef { tenant: tenant(), id: "ann".into() };
    let timeline = system.queries.timeline(ann, None, 2).await.unwrap();
    assert_eq!((numbers(&timeline.events), timeline.more), (vec![3], false));
    assert_eq!(run(&retention).await, 0, "nothing is left to do");
    system.stop().await;
}

#[tokio::test]
async fn a_removed_id_answers_its_old_receipt_and_is_not_recorded_again() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), recent(2)]).await;
    run(&system.retention(standard())).await;
    let receipt = record_one(&system, old(1)).await.unwrap();
    assert_eq!((receipt.position, receipt.duplicate), (Position(1), true));
    let mut other = old(1);
    other.description = Some("another".into());
    assert!(record_one(&system, other).await.is_err());
    assert_eq!(found(&system).await, [2]);
    system.stop().await;
}

#[tokio::test]
async fn other_tenants_and_what_annals_needs_to_know_are_left_alone() {
    let system = Machine::default().start().await;
    let other = received(event_of("globex", 2, "ben", "old"), "2019-01-01T00:00:00Z");
    recorded(&system, vec![other]).await;
    let revoked = Event { event_type: "annals.access.revoked".into(), ..old(3) };
    recorded(&system, vec![revoked, old(4)]).await;
    let retention = system.retention(standard());
    assert_eq!(due(&retention).await.positions, [Position(3)]);
    let globex = TenantId::new("globex").unwrap();
    let theirs = retention.begin().unwrap().look(&globex, at(NOW)).await.unwrap();
    assert_eq!(theirs.positions, [Position(1)]);
    system.stop().await;
}

#[tokio::test]
async fn one_run_at_a_time() {
    let system = Machine::default().start().await;
    let retention = system.retention(standard());
    let first = retention.begin().unwrap();
    let refused = retention.clone().begin().err().unwrap();
    assert!(matches!(refused, RetentionError::UnderWay), "{refused}");
    drop(first);
    assert!(retention.begin().is_ok());
    system.stop().await;
}

#[tokio::test]
async fn a_log_that_cannot_remove_is_told_before_anything_is_done() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1)]).await;
    machine.log.memory.keep_all();
    let run = system.retention(standard()).begin().unwrap();
    let refused = run.require_removal().await.unwrap_err();
    assert!(matches!(refused, RetentionError::Unsupported), "{refused}");
    assert_eq!(found(&system).await, [1]);
    system.stop().await;
}

#[tokio::test]
async fn after_a_restart_nothing_of_it_comes_back() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1), recent(2)]).await;
    run(&system.retention(standard())).await;
    system.stop().await;
    let system = machine.start().await;
    assert_eq!(found(&system).await, [2]);
    assert_eq!(machine.log.read_all(Position::START, 10).await.unwrap().len(), 1);
    recorded(&system, vec![recent(3)]).await;
    assert_eq!(found(&system).await, [2, 3]);
    system.stop().await;
}
