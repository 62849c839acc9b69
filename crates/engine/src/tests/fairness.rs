//! One tenant's flood and the others: what is recorded next, who is turned away, and who is not.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::limits::{Limits, RequestLimits};
use annals_domain::{Position, TenantId};
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::machine::{Machine, PATIENCE, admitted, event_of, settings};
use crate::{Permits, RecordError, RecordResult, RecorderSettings, Settings, System};

const BATCH: usize = 40;

/// One shard with small batches, and limits that were changed.
async fn start(machine: &Machine, change: impl FnOnce(&mut RequestLimits)) -> Arc<System> {
    let mut limits = Limits::shipped().request;
    change(&mut limits);
    let recorder = RecorderSettings { shards: 1, batch_events_max: BATCH };
    let settings = Settings { recorder, permits: Permits::of(&limits), ..settings() };
    Arc::new(machine.start_with(settings).await)
}

/// Sends events of a tenant in one request, if there is room for it.
fn send(
    system: &Arc<System>,
    tenant: &str,
    first: u64,
    count: u64,
) -> Option<JoinHandle<Vec<RecordResult>>> {
    let (system, tenant) = (Arc::clone(system), TenantId::new(tenant).unwrap());
    let permit = system.recorder.permits.take_bytes_for(&tenant, 1)?;
    let name = tenant.as_str();
    let person = |number: u64| format!("p{}", number % 10);
    let events = (first..first + count).map(|n| admitted(event_of(name, n, &person(n), "x")));
    let events = events.collect();
    Some(tokio::spawn(async move { system.recorder.record(&tenant, events, permit).await }))
}

async fn position_of(sent: Option<JoinHandle<Vec<RecordResult>>>) -> Position {
    let mut results = sent.expect("there is room").await.unwrap();
    results.pop().unwrap().unwrap().get().position
}

/// Waits until so many events are under way.
async fn until_under_way(system: &System, events: usize) {
    let waiting = async {
        while system.recorder.permits.under_way().1 != events {
            tokio::task::yield_now().await;
        }
        // Those that are under way reach the mailbox without waiting for anything.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("they are taken on");
}

#[tokio::test]
async fn one_event_waits_for_a_batch_or_two_and_not_for_the_backlog_of_another_tenant() {
    let machine = Machine::default();
    let system = start(&machine, |_| {}).await;
    machine.log.memory.pause();
    let begun = send(&system, "loud", 0, 1);
    machine.log.appends.subscribe().wait_for(|appends| appends.len() == 1).await.unwrap();
    let flood: Vec<_> = (0..200).map(|n| send(&system, "loud", 100 + n * 5, 5)).collect();
    until_under_way(&system, 1001).await;
    let late = send(&system, "quiet", 5000, 1);
    until_under_way(&system, 1002).await;
    machine.log.memory.resume();
    let position = position_of(late).await;
    assert!(position.0 <= 1 + 2 * BATCH as u64, "it came behind {position}");
    position_of(begun).await;
    for sent in flood {
        position_of(sent).await;
    }
    assert_eq!(machine.log.memory.len(), 1002);
    let appends = machine.log.appends.borrow();
    assert!(appends.iter().all(|events| *events < BATCH + 5), "{appends:?}");
}

#[tokio::test]
async fn a_tenant_may_hold_its_share_of_events_and_others_find_room_beside_it() {
    let machine = Machine::default();
    let system = start(&machine, |limits| {
        limits.in_flight_events_max = 400;
        limits.bulk_events_max = 10;
    })
    .await;
    machine.log.memory.pause();
    let flood: Vec<_> = (0..60).map(|n| send(&system, "loud", n * 10, 10).unwrap()).collect();
    until_under_way(&system, 300).await;
    let others: Vec<_> = (0..10).map(|n| send(&system, "quiet", 1000 + n, 1).unwrap()).collect();
    until_under_way(&system, 310).await;
    machine.log.memory.resume();
    let flood = join_all(flood).await.into_iter().flat_map(Result::unwrap);
    let (taken, refused): (Vec<_>, Vec<_>) = flood.partition(Result::is_ok);
    assert_eq!(taken.len(), 300);
    assert!(refused.iter().all(|result| *result == Err(RecordError::Busy)));
    assert!(join_all(others).await.into_iter().flat_map(Result::unwrap).all(|r| r.is_ok()));
}

#[tokio::test]
async fn who_has_many_waiting_for_long_is_told_to_come_again_until_they_had_their_turn() {
    let machine = Machine::default();
    let system = start(&machine, |limits| limits.recording_wait_ms_max = 1).await;
    machine.log.memory.pause();
    let begun = send(&system, "loud", 0, 1);
    machine.log.appends.subscribe().wait_for(|appends| appends.len() == 1).await.unwrap();
    let flood: Vec<_> = (1..=40).map_while(|n| send(&system, "loud", n, 1)).collect();
    assert!(flood.len() > 16, "a few may always wait");
    let refused = async {
        while send(&system, "loud", 100, 1).is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the tenant is turned away");
    let other = send(&system, "quiet", 200, 1);
    assert!(other.is_some(), "the wait of one tenant is not that of another");
    machine.log.memory.resume();
    position_of(other).await;
    position_of(begun).await;
    for sent in flood {
        position_of(Some(sent)).await;
    }
    let again = async {
        loop {
            if let Some(sent) = send(&system, "loud", 300, 1) {
                return position_of(Some(sent)).await;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the tenant is let in again");
}

#[tokio::test]
async fn the_facts_of_the_service_itself_find_room_beside_a_tenant_that_holds_its_share() {
    let machine = Machine::default();
    let system = start(&machine, |limits| {
        limits.in_flight_events_max = 40;
        limits.bulk_events_max = 10;
    })
    .await;
    machine.log.memory.pause();
    let flood: Vec<_> = (0..60).map(|n| send(&system, "loud", n, 1).unwrap()).collect();
    until_under_way(&system, 30).await;
    let fact = tokio::spawn({
        let system = Arc::clone(&system);
        let fact = event_of("loud", 1000, "annals", "read");
        async move { system.recorder.record_own(fact, [1; 32]).await }
    });
    until_under_way(&system, 31).await;
    machine.log.memory.resume();
    assert!(fact.await.unwrap().is_ok());
    join_all(flood).await.into_iter().for_each(|sent| drop(sent.unwrap()));
}
