use super::*;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use annals_domain::{Position, Revision};
use annals_ports::contract;
use rusqlite::Connection;

fn open(dir: &Path) -> SqliteReplica {
    SqliteReplica::open(dir).unwrap()
}

fn entry(position: u64, stream: &str, revision: u64) -> LogEntry {
    let record = contract::record("acme", stream, u128::from(position), "a payload");
    LogEntry { position: Position(position), revision: Revision(revision), record }
}

fn checkpoint(place: u64) -> Checkpoint {
    Checkpoint { commit: place, prepare: place, event: None }
}

fn other_connection(dir: &Path) -> Connection {
    Connection::open(dir.join(FORMAT.file)).unwrap()
}

/// The error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replica_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::replica::run(Arc::new(open(dir.path()))).await;
}

#[tokio::test]
async fn a_reopened_replica_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::replica::reopening_keeps_everything(async || {
        Arc::new(open(dir.path())) as Arc<dyn LogReplica>
    })
    .await;
}

#[tokio::test]
async fn records_and_checkpoint_are_kept_together_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    replica.apply(vec![entry(10, "s", 0)], checkpoint(10)).await.unwrap();
    let other = other_connection(dir.path());
    let batch = vec![entry(20, "a new stream", 0), entry(30, "s", 1)];
    for fault in ["events WHEN new.position = 30", "checkpoint WHEN new.commit_position = 30"] {
        let refuse = "BEGIN SELECT RAISE (ABORT, 'a test wanted it'); END";
        other
            .execute_batch(&format!("CREATE TRIGGER fault BEFORE INSERT ON {fault} {refuse}"))
            .unwrap();
        let error = replica.apply(batch.clone(), checkpoint(30)).await.unwrap_err();
        assert!(told(&error).contains("a test wanted it"), "{error}");
        assert_eq!(replica.checkpoint().await.unwrap(), Some(checkpoint(10)), "{fault}");
        assert_eq!(replica.head().await.unwrap(), Position(10), "{fault}");
        assert_eq!(replica.read_all(Position::START, 10).await.unwrap().len(), 1, "{fault}");
        other.execute_batch("DROP TRIGGER fault").unwrap();
    }

    replica.apply(batch.clone(), checkpoint(30)).await.unwrap();
    assert_eq!(replica.read_all(Position(10), 10).await.unwrap(), batch);
    let streams = [batch[0].record.stream.clone()];
    assert_eq!(replica.last_revisions(&streams).await.unwrap(), [Some(Revision(0))]);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_applied_whole_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let replica = Arc::new(open(dir.path()));
    let mut follower = replica.follow(Position::START);
    let applying = tokio::spawn({
        let replica = Arc::clone(&replica);
        async move { replica.apply(vec![entry(10, "s", 0)], checkpoint(10)).await }
    });
    tokio::task::yield_now().await;
    applying.abort();
    let _ = applying.await;
    let followed = tokio::time::timeout(Duration::from_secs(10), follower.next(10)).await;
    assert_eq!(followed.unwrap().unwrap(), [entry(10, "s", 0)]);
    assert_eq!(replica.checkpoint().await.unwrap(), Some(checkpoint(10)));
}

#[tokio::test]
async fn an_order_that_would_lose_a_record_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    let batch = vec![entry(20, "s", 0), entry(10, "t", 0)];
    let error = replica.apply(batch, checkpoint(20)).await.unwrap_err();
    assert!(told(&error).contains("position 10 came after the one at 20"), "{}", told(&error));
    assert_eq!(replica.checkpoint().await.unwrap(), None);
    assert!(replica.read_all(Position::START, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_position_that_the_file_cannot_hold_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    replica.apply(vec![entry(u64::MAX, "s", 0)], checkpoint(u64::MAX)).await.unwrap_err();
    assert_eq!(replica.head().await.unwrap(), Position::START);
    replica.apply(Vec::new(), checkpoint(u64::MAX)).await.unwrap();
    assert_eq!(replica.checkpoint().await.unwrap(), Some(checkpoint(u64::MAX)));
}

#[tokio::test]
async fn a_copy_of_another_log_is_told_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    replica.apply(vec![entry(10, "s", 0)], checkpoint(10)).await.unwrap();
    let error = replica.apply(vec![entry(20, "s", 0)], checkpoint(20)).await.unwrap_err();
    assert!(told(&error).contains("is no copy of this log; stop Annals and delete it"), "{error}");
    assert_eq!(replica.checkpoint().await.unwrap(), Some(checkpoint(10)));
}

#[tokio::test]
async fn who_follows_passes_over_what_was_deleted() {
    let dir = tempfile::tempdir().unwrap();
    {
        let replica = open(dir.path());
        let batch = (1..=9).map(|n| entry(n * 10, "s", n - 1)).collect();
        replica.apply(batch, checkpoint(90)).await.unwrap();
        other_connection(dir.path()).execute("DELETE FROM events WHERE position > 50", []).unwrap();
    }
    let replica = open(dir.path());
    assert_eq!(replica.head().await.unwrap(), Position(90), "the head does not go back");
    let mut follower = replica.follow(Position(50));
    let mut polls = 0;
    {
        let mut next = follower.next(10);
        let counted = std::future::poll_fn(|context| {
            polls += 1;
            next.as_mut().poll(context)
        });
        let waiting = tokio::time::timeout(Duration::from_millis(50), counted).await;
        assert!(waiting.is_err(), "there is nothing to yield yet");
    }
    assert!(polls < 10, "it waits, and does not ask again and again: {polls}");
    replica.apply(vec![entry(90, "s", 8), entry(100, "s", 9)], checkpoint(100)).await.unwrap();
    assert_eq!(follower.next(10).await.unwrap(), [entry(100, "s", 9)]);
    let mut from_start = replica.follow(Position::START);
    let positions: Vec<_> =
        from_start.next(10).await.unwrap().iter().map(|entry| entry.position.0).collect();
    assert_eq!(positions, [10, 20, 30, 40, 50, 100]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_applying_goes_on_once_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let replica = open(dir.path());
    replica.apply(vec![entry(10, "s", 0)], checkpoint(10)).await.unwrap();
    let limit_pages = |further: i64| {
        let writer = replica.writer.lock().unwrap();
        writer.limit_pages(further);
    };
    limit_pages(2);
    let batch: Vec<_> = (2..2000).map(|n| entry(n * 10, "s", n - 1)).collect();
    let error = replica.apply(batch.clone(), checkpoint(20_000)).await.unwrap_err();
    assert!(matches!(error, LogError::Full), "{error}");
    assert_eq!(replica.read_all(Position::START, 10).await.unwrap().len(), 1);
    limit_pages(1 << 20);
    replica.apply(batch, checkpoint(20_000)).await.unwrap();
    assert_eq!(replica.read_all(Position::START, 9999).await.unwrap().len(), 1999);
}

#[test]
fn a_file_that_is_no_database_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FORMAT.file), "no database at all ".repeat(500)).unwrap();
    let error = SqliteReplica::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("delete it; it is copied anew from the log"), "{error}");
}

/// Overwrites the page where a table begins.
fn damage(dir: &Path, table: &str) {
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: u32 = other_connection(dir).query_row(sql, [table], |row| row.get(0)).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(dir.join(FORMAT.file)).unwrap();
    let page_size = u64::from(FORMAT.page_size);
    file.seek(SeekFrom::Start(u64::from(page - 1) * page_size)).unwrap();
    file.write_all(&vec![0xff; FORMAT.page_size as usize]).unwrap();
}

#[tokio::test]
async fn a_damaged_copy_says_what_to_do_wherever_it_shows() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).apply(vec![entry(10, "s", 0)], checkpoint(10)).await.unwrap();
    let remedy = "is damaged; delete it; it is copied anew from the log";

    damage(dir.path(), "events");
    let replica = open(dir.path());
    let error = replica.read_all(Position::START, 10).await.unwrap_err();
    assert!(told(&error).contains(remedy), "reading: {}", told(&error));
    let error = replica.apply(vec![entry(20, "s", 1)], checkpoint(20)).await.unwrap_err();
    assert!(told(&error).contains(remedy), "applying: {}", told(&error));
    drop(replica);

    damage(dir.path(), "checkpoint");
    let error = SqliteReplica::open(dir.path()).unwrap_err();
    assert!(told(&error).contains(remedy), "opening: {}", told(&error));
}

#[tokio::test]
async fn looking_up_searches_an_index_and_sorts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let _replica = open(dir.path());
    let other = other_connection(dir.path());
    for sql in [
        "SELECT record FROM events WHERE id = ?1 AND tenant = ?2 ORDER BY position LIMIT 1",
        "SELECT max(revision) FROM events WHERE stream = ?1",
        "SELECT record FROM events WHERE stream = ?1 AND revision >= ?2 ORDER BY revision LIMIT 3",
        "SELECT record FROM events WHERE position > ?1 ORDER BY position LIMIT 3",
    ] {
        let mut plan = other.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(vec![0; plan.parameter_count()]), |row| {
                row.get(3)
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(steps.len(), 1, "no sorting: {steps:?}");
        assert!(steps[0].starts_with("SEARCH"), "{steps:?}");
    }
}
