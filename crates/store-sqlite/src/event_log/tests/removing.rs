//! Removal leaves no byte of what was removed, and no other way to change the log.

use super::*;
use annals_domain::EventId;
use annals_domain::lifecycle::Removable;
use annals_ports::contract::removable;
use uuid::Uuid;

const RUN: EventId = EventId(Uuid::from_u128(0x0a11));
/// The tables as the first version made them.
const FIRST_VERSION: &str = include_str!("../../schema/events.sql");

/// Long ones, some of which take pages of their own.
fn secret(id: u128) -> String {
    let length = if id.is_multiple_of(5) { 30_000 } else { 900 };
    format!("secret-{id:04}-").repeat(length / 12)
}

fn events(ids: impl Iterator<Item = u64>) -> Vec<Removable> {
    ids.map(|id| removable(Position(id))).collect()
}

/// Which of the records can be read out of the files, by whoever has them.
fn left_in_files(dir: &Path) -> Vec<u128> {
    let files = ["events.db", "events.db-wal"].map(|name| dir.join(name));
    let bytes: Vec<u8> =
        files.iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect();
    let text = String::from_utf8_lossy(&bytes);
    (0..60).filter(|id| text.contains(&format!("secret-{id:04}-"))).collect()
}

#[tokio::test]
async fn the_event_log_keeps_the_contract_of_removal() {
    let dir = tempfile::tempdir().unwrap();
    contract::event_log::run_removal(Arc::new(open(dir.path()))).await;
}

#[tokio::test]
async fn no_byte_is_left_of_what_was_removed_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for id in 0..60 {
        let item = item("acme", &format!("s{}", id % 7), id, &secret(id));
        log.append(vec![item]).await.unwrap().remove(0).unwrap();
    }
    assert_eq!(left_in_files(dir.path()).len(), 60);
    // Every third, then the next of each three: neighbours go at different times.
    log.remove(RUN, &events((1..=60).step_by(3))).await.unwrap();
    let kept: Vec<u128> = (0..60).filter(|id| id % 3 != 0).collect();
    assert_eq!(left_in_files(dir.path()), kept);
    log.remove(RUN, &events((2..=60).step_by(3))).await.unwrap();
    let kept: Vec<u128> = (0..60).filter(|id| id % 3 == 2).collect();
    assert_eq!(left_in_files(dir.path()), kept);
    log.close().await;
    let log = open(dir.path());
    assert_eq!(log.read_all(Position::START, 100).await.unwrap().len(), 20);
    assert_eq!(log.head().await.unwrap(), Position(60));
    let again = log.append(vec![item("acme", "s0", 0, &secret(0))]).await.unwrap().remove(0);
    assert!(again.unwrap()[0].duplicate);
}

#[tokio::test]
async fn nothing_but_a_removal_changes_an_event() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 1, "x"), item("acme", "s", 2, "x")]).await.unwrap();
    log.remove(RUN, &[removable(Position(1))]).await.unwrap();
    log.close().await;
    let connection = Connection::open(dir.path().join("events.db")).unwrap();
    for sql in [
        "UPDATE events SET record = zeroblob(length(record)) WHERE position = 2",
        "UPDATE events SET record = x'01' WHERE position = 1",
        "UPDATE events SET record = x'' WHERE position = 2",
        "INSERT OR REPLACE INTO events SELECT position, stream, revision, tenant, id, fingerprint, x'01'
         FROM events WHERE position = 1",
        "UPDATE events SET fingerprint = x'00' WHERE position = 1",
        "UPDATE events SET revision = 7 WHERE position = 1",
        "UPDATE events SET position = 7 WHERE position = 1",
        "UPDATE events SET id = x'00', record = zeroblob(length(record)) WHERE position = 1",
        "DELETE FROM events WHERE position = 1",
        "DELETE FROM removals",
        "UPDATE removals SET position = 2",
        "UPDATE removals SET run = x'00'",
        "INSERT INTO removals VALUES (3, x'00')",
    ] {
        let refused = connection.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("never") || refused.contains("only events"), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn a_log_of_the_first_version_is_brought_up_to_date_and_can_remove() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join("events.db")).unwrap();
    connection.execute_batch(FIRST_VERSION).unwrap();
    connection.pragma_update(None, "application_id", FORMAT.application_id).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    for _ in 0..2 {
        let log = open(dir.path());
        log.append(vec![item("acme", "s", 1, "x")]).await.unwrap();
        log.remove(RUN, &[removable(Position(1))]).await.unwrap();
        assert_eq!(log.read_at(&[Position(1)]).await.unwrap(), [None]);
        log.close().await;
    }
}

#[tokio::test]
async fn a_closed_log_says_that_it_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append(vec![item("acme", "s", 1, "x")]).await.unwrap();
    log.close().await;
    let refused = log.remove(RUN, &[removable(Position(1))]).await;
    assert!(matches!(refused, Err(RemoveError::Log(LogError::Unavailable { .. }))), "{refused:?}");
}
