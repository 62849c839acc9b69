//! What every [`EventLog`] keeps to.

mod appending;
mod duplicates;
mod following;
mod reading;
mod removing;

use std::sync::Arc;

use annals_domain::{EventId, Position, Revision, StreamName};

use super::{Case, cases, fresh_tenant, item, record, removable};
use crate::event_log::{
    AppendError, AppendItem, Appended, Direction, EventLog, Expected, LogEntry, RemoveError,
};

/// The cases of the suite, for one log, which may hold records already.
pub fn cases(log: &Arc<dyn EventLog>) -> Vec<Case> {
    cases![
        log;
        appending::revisions_begin_at_zero_and_positions_rise,
        appending::a_batch_of_nothing_is_answered_with_nothing,
        appending::a_stream_that_is_not_as_expected_is_told,
        appending::an_item_is_stored_whole_or_not_at_all,
        appending::of_writers_that_expect_the_same_revision_one_wins,
        duplicates::the_same_record_later_is_told_its_old_place,
        duplicates::the_same_record_in_one_batch_or_item_is_stored_once,
        duplicates::an_item_sent_again_is_answered_though_the_stream_went_on,
        duplicates::other_content_under_the_same_id_is_a_conflict,
        duplicates::another_tenant_may_use_the_same_id,
        duplicates::of_writers_that_send_the_same_record_one_stores_it,
        reading::what_was_acked_is_found_every_way,
        reading::a_stream_is_read_in_both_directions,
        reading::missing_positions_are_told_in_their_place,
        reading::the_whole_log_is_read_in_order_by_pages,
        following::a_follower_yields_everything_once_while_writers_append,
        following::a_follower_waits_for_the_next_record,
    ]
}

/// The cases for logs that can remove records.
pub fn removal_cases(log: &Arc<dyn EventLog>) -> Vec<Case> {
    cases![
        log;
        removing::what_was_removed_is_told_by_no_reader,
        removing::a_removed_id_stays_used_and_its_stream_goes_on,
        removing::who_follows_passes_over_what_was_removed,
        removing::only_what_is_there_is_counted_as_removed,
    ]
}

/// Runs the cases of removal on one log, which may hold records already.
pub async fn run_removal(log: Arc<dyn EventLog>) {
    for case in removal_cases(&log) {
        case.run.await;
    }
}

/// Checks that a log that cannot remove says so, and does not.
pub async fn removal_is_refused(log: Arc<dyn EventLog>) {
    let tenant = fresh_tenant();
    let kept = store(&*log, item(&tenant, "s", 1, "x")).await;
    for positions in [&[][..], &[kept.position]] {
        let events: Vec<_> = positions.iter().copied().map(removable).collect();
        let refused = log.remove(EventId(uuid::Uuid::from_u128(9)), &events).await;
        assert!(matches!(refused, Err(RemoveError::Unsupported)), "{refused:?}");
    }
    let read = log.read_at(&[kept.position]).await.expect("the log works");
    assert!(read[0].is_some(), "nothing was removed");
}

/// Runs the whole suite on one log, which may hold records already.
pub async fn run(log: Arc<dyn EventLog>) {
    for case in cases(&log) {
        case.run.await;
    }
}

/// Checks that closing and opening again loses nothing and repeats nothing. `open` first drops
/// whatever it opened before.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Arc<dyn EventLog>) {
    let tenant = fresh_tenant();
    let log = open().await;
    let start = head(&*log).await;
    for id in 0..20 {
        store(&*log, item(&tenant, &format!("s{}", id % 3), id, "x")).await;
    }
    let before = log.read_all(start, 100).await.expect("the log is whole");
    drop(log);

    let log = open().await;
    let after = log.read_all(start, 100).await.expect("the log is whole");
    assert_eq!(before, after, "reopening keeps every record at its place");
    assert_eq!(head(&*log).await, before[19].position, "reopening keeps the head");
    let again = store(&*log, item(&tenant, "s0", 0, "x")).await;
    assert!(again.duplicate, "an id is known for ever, also after reopening");
    let next = store(&*log, item(&tenant, "s0", 20, "x")).await;
    assert_eq!(next.revision, Revision(7), "a stream goes on where it ended");
    assert!(next.position > before[19].position, "positions go on rising");
}

/// Appends one item and returns its answer.
async fn append(log: &dyn EventLog, item: AppendItem) -> Result<Vec<Appended>, AppendError> {
    let mut answers = log.append(vec![item]).await.expect("the log works");
    assert_eq!(answers.len(), 1, "one answer an item");
    answers.remove(0)
}

/// Appends an item of one record that must be taken.
async fn store(log: &dyn EventLog, item: AppendItem) -> Appended {
    let appended = append(log, item).await.expect("nothing speaks against this record");
    assert_eq!(appended.len(), 1, "one place a record");
    appended[0]
}

/// An item of several records of one stream, by id and payload.
fn items(tenant: &str, stream: &str, records: &[(u128, &str)]) -> AppendItem {
    let records: Vec<_> =
        records.iter().map(|(id, payload)| record(tenant, stream, *id, payload)).collect();
    AppendItem { stream: records[0].stream.clone(), expected: Expected::Any, records }
}

fn expecting(expected: Expected, item: AppendItem) -> AppendItem {
    AppendItem { expected, ..item }
}

async fn head(log: &dyn EventLog) -> Position {
    log.head().await.expect("the log works")
}

/// All of a stream, at most 1000 records.
async fn stream(log: &dyn EventLog, name: &StreamName) -> Vec<LogEntry> {
    log.read_stream(name, Revision(0), Direction::Forwards, 1000).await.expect("the log is whole")
}

fn revisions(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.revision.0).collect()
}
