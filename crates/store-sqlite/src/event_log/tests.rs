use super::*;
use std::time::{Duration, Instant};

use annals_domain::{Position, Revision};
use annals_ports::Expected;
use annals_ports::contract::{self, item};
use rusqlite::Connection;

mod removing;

fn open(dir: &Path) -> SqliteEventLog {
    SqliteEventLog::open(dir, EventLogSettings::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_event_log_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::event_log::run(Arc::new(open(dir.path()))).await;
    assert!(crate::verify(dir.path(), |_| {}).unwrap().is_whole());
}

#[tokio::test]
async fn the_event_log_tells_where_its_streams_end() {
    let dir = tempfile::tempdir().unwrap();
    annals_ports::contract::stream_ends::run(&open(dir.path())).await;
}

#[tokio::test]
async fn a_reopened_event_log_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::event_log::reopening_keeps_everything(async || {
        Arc::new(open(dir.path())) as Arc<dyn EventLog>
    })
    .await;
}

#[tokio::test]
async fn who_follows_a_reopened_log_gets_what_was_there_before() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(vec![item("acme", "s", 1, "x")]).await.unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 2, "x")]).await.unwrap();
    let mut follower = log.follow(Position::START);
    assert_eq!(follower.next(1).await.unwrap()[0].position, Position(1));
    assert_eq!(follower.next(1).await.unwrap()[0].position, Position(2));
}

#[tokio::test]
async fn positions_begin_at_one_and_have_no_gaps_after_refusals() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let refused = AppendItem { expected: Expected::Last(Revision(7)), ..item("acme", "s", 2, "x") };
    let batch = vec![item("acme", "s", 1, "x"), refused, item("acme", "t", 3, "x")];
    let answers = log.append(batch).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap()[0].position, Position(1));
    assert!(answers[1].is_err());
    assert_eq!(answers[2].as_ref().unwrap()[0].position, Position(2));
}

#[tokio::test]
async fn appends_that_wait_together_share_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(open(dir.path()));
    log.append(vec![item("acme", "s", 1000, "x")]).await.unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (held, holding) = oneshot::channel();
    let holder = Arc::clone(&log);
    let held_up = tokio::spawn(async move {
        holder
            .on_writer(move |_| {
                let _ = held.send(());
                let _ = wait.recv();
            })
            .await;
    });
    holding.await.unwrap();
    let mut waiting: Vec<_> =
        (0..50).map(|id| log.append(vec![item("acme", "s", id, "x")])).collect();
    for append in &mut waiting {
        assert!(futures_poll(append).await.is_none(), "it waits for the writer");
    }
    let count = || pages_written(dir.path());
    let before = count();
    go.send(()).unwrap();
    held_up.await.unwrap();
    for append in waiting {
        append.await.unwrap();
    }
    // Fifty transactions of at least three pages each would have written many more.
    assert!(count() - before < 50, "{} pages for 50 records", count() - before);
    assert_eq!(log.head().await.unwrap(), Position(51));
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

/// Pages in the write-ahead log.
fn pages_written(dir: &Path) -> i64 {
    Connection::open(dir.join(FORMAT.file))
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))
        .unwrap()
}

#[tokio::test]
async fn a_record_that_is_too_large_is_told_and_the_rest_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let settings = EventLogSettings { record_bytes_max: 1000, ..EventLogSettings::default() };
    let log = SqliteEventLog::open(dir.path(), settings).unwrap();
    let large = item("acme", "s", 1, &"x".repeat(1000));
    let answers = log.append(vec![large, item("acme", "s", 2, "x")]).await.unwrap();
    assert!(matches!(answers[0], Err(AppendError::TooLarge { bytes_max: 1000, .. })));
    assert_eq!(answers[1].as_ref().unwrap()[0].position, Position(1));
}

#[tokio::test]
async fn a_batch_larger_than_what_may_wait_is_taken_alone() {
    let dir = tempfile::tempdir().unwrap();
    let settings = EventLogSettings {
        waiting_bytes_max: 100,
        transaction_bytes_max: 100,
        transaction_records_max: 1,
        waiting_appends_max: 1,
        ..EventLogSettings::default()
    };
    let log = Arc::new(SqliteEventLog::open(dir.path(), settings).unwrap());
    let appends: Vec<_> = (0..4u128)
        .map(|batch| {
            let log = Arc::clone(&log);
            let items = (0..50).map(|id| item("acme", "s", batch * 50 + id, "x")).collect();
            tokio::spawn(async move { log.append(items).await.unwrap() })
        })
        .collect();
    for append in appends {
        assert!(append.await.unwrap().iter().all(Result::is_ok));
    }
    assert_eq!(log.head().await.unwrap(), Position(200));
}

#[tokio::test]
async fn a_full_disk_refuses_and_appends_go_on_once_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 1, "x")]).await.unwrap();
    log.on_writer(|connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
    })
    .await;
    let large = "x".repeat(10_000);
    let mut stored = 1u64;
    let refused = loop {
        let id = 100 + u128::from(stored);
        match log.append(vec![item("acme", "new stream", id, &large)]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "the disk is never full");
    };
    assert!(matches!(refused, LogError::Full), "{refused}");
    let read = log.read_all(Position::START, 1000).await.unwrap();
    assert_eq!(read.len() as u64, stored, "reading goes on, and nothing was stored by halves");
    assert!(matches!(
        log.append(vec![item("acme", "s", 2, "x"), item("acme", "s", 3, &large)]).await,
        Err(LogError::Full)
    ));

    log.on_writer(|connection| {
        connection.pragma_update_and_check(None, "max_page_count", 1 << 30, |_| Ok(())).unwrap();
    })
    .await;
    let answers = log.append(vec![item("acme", "s", 2, "x"), item("acme", "s", 3, &large)]).await;
    let places: Vec<_> = answers.unwrap().into_iter().map(|answer| answer.unwrap()[0]).collect();
    assert_eq!(places[0].position, Position(stored + 1), "no position was lost");
    assert_eq!(places[1].revision, Revision(2), "nor a revision");
    log.close().await;
    assert!(crate::verify(dir.path(), |_| {}).unwrap().is_whole());
}

#[tokio::test]
async fn somebody_elses_lock_is_waited_for_and_then_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.on_writer(|connection| connection.busy_timeout(Duration::ZERO).unwrap()).await;
    let other = Connection::open(dir.path().join(FORMAT.file)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = log.append(vec![item("acme", "s", 1, "x")]).await.unwrap_err();
    assert!(matches!(error, LogError::Unavailable { source: Some(_), .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    log.append(vec![item("acme", "s", 1, "x")]).await.unwrap().remove(0).unwrap();
}

#[tokio::test]
async fn an_unexpected_error_stops_the_writer_for_good_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 1, "x")]).await.unwrap();
    log.on_writer(|connection| connection.pragma_update(None, "query_only", "ON").unwrap()).await;
    let error = log.append(vec![item("acme", "s", 2, "x")]).await.unwrap_err();
    assert!(matches!(error, LogError::Broken { .. }), "{error}");
    log.on_writer(|connection| connection.pragma_update(None, "query_only", "OFF").unwrap()).await;
    let error = log.append(vec![item("acme", "s", 2, "x")]).await.unwrap_err();
    assert!(matches!(error, LogError::Broken { .. }), "also when it would work again: {error}");
    assert_eq!(log.read_all(Position::START, 10).await.unwrap().len(), 1);
    drop(log);
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 2, "x")]).await.unwrap().remove(0).unwrap();
}

#[tokio::test]
async fn the_tables_refuse_to_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 1, "x")]).await.unwrap();
    let other = Connection::open(dir.path().join(FORMAT.file)).unwrap();
    for sql in [
        "UPDATE events SET record = x'00'",
        "UPDATE events SET revision = 5 WHERE position = 1",
        "DELETE FROM events",
        "UPDATE streams SET name = 'other'",
        "DELETE FROM streams",
        "UPDATE tenants SET name = 'other'",
        "DELETE FROM tenants",
    ] {
        let error = other.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("never"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn closing_answers_what_was_taken_on_and_empties_the_write_ahead_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(open(dir.path()));
    let mut waiting: Vec<_> =
        (0..20).map(|id| log.append(vec![item("acme", "s", id, "x")])).collect();
    for append in &mut waiting {
        let _ = futures_poll(append).await;
    }
    let mut follower = log.follow(Position::START);
    log.close().await;
    for append in waiting {
        append.await.unwrap().remove(0).unwrap();
    }
    let error = log.append(vec![item("acme", "s", 99, "x")]).await.unwrap_err();
    assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
    assert_eq!(follower.next(100).await.unwrap().len(), 20, "what is there can be read");
    let error = follower.next(100).await.unwrap_err();
    assert!(matches!(error, LogError::Unavailable { .. }), "nothing more will come: {error}");
    let wal = dir.path().join("events.db-wal");
    assert!(wal.metadata().map_or(0, |metadata| metadata.len()) == 0);
}

#[tokio::test]
async fn the_write_ahead_log_stays_small_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let settings = EventLogSettings {
        checkpoint_pages_idle: 50,
        checkpoint_pages_busy: 100,
        ..EventLogSettings::default()
    };
    let log = SqliteEventLog::open(dir.path(), settings).unwrap();
    let payload = "x".repeat(4000);
    for batch in 0..100u128 {
        let items = (0..10).map(|id| item("acme", "s", batch * 10 + id, &payload)).collect();
        log.append(items).await.unwrap();
    }
    let bytes = dir.path().join("events.db-wal").metadata().unwrap().len();
    assert!(bytes < 200 * 8192, "{bytes} bytes");
}

#[tokio::test]
async fn a_page_of_fifty_is_read_in_a_moment() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let items = (0..2000u128).map(|id| item("acme", &format!("s{}", id % 37), id, "x")).collect();
    log.append(items).await.unwrap();
    let positions: Vec<Position> = (0..50).map(|n| Position(2000 - n * 39)).collect();
    let begun = Instant::now();
    const ROUNDS: u32 = 20;
    for _ in 0..ROUNDS {
        assert!(log.read_at(&positions).await.unwrap().iter().all(Option::is_some));
    }
    let each = begun.elapsed() / ROUNDS;
    // Far above what it takes, so that a busy machine passes and a table scan does not.
    assert!(each < Duration::from_millis(50), "{each:?}");
}
