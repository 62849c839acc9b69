//! Events that wait while the log takes none: none is lost, none is doubled, none overtakes another
//! of its person.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::IngestMode::{self, Block, Spool};
use annals_domain::filter::Order;
use annals_domain::{Event, EventId};
use annals_ports::QuarantineStore;
use annals_ports::memory::{LogErrorKind, MemorySpool};

use super::machine::{
    Machine, PATIENCE, admitted, event, id, numbers, record_one, request, settings, tenant,
    wait_for,
};
use crate::{Offered, RecordError, Settings, SpoolSettings, System, TakeResult, Taken};

fn machine() -> Machine {
    Machine { spool: Some(Arc::new(MemorySpool::default())), ..Machine::default() }
}

async fn offer(system: &System, events: Vec<(Event, IngestMode)>) -> Vec<TakeResult> {
    let offered = events
        .into_iter()
        .map(|(event, ingest)| Offered { admitted: admitted(event), ingest })
        .collect();
    let permit = system.recorder.permits.take_bytes(1).expect("there is room");
    system.recorder.take_on(&tenant(), offered, permit).await
}

async fn offer_one(system: &System, event: Event, ingest: IngestMode) -> TakeResult {
    offer(system, vec![(event, ingest)]).await.pop().expect("one event has one answer")
}

fn is_spooled(result: &TakeResult, event: EventId) -> bool {
    matches!(result, Ok(Taken::Spooled(spooled)) if spooled.get().id == event)
}

async fn until_drained(machine: &Machine, system: &System) {
    let began = std::time::Instant::now();
    while system.recorder.spooled() > 0 {
        assert!(began.elapsed() < PATIENCE, "{} events still wait", system.recorder.spooled());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(machine.spool.as_ref().expect("there is a spool").is_empty());
}

/// Ids of all events in the log, in order.
async fn recorded(system: &System) -> Vec<u64> {
    wait_for(system, system.queries.head()).await;
    let page = system.queries.page(request(Order::RecordedOldest, 100)).await.unwrap();
    numbers(&page.events)
}

#[tokio::test]
async fn what_the_log_does_not_take_is_spooled_or_refused_as_its_type_says() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.away(true);
    let events = vec![
        (event(1, "ann", "a"), Spool),
        (event(2, "ben", "b"), Block),
        (event(3, "ann", "c"), Spool),
    ];
    let results = offer(&system, events).await;
    assert!(is_spooled(&results[0], id(1)) && is_spooled(&results[2], id(3)), "{results:?}");
    assert_eq!(results[1], Err(RecordError::Unavailable));
    assert_eq!(system.recorder.spooled(), 2);
    machine.log.away(false);
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, [1, 3]);
    system.stop().await;
}

#[tokio::test]
async fn an_append_whose_fate_is_unknown_is_spooled_and_stored_once() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.memory.fail_next(LogErrorKind::AnswerLost);
    let result = offer_one(&system, event(1, "ann", "a"), Spool).await;
    assert!(is_spooled(&result, id(1)), "{result:?}");
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, [1]);
    let again = offer_one(&system, event(1, "ann", "a"), Spool).await;
    assert!(matches!(again, Ok(Taken::Recorded(receipt)) if receipt.get().duplicate));
    machine.log.memory.fail_next(LogErrorKind::Unavailable);
    let blocked = offer_one(&system, event(2, "ann", "b"), Block).await;
    assert_eq!(blocked, Err(RecordError::Unavailable));
    system.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_no_reason_that_passes_by_itself() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.memory.fail_next(LogErrorKind::Full);
    assert_eq!(offer_one(&system, event(1, "ann", "a"), Spool).await, Err(RecordError::Full));
    system.stop().await;
}

#[tokio::test]
async fn later_events_of_a_person_wait_behind_the_spooled_ones_and_others_do_not() {
    let machine = machine();
    let system = Arc::new(machine.start().await);
    machine.log.away(true);
    for number in 1..=3 {
        assert!(is_spooled(
            &offer_one(&system, event(number, "ann", "a"), Spool).await,
            id(number)
        ));
    }
    // The log is well again, but what waits is held up in it.
    machine.log.memory.pause();
    machine.log.away(false);
    machine.log.appends.subscribe().wait_for(|appends| !appends.is_empty()).await.unwrap();
    let later = [(4, Spool), (5, Block)].map(|(number, ingest)| {
        let system = Arc::clone(&system);
        tokio::spawn(async move { offer_one(&system, event(number, "ann", "a"), ingest).await })
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(later.iter().all(|task| !task.is_finished()), "they wait");
    machine.log.memory.resume();
    for task in later {
        assert!(matches!(task.await.unwrap(), Ok(Taken::Recorded(_))));
    }
    let order = recorded(&system).await;
    assert_eq!(order[..3], [1, 2, 3]);
    assert_eq!(order.len(), 5);
}

#[tokio::test]
async fn who_comes_the_moment_the_log_is_well_again_does_not_overtake() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.away(true);
    for number in 1..=3 {
        offer_one(&system, event(number, "ann", "a"), Spool).await.unwrap();
    }
    machine.log.away(false);
    let later = offer_one(&system, event(4, "ann", "a"), Block).await;
    assert!(matches!(later, Ok(Taken::Recorded(_))), "{later:?}");
    assert_eq!(recorded(&system).await, [1, 2, 3, 4]);
    system.stop().await;
}

#[tokio::test]
async fn the_same_event_sent_again_is_spooled_once_and_another_with_its_id_is_a_conflict() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.away(true);
    for _ in 0..3 {
        assert!(is_spooled(&offer_one(&system, event(1, "ann", "a"), Spool).await, id(1)));
    }
    let other = offer_one(&system, event(1, "ann", "other"), Spool).await;
    assert_eq!(other, Err(RecordError::IdempotencyConflict(id(1))));
    assert_eq!(system.recorder.spooled(), 1);
    machine.log.away(false);
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, [1]);
    system.stop().await;
}

#[tokio::test]
async fn a_full_or_failing_spool_refuses() {
    let machine = machine();
    let spool = SpoolSettings { events_max: 2, ..settings().spool };
    let system = machine.start_with(Settings { spool, ..settings() }).await;
    machine.log.away(true);
    let events = (1..=3).map(|number| (event(number, "ann", "a"), Spool)).collect();
    let results = offer(&system, events).await;
    assert!(is_spooled(&results[0], id(1)) && is_spooled(&results[1], id(2)), "{results:?}");
    assert_eq!(results[2], Err(RecordError::Unavailable));
    machine.spool.as_ref().unwrap().set_failing(true);
    let failed = offer_one(&system, event(4, "ben", "a"), Spool).await;
    assert_eq!(failed, Err(RecordError::Unavailable));
    assert_eq!(system.recorder.spooled(), 2, "what was not put does not count");
    machine.log.away(false);
    until_drained(&machine, &system).await;
    // Nothing was left that would hold up the others.
    assert!(matches!(
        offer_one(&system, event(4, "ben", "a"), Block).await,
        Ok(Taken::Recorded(_))
    ));
    assert_eq!(recorded(&system).await, [1, 2, 4]);
    system.stop().await;
}

#[tokio::test]
async fn what_waits_outlives_a_crash_and_keeps_its_place() {
    let machine = machine();
    let system = machine.start().await;
    machine.log.away(true);
    for number in 1..=20 {
        let person = if number % 2 == 0 { "ann" } else { "ben" };
        offer_one(&system, event(number, person, "a"), Spool).await.unwrap();
    }
    system.kill().await;
    let system = machine.start().await;
    assert_eq!(system.recorder.spooled(), 20);
    let behind = offer_one(&system, event(21, "ann", "a"), Spool).await;
    assert!(is_spooled(&behind, id(21)), "{behind:?}");
    machine.log.away(false);
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, (1..=21).collect::<Vec<_>>());
    system.stop().await;
}

#[tokio::test]
async fn facts_of_annals_itself_are_spooled_when_their_type_allows_it() {
    let machine = machine();
    let system = machine.start().await;
    let take = async |number, ingest| {
        system.recorder.take_own(event(number, "ann", "a"), [7; 32], ingest).await
    };
    assert!(matches!(take(1, Spool).await, Ok(Taken::Recorded(_))));
    machine.log.away(true);
    assert!(is_spooled(&take(2, Spool).await, id(2)));
    assert_eq!(take(3, Block).await, Err(RecordError::Unavailable));
    machine.log.away(false);
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, [1, 2]);
    system.stop().await;
}

#[tokio::test]
async fn poison_goes_to_the_quarantine_and_holds_nobody_up() {
    let machine = machine();
    let system = machine.start().await;
    record_one(&system, event(1, "ann", "taken long ago")).await.unwrap();
    machine.log.away(true);
    // Damaged in the spool; of an id that was used; well; well, behind the one that is poison.
    offer_one(&system, event(7, "eve", "a"), Spool).await.unwrap();
    machine.spool.as_ref().unwrap().damage_oldest();
    for (number, person) in [(1, "ann"), (2, "ben"), (3, "ann")] {
        offer_one(&system, event(number, person, "new"), Spool).await.unwrap();
    }
    machine.log.away(false);
    until_drained(&machine, &system).await;
    assert_eq!(recorded(&system).await, [1, 2, 3]);
    let kept = system.quarantine.list(&tenant(), None, None, 10).await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|entry| (entry.reason.as_str(), entry.facts.event)).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.contains(&("undeliverable", Some(id(7)))), "{kept:?}");
    assert!(kept.contains(&("conflict", Some(id(1)))), "{kept:?}");
    system.stop().await;
}

#[tokio::test]
async fn poison_that_cannot_be_set_aside_stays_and_holds_nobody_else_up() {
    let machine = machine();
    machine.quarantine.set_failing(true);
    let system = machine.start().await;
    machine.log.away(true);
    offer_one(&system, event(7, "eve", "a"), Spool).await.unwrap();
    machine.spool.as_ref().unwrap().damage_oldest();
    offer_one(&system, event(2, "ben", "new"), Spool).await.unwrap();
    machine.log.away(false);
    let began = std::time::Instant::now();
    while system.recorder.spooled() > 1 {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(recorded(&system).await, [2]);
    machine.quarantine.set_failing(false);
    until_drained(&machine, &system).await;
    assert_eq!(machine.quarantine.count().await.unwrap(), 1);
    system.stop().await;
}
