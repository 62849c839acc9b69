use super::*;
use annals_ports::contract::{item, removable};
use annals_ports::{EventLog, KeyStore};
use annals_record::Record;
use rusqlite::Connection;

use crate::{EventLogSettings, SqliteEventLog, SqliteKeyStore};

/// A log of thirty records in three streams.
async fn log() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let log = SqliteEventLog::open(dir.path(), EventLogSettings::default()).unwrap();
    for id in 0..30u128 {
        let item = item("acme", &format!("s{}", id % 3), id, &payload(id));
        log.append(vec![item]).await.unwrap().remove(0).unwrap();
    }
    log.close().await;
    dir
}

/// Long enough for the log to have several pages.
fn payload(id: u128) -> String {
    format!("payload {id} {}", "x".repeat(1000))
}

/// Changes the tables as somebody with the file and a `SQLite` shell can.
fn tamper(dir: &tempfile::TempDir, sql: &str) {
    let connection = Connection::open(dir.path().join("events.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

fn findings(dir: &tempfile::TempDir) -> Vec<Finding> {
    let report = verify(dir.path(), |_| {}).unwrap();
    assert_eq!(report.findings.len() as u64, report.findings_total);
    report.findings
}

#[tokio::test]
async fn a_whole_log_has_no_findings_and_progress_is_told() {
    let dir = log().await;
    let keys = SqliteKeyStore::open(dir.path()).unwrap();
    let tenant = annals_domain::TenantId::new("acme").unwrap();
    keys.put_tenant_key(&tenant, annals_record::WrappedKey(vec![1; 60])).await.unwrap();
    let mut told = Vec::new();
    let report = verify(dir.path(), |progress| told.push(progress)).unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.records, 30);
    assert!(told.iter().all(|progress| progress.total == 30));
    assert!(told.len() >= 4, "{told:?}");
}

#[tokio::test]
async fn a_changed_byte_of_a_record_is_found_with_its_place() {
    let dir = log().await;
    let connection = Connection::open(dir.path().join("events.db")).unwrap();
    let mut bytes: Vec<u8> = connection
        .query_row("SELECT record FROM events WHERE position = 17", [], |row| row.get(0))
        .unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    tamper(&dir, "SELECT 1");
    connection.execute("UPDATE events SET record = ?1 WHERE position = 17", [bytes]).unwrap();
    let found = findings(&dir);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].position, Some(Position(17)));
    assert_eq!(found[0].revision, Some(Revision(5)));
    assert_eq!(found[0].stream.as_deref(), Some("person-acme.s1"));
    assert!(matches!(found[0].problem, Problem::Unreadable(_)));
    let told = found[0].to_string();
    assert!(
        told.starts_with("events.db, position 17, stream person-acme.s1, revision 5: "),
        "{told}"
    );
}

#[tokio::test]
async fn a_removed_record_leaves_gaps_that_are_found() {
    let dir = log().await;
    tamper(&dir, "DELETE FROM events WHERE position = 17");
    let found = findings(&dir);
    let problems: Vec<_> = found.iter().map(|finding| finding.problem.clone()).collect();
    assert_eq!(problems, [Problem::RevisionGap(Revision(5)), Problem::PositionGap(Position(17))]);
    assert_eq!(found[0].position, Some(Position(20)));
    assert_eq!(found[1].position, Some(Position(18)));
}

fn retention_run() -> annals_ports::AppendItem {
    let mut item = item("acme", "system", 77, "run");
    let record = &mut item.records[0];
    let header = String::from_utf8(record.header.clone()).unwrap();
    let of_type = std::mem::replace(&mut record.event_type, "annals.retention.run".into());
    record.header = header.replace(&of_type, &record.event_type).into_bytes();
    item
}

#[tokio::test]
async fn a_record_that_was_copied_to_the_end_is_found() {
    let dir = log().await;
    tamper(
        &dir,
        "DROP INDEX events_by_id;
         INSERT INTO events SELECT 31, stream, 10, tenant, id, fingerprint, record
         FROM events WHERE position = 4;",
    );
    let found = findings(&dir);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].position, &found[0].problem), (Some(Position(31)), &Problem::Twice));
}

/// A log in which retention removed the first two records; the last tells why.
async fn log_after_retention() -> tempfile::TempDir {
    let dir = log().await;
    let log = SqliteEventLog::open(dir.path(), EventLogSettings::default()).unwrap();
    let item = retention_run();
    let run = item.records[0].id;
    log.append(vec![item]).await.unwrap().remove(0).unwrap();
    assert_eq!(log.remove(run, &[1, 2].map(|at| removable(Position(at)))).await.unwrap(), 2);
    log.close().await;
    dir
}

#[tokio::test]
async fn what_retention_removed_is_counted_and_no_finding() {
    let dir = log_after_retention().await;
    let report = verify(dir.path(), |_| {}).unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!((report.records, report.removed), (29, 2));
}

#[tokio::test]
async fn what_somebody_else_emptied_is_found() {
    let dir = log_after_retention().await;
    tamper(&dir, "UPDATE events SET record = zeroblob(length(record)) WHERE position = 3");
    let found = findings(&dir);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].position, &found[0].problem), (Some(Position(3)), &Problem::Emptied));
}

#[tokio::test]
async fn a_removal_that_the_log_does_not_tell_of_is_found() {
    let dir = log_after_retention().await;
    tamper(
        &dir,
        "INSERT INTO removals VALUES (3, x'00000000000000000000000000000bad');
         UPDATE events SET record = zeroblob(length(record)) WHERE position = 3;
         INSERT INTO removals SELECT 4, run FROM removals WHERE position = 1;",
    );
    let problems: Vec<_> = findings(&dir).into_iter().map(|finding| finding.problem).collect();
    let no_run = Problem::NoRun("00000000000000000000000000000bad".into());
    assert_eq!(problems, [no_run, Problem::NotRemoved]);
}

#[tokio::test]
async fn an_event_that_is_no_retention_run_tells_of_no_removal() {
    let dir = log().await;
    tamper(
        &dir,
        "INSERT INTO removals SELECT 3, id FROM events WHERE position = 30;
         UPDATE events SET record = zeroblob(length(record)) WHERE position = 3;",
    );
    let found = findings(&dir);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(matches!(found[0].problem, Problem::NoRun(_)), "{found:?}");
}

#[tokio::test]
async fn a_log_that_was_never_opened_with_retention_is_verified_as_it_is() {
    let dir = log().await;
    tamper(&dir, "DROP TABLE removals; PRAGMA user_version = 1;");
    let report = verify(dir.path(), |_| {}).unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!((report.records, report.removed), (30, 0));
}

#[tokio::test]
async fn a_removed_beginning_is_found() {
    let dir = log().await;
    tamper(&dir, "DELETE FROM events WHERE position <= 3");
    let found = findings(&dir);
    assert_eq!(found.iter().filter(|f| f.problem == Problem::RevisionGap(Revision(0))).count(), 3);
    assert!(found.iter().any(|f| f.problem == Problem::PositionGap(Position(1))), "{found:?}");
}

#[tokio::test]
async fn records_that_changed_places_are_found() {
    let dir = log().await;
    tamper(
        &dir,
        "UPDATE events SET record = (SELECT record FROM events WHERE position = 5) WHERE position = 6;",
    );
    let found = findings(&dir);
    let what: Vec<&str> = found
        .iter()
        .map(|finding| match finding.problem {
            Problem::Differs { what, .. } => what,
            _ => panic!("{finding:?}"),
        })
        .collect();
    assert_eq!(what, ["stream", "id", "fingerprint"]);
    assert!(found.iter().all(|finding| finding.position == Some(Position(6))));
}

#[tokio::test]
async fn revisions_that_changed_places_are_found() {
    let dir = log().await;
    tamper(
        &dir,
        "UPDATE events SET revision = 100 WHERE position = 1;
         UPDATE events SET revision = 0 WHERE position = 4;
         UPDATE events SET revision = 1 WHERE position = 1;",
    );
    let found = findings(&dir);
    assert!(found.iter().any(|finding| finding.problem == Problem::OutOfOrder), "{found:?}");
}

#[tokio::test]
async fn a_damaged_page_is_a_finding_wherever_it_lies() {
    let pages = std::fs::metadata(log().await.path().join("events.db")).unwrap().len() / 8192;
    assert!(pages > 10, "{pages}");
    for page in 0..pages as usize {
        let dir = log().await;
        let path = dir.path().join("events.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[page * 8192..page * 8192 + 256].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let found = findings(&dir);
        assert!(
            found.iter().any(|finding| matches!(finding.problem, Problem::Structure(_))),
            "page {page}: {found:?}"
        );
    }
}

#[test]
fn every_flipped_bit_of_a_stored_record_is_found() {
    let record = item("acme", "s", 1, "payload").records.remove(0);
    let stored = record.encode();
    for bit in 0..stored.len() * 8 {
        let mut flipped = stored.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Record::decode(&flipped).map_or(true, |read| read != record), "bit {bit}");
    }
}

#[test]
fn a_directory_without_a_log_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let error = verify(dir.path(), |_| {}).unwrap_err();
    assert!(error.to_string().contains("events.db"), "{error}");
}
