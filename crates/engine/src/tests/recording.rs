use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use annals_domain::filter::Order;
use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, Receipt};
use annals_ports::LogReader;
use annals_ports::memory::LogErrorKind;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::machine::{
    Machine, PATIENCE, event, events, id, numbers, record, record_all, record_one, request,
    settings, sharded, wait_for,
};
use crate::{Permits, RecordError, RecorderSettings, Settings};

/// Lets all other tasks of a runtime with one thread run until they wait for something.
async fn let_others_run() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_that_wait_together_are_appended_together() {
    let machine = Machine::default();
    let system = Arc::new(machine.start().await);
    machine.log.memory.pause();
    let send = |number| {
        let system = Arc::clone(&system);
        tokio::spawn(async move { record_one(&system, event(number, "ann", "x")).await })
    };
    let first = send(0);
    machine.log.appends.subscribe().wait_for(|appends| appends.len() == 1).await.unwrap();
    let waiting: Vec<_> = (1..=50).map(send).collect();
    let_others_run().await;
    machine.log.memory.resume();
    first.await.unwrap().unwrap();
    for answer in join_all(waiting).await {
        answer.unwrap().unwrap();
    }
    assert_eq!(*machine.log.appends.borrow(), [1, 50]);
}

#[tokio::test]
async fn a_batch_is_appended_when_it_is_full() {
    let machine = Machine::default();
    let recorder = RecorderSettings { shards: 1, batch_events_max: 20 };
    let system = Arc::new(machine.start_with(Settings { recorder, ..settings() }).await);
    machine.log.memory.pause();
    let send = |number| {
        let system = Arc::clone(&system);
        tokio::spawn(async move { record_one(&system, event(number, "ann", "x")).await })
    };
    let first = send(0);
    machine.log.appends.subscribe().wait_for(|appends| appends.len() == 1).await.unwrap();
    let waiting: Vec<_> = (1..=50).map(send).collect();
    let_others_run().await;
    machine.log.memory.resume();
    first.await.unwrap().unwrap();
    for answer in join_all(waiting).await {
        answer.unwrap().unwrap();
    }
    let appends = machine.log.appends.borrow();
    assert_eq!(appends.iter().sum::<usize>(), 51);
    assert!(appends.iter().all(|events| *events <= 20), "{appends:?}");
}

#[tokio::test]
async fn who_finds_no_room_is_turned_away_and_room_comes_back() {
    let machine = Machine::default();
    let permits = Permits::new(1 << 20, 10);
    let system = Arc::new(machine.start_with(Settings { permits, ..settings() }).await);
    machine.log.memory.pause();
    let waiting = tokio::spawn({
        let system = Arc::clone(&system);
        async move { record(&system, events(0, 10)).await }
    });
    machine.log.appends.subscribe().wait_for(|appends| !appends.is_empty()).await.unwrap();
    assert_eq!(record(&system, events(10, 3)).await, vec![Err(RecordError::Busy); 3]);
    machine.log.memory.resume();
    assert!(waiting.await.unwrap().iter().all(Result::is_ok));
    record_all(&system, events(10, 3)).await;
    assert_eq!(machine.log.memory.len(), 13);
    assert_eq!(system.recorder.permits.under_way(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_come_in_the_order_of_the_request_whatever_shard_they_went_to() {
    let machine = Machine::default();
    let system = machine.start_with(sharded()).await;
    let sent = events(0, 200);
    let results = record(&system, sent.clone()).await;
    let mut revisions = HashMap::new();
    let mut positions = BTreeSet::new();
    for (event, result) in sent.iter().zip(results) {
        let receipt = result.unwrap().into_inner();
        assert_eq!(receipt.id, event.id);
        let next = revisions.entry(receipt.stream).or_insert(0);
        assert_eq!(receipt.revision.0, *next, "the order within a stream is that of the request");
        *next += 1;
        assert!(positions.insert(receipt.position));
    }
    assert_eq!(revisions.len(), 10, "each person has a stream");
    assert!(machine.log.appends.borrow().len() > 1, "several shards had their share");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_same_event_sent_many_times_at_once_one_is_new_and_all_have_one_receipt() {
    let machine = Machine::default();
    let system = Arc::new(machine.start_with(sharded()).await);
    let sending = (0..20).map(|attempt| {
        let system = Arc::clone(&system);
        tokio::spawn(async move {
            let mut event = event(1, "ann", "x");
            let later = jiff::SignedDuration::from_millis(attempt);
            event.received_at = DateTime::utc(event.received_at.timestamp + later);
            record_one(&system, event).await.unwrap()
        })
    });
    let receipts: Vec<Receipt> = join_all(sending).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts.iter().filter(|receipt| !receipt.duplicate).count(), 1);
    let new = receipts.iter().find(|receipt| !receipt.duplicate).unwrap();
    for receipt in &receipts {
        assert_eq!(*receipt, Receipt { duplicate: receipt.duplicate, ..new.clone() });
    }
    assert_eq!(machine.log.memory.len(), 1);
}

#[tokio::test]
async fn another_event_under_the_same_id_is_a_conflict_and_holds_up_no_other() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_one(&system, event(1, "ann", "x")).await.unwrap();
    let sent = vec![event(1, "ann", "y"), event(2, "ann", "z"), event(1, "bob", "x")];
    let results = record(&system, sent).await;
    assert_eq!(results[0], Err(RecordError::IdempotencyConflict(id(1))));
    assert!(results[1].is_ok());
    assert_eq!(results[2], Err(RecordError::IdempotencyConflict(id(1))));
    assert_eq!(machine.log.memory.len(), 2);
}

#[tokio::test]
async fn a_full_disk_refuses_and_recording_goes_on_once_there_is_space() {
    let machine = Machine::default();
    let system = machine.start().await;
    machine.log.memory.fail_next(LogErrorKind::Full);
    let refused = record_one(&system, event(1, "ann", "x")).await;
    assert_eq!(refused, Err(RecordError::Full));
    assert!(!record_one(&system, event(1, "ann", "x")).await.unwrap().duplicate);
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_can_be_sent_again_for_its_receipt() {
    let machine = Machine::default();
    let system = machine.start().await;
    machine.log.memory.fail_next(LogErrorKind::AnswerLost);
    let lost = record_one(&system, event(1, "ann", "x")).await;
    assert_eq!(lost, Err(RecordError::Unavailable));
    let receipt = record_one(&system, event(1, "ann", "x")).await.unwrap();
    assert!(receipt.duplicate);
    assert_eq!(receipt.position, Position(1));
    machine.log.memory.fail_next(LogErrorKind::Unavailable);
    let lost = record_one(&system, event(2, "ann", "x")).await;
    assert_eq!(lost, Err(RecordError::Unavailable));
    assert!(!record_one(&system, event(2, "ann", "x")).await.unwrap().duplicate);
    wait_for(&system, Position(2)).await;
    let page = system.queries.page(request(Order::RecordedOldest, 10)).await.unwrap();
    assert_eq!(numbers(&page.events), [1, 2], "what was stored is seen, answered or not");
}

#[tokio::test]
async fn a_broken_log_takes_nothing_more_and_is_still_read() {
    let machine = Machine::default();
    let system = machine.start().await;
    let position = record_all(&system, events(0, 5)).await;
    machine.log.memory.fail_next(LogErrorKind::Broken);
    for number in 5..8 {
        let refused = record_one(&system, event(number, "ann", "x")).await;
        assert_eq!(refused, Err(RecordError::Unavailable));
    }
    wait_for(&system, position).await;
    let page = system.queries.page(request(Order::RecordedOldest, 10)).await.unwrap();
    assert_eq!(page.events.len(), 5);
}

#[tokio::test]
async fn an_event_is_recorded_though_its_caller_gave_up() {
    let machine = Machine::default();
    let system = machine.start().await;
    machine.log.memory.pause();
    {
        let recording = record_one(&system, event(1, "ann", "x"));
        tokio::pin!(recording);
        assert!(futures_util::poll!(recording.as_mut()).is_pending());
    }
    machine.log.memory.resume();
    wait_for(&system, Position(1)).await;
    assert!(record_one(&system, event(1, "ann", "x")).await.unwrap().duplicate);
}

#[tokio::test]
async fn an_event_that_cannot_be_stored_holds_up_no_other() {
    let machine = Machine::default();
    let system = machine.start().await;
    let mut deep = event(2, "ann", "x");
    let nested = (0..125).fold(Value::Null, |inner, _| json!([inner]));
    deep.metadata.insert("deep".to_owned(), nested);
    let results = record(&system, vec![event(1, "ann", "x"), deep, event(3, "ann", "x")]).await;
    assert_eq!(results[1], Err(RecordError::TooLarge(id(2))));
    assert!(results[0].is_ok() && results[2].is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_is_what_was_recorded_and_never_what_was_refused() {
    const IDS: u64 = 100;
    let machine = Machine::default();
    let system = Arc::new(machine.start_with(sharded()).await);
    let sending = (0..4 * IDS).map(|attempt| {
        let system = Arc::clone(&system);
        tokio::spawn(async move {
            let (number, content) = (attempt % IDS, format!("content {attempt}"));
            // Some go to the same stream, some to another shard.
            let event = event(number, ["ann", "bob"][attempt as usize / 200], &content);
            match record_one(&system, event).await {
                Ok(receipt) => Some((receipt.id, content)),
                Err(RecordError::IdempotencyConflict(_)) => None,
                Err(error) => panic!("{error}"),
            }
        })
    });
    let answers = join_all(sending).await.into_iter().filter_map(Result::unwrap);
    let recorded: HashMap<EventId, String> = answers.collect();
    assert_eq!(recorded.len() as u64, IDS);
    let head = machine.log.memory.head().await.unwrap();
    assert_eq!(head, Position(IDS));
    tokio::time::timeout(PATIENCE, wait_for(&system, head)).await.unwrap();
    let page = system.queries.page(request(Order::RecordedOldest, 1000)).await.unwrap();
    assert_eq!(page.events.len() as u64, IDS);
    for read in page.events {
        assert_eq!(read.event.description.as_ref(), recorded.get(&read.event.id));
    }
}
