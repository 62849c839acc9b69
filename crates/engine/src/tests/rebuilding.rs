//! Filling the index anew while it answers, is searched, and the log grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_domain::filter::Order;

use super::machine::{
    Machine, PATIENCE, event, events, id, numbers, record_all, request, settings, start, wait_for,
    wait_until_durable,
};
use super::memory_index::MemoryIndex;
use super::two_generations::TwoGenerations;
use crate::projection::Progress;
use crate::projections::INDEX;
use crate::{
    Ports, ProjectionSettings, RebuildRefused, RebuildState, RebuildStatus, Settings, System,
};

async fn start_on(machine: &Machine, index: &Arc<TwoGenerations>) -> System {
    start_with(machine, index, settings()).await
}

async fn start_with(machine: &Machine, index: &Arc<TwoGenerations>, settings: Settings) -> System {
    let ports = Ports { index: index.clone(), ..machine.ports() };
    start(ports, Catalogue::default(), settings).await
}

async fn ended(system: &System) -> RebuildStatus {
    let mut watch = system.rebuilding.as_ref().unwrap().watch();
    let ended = watch.wait_for(|status| status.state != RebuildState::Running);
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends").unwrap().clone()
}

async fn all(system: &System) -> Vec<u64> {
    let page = system.queries.page(request(Order::RecordedOldest, 100_000)).await.unwrap();
    numbers(&page.events)
}

fn index_progress(system: &System) -> &Progress {
    let progress = system.queries.progress();
    progress.iter().find(|progress| progress.name() == INDEX).unwrap()
}

/// A log of so many events, all in the index.
async fn recorded(system: &System, count: u64) -> Position {
    let position = record_all(system, events(0, count)).await;
    wait_for(system, position).await;
    wait_until_durable(system, position).await;
    position
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_find_everything_while_the_index_is_filled_anew_and_the_log_grows() {
    let (machine, index) = (Machine::default(), Arc::new(TwoGenerations::default()));
    // The newest events do not all fit in memory.
    let projections = ProjectionSettings { recent_events_max: 200, ..settings().projections };
    let system = start_with(&machine, &index, Settings { projections, ..settings() }).await;
    recorded(&system, 3000).await;
    let (known, done) = (AtomicU64::new(3000), AtomicBool::new(false));
    let recording = async {
        while !done.load(Ordering::SeqCst) {
            let first = known.load(Ordering::SeqCst);
            let position = record_all(&system, events(first, 20)).await;
            wait_for(&system, position).await;
            known.store(first + 20, Ordering::SeqCst);
            // An index further behind than memory reaches is told by an older state of the log.
            let mut indexed = index_progress(&system).watch();
            let near = |indexed: &Position| indexed.0 + 100 >= position.0;
            tokio::time::timeout(PATIENCE, indexed.wait_for(near)).await.unwrap().unwrap();
        }
    };
    let searching = async {
        while !done.load(Ordering::SeqCst) {
            let at_least = known.load(Ordering::SeqCst);
            let found = all(&system).await;
            assert!(found.len() as u64 >= at_least, "{} of {at_least} are found", found.len());
            assert!((0..).zip(&found).all(|(expected, found)| expected == *found));
        }
    };
    let rebuilding = async {
        let rebuilds = system.rebuilding.clone().unwrap();
        for round in 1..=3 {
            let begun = rebuilds.begin().await.unwrap();
            assert_eq!((begun.state, begun.position), (RebuildState::Running, Position::START));
            let status = ended(&system).await;
            assert_eq!((status.state, status.percent()), (RebuildState::Done, 100));
            assert!(status.events >= 3000, "{status:?}");
            assert_eq!(index.switches(), round);
        }
        done.store(true, Ordering::SeqCst);
    };
    tokio::join!(recording, searching, rebuilding);
    let count = known.load(Ordering::SeqCst);
    assert_eq!(all(&system).await, (0..count).collect::<Vec<u64>>());
    system.stop().await;
    assert_eq!(index.current().ids().len() as u64, count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_rebuild_at_a_time_and_it_can_be_cancelled() {
    let (machine, index) = (Machine::default(), Arc::new(TwoGenerations::default()));
    let system = start_on(&machine, &index).await;
    recorded(&system, 300).await;
    let rebuilds = system.rebuilding.clone().unwrap();
    assert_eq!(rebuilds.status().state, RebuildState::None);
    assert_eq!(rebuilds.cancel().await, None);
    let slow = Arc::new(MemoryIndex::default());
    slow.fail_next(usize::MAX);
    *index.prepared.lock().unwrap() = Some(slow);
    rebuilds.begin().await.unwrap();
    assert!(matches!(rebuilds.begin().await, Err(RebuildRefused::UnderWay)));
    let status = rebuilds.cancel().await.unwrap();
    assert_eq!(status.state, RebuildState::Cancelled);
    assert!(status.ended_at.is_some());
    assert!(index.next().is_none(), "what it made is deleted");
    assert_eq!(all(&system).await.len(), 300);
    rebuilds.begin().await.unwrap();
    assert_eq!(ended(&system).await.state, RebuildState::Done);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_fails_leaves_the_old_index_in_use() {
    let (machine, index) = (Machine::default(), Arc::new(TwoGenerations::default()));
    let system = start_on(&machine, &index).await;
    recorded(&system, 300).await;
    let broken = Arc::new(MemoryIndex::default());
    broken.fail_next(usize::MAX);
    *index.prepared.lock().unwrap() = Some(broken);
    system.rebuilding.as_ref().unwrap().begin().await.unwrap();
    let status = ended(&system).await;
    assert_eq!(status.state, RebuildState::Failed);
    assert!(status.cause.as_ref().unwrap().contains("a test wanted it"), "{status:?}");
    assert!(index.next().is_none(), "what it made is deleted");
    assert_eq!((index.switches(), all(&system).await.len()), (0, 300));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_a_stop_interrupts_goes_on_at_the_next_start() {
    let (machine, index) = (Machine::default(), Arc::new(TwoGenerations::default()));
    let system = start_on(&machine, &index).await;
    recorded(&system, 300).await;
    let stuck = Arc::new(MemoryIndex::default());
    *index.prepared.lock().unwrap() = Some(stuck.clone());
    let rebuilds = system.rebuilding.clone().unwrap();
    // Nothing is added before the stop is told.
    stuck.fail_next(usize::MAX);
    rebuilds.begin().await.unwrap();
    system.stop().await;
    assert_eq!(rebuilds.status().state, RebuildState::Interrupted);
    assert!(matches!(rebuilds.begin().await, Err(RebuildRefused::Stopping)));
    assert!(index.next().is_some());
    stuck.fail_next(0);
    let system = start_on(&machine, &index).await;
    assert_eq!(ended(&system).await.state, RebuildState::Done);
    assert!(Arc::ptr_eq(&index.current(), &stuck));
    assert_eq!(all(&system).await.len(), 300);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_old_index_could_not_take_is_no_longer_parked() {
    let (machine, index) = (Machine::default(), Arc::new(TwoGenerations::default()));
    index.current().cannot_take(id(7));
    let system = start_on(&machine, &index).await;
    let position = record_all(&system, events(0, 100)).await;
    wait_until_durable(&system, position).await;
    let parked = |system: &System| -> Vec<_> {
        let progress = system.queries.progress().iter();
        progress.flat_map(|one| one.parked()).map(|parked| parked.event).collect()
    };
    assert_eq!(parked(&system), [id(7)]);
    // The new one cannot take another event.
    let next = Arc::new(MemoryIndex::default());
    next.cannot_take(id(50));
    *index.prepared.lock().unwrap() = Some(next);
    system.rebuilding.as_ref().unwrap().begin().await.unwrap();
    assert_eq!(ended(&system).await.state, RebuildState::Done);
    assert_eq!(parked(&system), [id(50)]);
    let position = record_all(&system, vec![event(500, "ann", "later")]).await;
    wait_for(&system, position).await;
    wait_until_durable(&system, position).await;
    let ids = index.current().ids();
    assert_eq!(ids.len(), 100, "all but one, and the later one");
    assert!(ids.contains(&id(7)) && ids.contains(&id(500)) && !ids.contains(&id(50)));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_one_generation_is_not_rebuilt_beside_itself() {
    let system = Machine::default().start().await;
    assert!(system.rebuilding.is_none());
    system.stop().await;
}
