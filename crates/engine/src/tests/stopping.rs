use std::sync::Arc;

use annals_domain::Position;
use annals_domain::filter::Order;
use annals_ports::{InboxStore, LogReader, ProfileStore, SearchIndex};

use super::machine::{
    Machine, event, events, id, numbers, record, record_all, request, settings, wait_for,
};
use crate::{ProjectionSettings, RecordError, Settings};

/// Nothing is committed before the end.
fn never_committing() -> Settings {
    let hour = 3_600_000;
    let projections = ProjectionSettings {
        index_commit_ms: hour,
        profiles_commit_ms: hour,
        inbox_commit_ms: hour,
        ..settings().projections
    };
    Settings { projections, ..settings() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_answers_what_was_taken_on_and_takes_no_more() {
    let machine = Machine::default();
    let system = machine.start_with(never_committing()).await;
    let recorder = system.recorder.clone();
    machine.log.memory.pause();
    let permit = recorder.permits.take_bytes(1).unwrap();
    let tenant = super::machine::tenant();
    let taken_on = events(0, 30).into_iter().map(super::machine::admitted).collect();
    let taken_on = tokio::spawn({
        let recorder = recorder.clone();
        async move { recorder.record(&tenant, taken_on, permit).await }
    });
    machine.log.appends.subscribe().wait_for(|appends| !appends.is_empty()).await.unwrap();
    let permit = recorder.permits.take_bytes(1).unwrap();
    let stopping = tokio::spawn(system.stop());
    // Stopping has begun once there is no room for a single event more.
    while recorder.permits.under_way().1 < 20_000 {
        tokio::task::yield_now().await;
    }
    let late = vec![super::machine::admitted(event(99, "ann", "x"))];
    let late = recorder.record(&super::machine::tenant(), late, permit).await;
    assert_eq!(late, [Err(RecordError::Busy)]);
    assert!(!stopping.is_finished());
    machine.log.memory.resume();
    assert!(taken_on.await.unwrap().iter().all(Result::is_ok));
    stopping.await.unwrap();
    assert_eq!(machine.log.memory.len(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_brings_every_projection_to_the_end_of_the_log() {
    let machine = Machine::default();
    for round in 0..3 {
        let system = machine.start_with(never_committing()).await;
        record_all(&system, events(round * 500, 500)).await;
        system.stop().await;
        let head = machine.log.head().await.unwrap();
        assert_eq!(head, Position((round + 1) * 500));
        assert_eq!(machine.index.position(), head);
        assert_eq!(machine.profiles.position().unwrap(), head);
        assert_eq!(machine.inbox.position().unwrap(), head);
    }
    let ids: Vec<_> = machine.log.memory.read_all(Position::START, 2000).await.unwrap();
    let ids: Vec<_> = ids.into_iter().map(|entry| entry.record.id).collect();
    assert_eq!(machine.index.ids(), ids, "nothing is missing or doubled over the restarts");
}

#[tokio::test]
async fn an_idle_engine_stops_and_starts_again() {
    let machine = Machine::default();
    machine.start().await.stop().await;
    let system = machine.start().await;
    let position = record_all(&system, events(0, 1)).await;
    wait_for(&system, position).await;
    system.stop().await;
}

#[tokio::test]
async fn questions_are_answered_after_the_end_and_recording_is_refused() {
    let machine = Machine::default();
    let system = machine.start().await;
    let (recorder, queries) = (system.recorder.clone(), system.queries.clone());
    record_all(&system, events(1, 3)).await;
    system.stop().await;
    assert!(recorder.permits.take_bytes(1).is_none());
    let page = queries.page(request(Order::RecordedNewest, 10)).await.unwrap();
    assert_eq!(numbers(&page.events), [3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_the_end_are_each_told_what_became_of_their_event() {
    let machine = Machine::default();
    let system = Arc::new(machine.start_with(super::machine::sharded()).await);
    let sending: Vec<_> = (0..200)
        .map(|number| {
            let recorder = system.recorder.clone();
            tokio::spawn(async move {
                let permit = recorder.permits.take_bytes(1)?;
                let admitted = vec![super::machine::admitted(event(number, "ann", "x"))];
                let tenant = super::machine::tenant();
                recorder.record(&tenant, admitted, permit).await.pop()?.ok()?;
                Some(number)
            })
        })
        .collect();
    let first = record(&system, vec![event(1000, "bob", "x")]).await;
    assert!(first[0].is_ok());
    Arc::into_inner(system).unwrap().stop().await;
    let mut told = vec![id(1000)];
    for answer in sending {
        told.extend(answer.await.unwrap().map(id));
    }
    let entries = machine.log.memory.read_all(Position::START, 1000).await.unwrap();
    let mut stored: Vec<_> = entries.into_iter().map(|entry| entry.record.id).collect();
    stored.sort_unstable();
    told.sort_unstable();
    assert_eq!(stored, told, "acked is stored, and what was refused is not");
}
