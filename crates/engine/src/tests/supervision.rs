use std::time::Duration;

use annals_domain::profile::PersonRef;
use annals_domain::{EventId, Position};
use annals_ports::{LogError, LogReader, ProfileStore};

use super::machine::{
    Machine, PATIENCE, event, events, id, record, record_all, settings, tenant, wait_for,
    wait_until_durable,
};
use crate::{Parked, ProjectionSettings, RecordError, Settings, SupervisionSettings, System};

/// The ids in the log, in order.
async fn logged(machine: &Machine) -> Vec<EventId> {
    let entries = machine.log.memory.read_all(Position::START, 10_000).await.unwrap();
    entries.into_iter().map(|entry| entry.record.id).collect()
}

/// No actor may be restarted even once.
fn without_budget() -> Settings {
    let supervision = SupervisionSettings { restarts_max: 0, restarts_within_seconds: 3600 };
    Settings { supervision, ..settings() }
}

async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the condition comes true");
}

fn parked(system: &System) -> Vec<(&'static str, EventId)> {
    let parked = system.queries.progress().iter().flat_map(|progress| progress.parked());
    parked.map(|Parked { projection, event, .. }| (projection, event)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failure_nothing_is_missing_of_what_was_taken_in_but_not_committed() {
    let machine = Machine::default();
    let projections = ProjectionSettings { index_commit_ms: 3_600_000, ..settings().projections };
    let system = machine.start_with(Settings { projections, ..without_budget() }).await;
    record_all(&system, events(0, 20)).await;
    until(|| machine.index.additions() > 0).await;
    machine.index.fail_next(1);
    record_all(&system, events(20, 20)).await;
    machine.index.panic_next();
    record_all(&system, events(40, 20)).await;
    system.stop().await;
    assert_eq!(machine.index.ids(), logged(&machine).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_counts_nothing_twice() {
    let machine = Machine::default();
    let system = machine.start_with(without_budget()).await;
    for round in 0..10 {
        machine.profiles.fail_next(3);
        record_all(&system, events(round * 30, 30)).await;
    }
    wait_until_durable(&system, Position(300)).await;
    assert!(parked(&system).is_empty());
    for person in 0..10 {
        let person = PersonRef { tenant: tenant(), id: format!("p{person}") };
        let profile = machine.profiles.profile(&person, 10).unwrap().unwrap();
        assert_eq!(profile.seen.count, 30);
        assert_eq!(machine.profiles.timeline(&person, None, 1000).unwrap().len(), 30);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_blamed_for_a_full_disk_that_has_room_for_the_next() {
    let machine = Machine::default();
    let system = machine.start_with(without_budget()).await;
    machine.index.has_no_room_for((0..7).map(id));
    record_all(&system, events(0, 20)).await;
    // Once taken in, and looked at twice with care: by then some would have been taken to be at fault.
    let (index, looks) = (&machine.index, 4);
    until(|| index.additions_of(20) >= looks || !index.ids().is_empty()).await;
    machine.index.has_no_room_for([]);
    wait_until_durable(&system, Position(20)).await;
    assert_eq!(parked(&system), []);
    assert_eq!(machine.index.ids(), logged(&machine).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_that_fails_is_restarted_and_nothing_is_missed_or_doubled() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, 30)).await;
    // It fails to commit, then to find out what is durable, and then to start.
    machine.profiles.fail_next(1);
    machine.profiles.lose_position_next(2);
    let position = record_all(&system, events(30, 40)).await;
    wait_until_durable(&system, position).await;
    let person = PersonRef { tenant: tenant(), id: "p3".into() };
    let profile = machine.profiles.profile(&person, 10).unwrap().unwrap();
    assert_eq!(profile.seen.count, 7);
    assert!(parked(&system).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_fails_is_restarted_and_nothing_is_missed_or_doubled() {
    let machine = Machine::default();
    let system = machine.start().await;
    let source = "a test wanted it".into();
    let broken = LogError::Broken { doing: "following", source };
    machine.log.failing_follows.lock().unwrap().push(broken);
    let position = record_all(&system, events(0, 30)).await;
    wait_until_durable(&system, position).await;
    assert_eq!(machine.index.ids(), logged(&machine).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_reached_for_a_while_is_waited_for() {
    let machine = Machine::default();
    let system = machine.start_with(without_budget()).await;
    let away = || LogError::Unavailable { doing: "following", source: None };
    machine.log.failing_follows.lock().unwrap().extend([away(), away()]);
    let position = record_all(&system, events(0, 30)).await;
    wait_until_durable(&system, position).await;
    assert_eq!(machine.index.ids(), logged(&machine).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_restarting_does_not_cure_ends_the_engine() {
    let machine = Machine::default();
    let supervision = SupervisionSettings { restarts_max: 1, restarts_within_seconds: 3600 };
    let mut system = machine.start_with(Settings { supervision, ..settings() }).await;
    machine.profiles.fail_next(usize::MAX);
    record_all(&system, events(0, 40)).await;
    tokio::time::timeout(PATIENCE, system.ended()).await.expect("the engine gives up");
    let late = record(&system, vec![event(99, "ann", "x")]).await;
    assert_eq!(late, [Err(RecordError::Unavailable)]);
    system.ended().await;
    system.stop().await;
    assert_eq!(machine.profiles.position().unwrap(), Position::START);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_is_parked_and_the_others_go_on() {
    let machine = Machine::default();
    let system = machine.start_with(without_budget()).await;
    machine.index.cannot_take(id(7));
    machine.index.cannot_take(id(45));
    let position = record_all(&system, events(0, 100)).await;
    wait_until_durable(&system, position).await;
    let mut parked = parked(&system);
    parked.sort_unstable();
    assert_eq!(parked, [("index", id(7)), ("index", id(45))]);
    let mut others = logged(&machine).await;
    others.retain(|event| ![id(7), id(45)].contains(event));
    assert_eq!(machine.index.ids(), others);
    wait_for(&system, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_that_comes_alone_ends_nothing_and_is_parked_with_the_next() {
    let machine = Machine::default();
    let mut system = machine.start_with(without_budget()).await;
    machine.index.cannot_take(id(1));
    let position = record_all(&system, vec![event(1, "ann", "x")]).await;
    let tried = machine.index.additions();
    until(|| machine.index.additions() > tried + 3).await;
    assert!(parked(&system).is_empty(), "it may be the index that is at fault");
    wait_for(&system, position).await;
    let ended = tokio::time::timeout(Duration::ZERO, system.ended()).await;
    assert!(ended.is_err(), "the engine goes on");
    let position = record_all(&system, vec![event(2, "ann", "x")]).await;
    wait_until_durable(&system, position).await;
    assert_eq!(parked(&system), [("index", id(1))]);
    assert_eq!(machine.index.ids(), [id(2)]);
}
