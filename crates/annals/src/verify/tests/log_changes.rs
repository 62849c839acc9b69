//! What somebody may do to the log who can write the file and has no keys: with care, so that the tables
//! agree with each other afterwards.

use std::path::Path;

use annals_record::Record;
use rusqlite::{Connection, params};

use super::damage::{drop_triggers, open};
use super::directory::LOG;

pub(super) type Change = fn(&Connection, i64);

/// Each with what it is called.
pub(super) const CHANGES: [(&str, Change); 13] = [
    ("deleted", delete),
    ("deleted, and the gaps closed", delete_and_close),
    ("copied in before itself", insert_copy),
    ("copied to the end", append_copy),
    ("swapped with its neighbour", swap_with_neighbour),
    ("swapped with another of its stream", swap_in_stream),
    ("moved to another stream", move_to_another_stream),
    ("given to another tenant", give_to_another_tenant),
    ("replaced by another", replace_by_another),
    ("emptied, and told to be removed by an event that is no retention run", claim_removal),
    ("its header changed, with a checksum that fits", rewrite_header),
    ("its sealed groups taken out", strip_groups),
    ("sealed groups of another put in", exchange_groups),
];

/// Changes the log of a directory.
pub(super) fn change(dir: &Path, position: i64, change: Change) {
    let connection = open(&dir.join(LOG));
    let triggers = drop_triggers(&connection);
    change(&connection, position);
    connection.execute_batch(&triggers).unwrap();
}

fn run(log: &Connection, sql: &str, position: i64) {
    // In two steps, so that no two rows are in one place meanwhile.
    for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
        let mut statement = log.prepare(statement).unwrap();
        match statement.parameter_count() {
            0 => statement.execute([]).unwrap(),
            _ => statement.execute([position]).unwrap(),
        };
    }
}

fn delete(log: &Connection, position: i64) {
    run(log, "DELETE FROM events WHERE position = ?1", position);
}

pub(super) fn delete_and_close(log: &Connection, position: i64) {
    run(
        log,
        "UPDATE events SET revision = -revision
         WHERE stream = (SELECT stream FROM events WHERE position = ?1)
           AND revision > (SELECT revision FROM events WHERE position = ?1);
         DELETE FROM events WHERE position = ?1;
         UPDATE events SET revision = -revision - 1 WHERE revision < 0;
         UPDATE events SET position = -position WHERE position > ?1;
         UPDATE events SET position = -position - 1 WHERE position < 0",
        position,
    );
}

fn insert_copy(log: &Connection, position: i64) {
    run(
        log,
        "DROP INDEX events_by_id;
         UPDATE events SET position = -position WHERE position >= ?1;
         UPDATE events SET position = -position + 1 WHERE position < 0;
         UPDATE events SET revision = -revision - 1
         WHERE stream = (SELECT stream FROM events WHERE position = ?1 + 1)
           AND revision >= (SELECT revision FROM events WHERE position = ?1 + 1);
         INSERT INTO events SELECT ?1, stream, -revision - 1, tenant, id, fingerprint, record
         FROM events WHERE position = ?1 + 1;
         UPDATE events SET revision = -revision WHERE revision < 0",
        position,
    );
}

fn append_copy(log: &Connection, position: i64) {
    run(
        log,
        "DROP INDEX events_by_id;
         INSERT INTO events
         SELECT (SELECT max(position) + 1 FROM events), stream,
                (SELECT max(revision) + 1 FROM events AS others WHERE others.stream = one.stream),
                tenant, id, fingerprint, record
         FROM events AS one WHERE position = ?1",
        position,
    );
}

/// Of another stream, so that their revisions stay what they are.
fn swap_with_neighbour(log: &Connection, position: i64) {
    let other =
        neighbour(log, position, "stream <> (SELECT stream FROM events WHERE position = ?1)");
    for (from, to) in [(position, -1), (other, position), (-1, other)] {
        log.execute("UPDATE events SET position = ?2 WHERE position = ?1", [from, to]).unwrap();
    }
}

fn swap_in_stream(log: &Connection, position: i64) {
    let other =
        neighbour(log, position, "stream = (SELECT stream FROM events WHERE position = ?1)");
    let place = "SELECT position, revision FROM events WHERE position = ?1";
    let place = |at| log.query_row(place, [at], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let (one, two): ((i64, i64), (i64, i64)) = (place(position), place(other));
    for (from, to) in [(one.0, (-1, -1)), (two.0, one), (-1, two)] {
        let sql = "UPDATE events SET position = ?2, revision = ?3 WHERE position = ?1";
        log.execute(sql, [from, to.0, to.1]).unwrap();
    }
}

/// The nearest event of which this holds, as it is with ?1 for the position.
fn neighbour(log: &Connection, position: i64, holds: &str) -> i64 {
    let sql = format!(
        "SELECT position FROM events WHERE position <> ?1 AND {holds}
         ORDER BY abs(position - ?1) LIMIT 1"
    );
    log.query_row(&sql, [position], |row| row.get(0)).unwrap()
}

fn move_to_another_stream(log: &Connection, position: i64) {
    let other =
        neighbour(log, position, "stream <> (SELECT stream FROM events WHERE position = ?1)");
    let (from, revision): (i64, i64) = log
        .query_row("SELECT stream, revision FROM events WHERE position = ?1", [position], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let sql = "UPDATE events SET stream = (SELECT stream FROM events WHERE position = ?2),
                   revision = 1 + (SELECT max(revision) FROM events WHERE stream =
                                   (SELECT stream FROM events WHERE position = ?2))
               WHERE position = ?1";
    log.execute(sql, [position, other]).unwrap();
    let sql = "UPDATE events SET revision = -revision WHERE stream = ?1 AND revision > ?2";
    log.execute(sql, [from, revision]).unwrap();
    run(log, "UPDATE events SET revision = -revision - 1 WHERE revision < 0", position);
}

fn give_to_another_tenant(log: &Connection, position: i64) {
    run(
        log,
        "UPDATE events SET tenant = (SELECT min(id) FROM tenants WHERE id <> tenant)
         WHERE position = ?1",
        position,
    );
}

fn replace_by_another(log: &Connection, position: i64) {
    let other =
        neighbour(log, position, "stream = (SELECT stream FROM events WHERE position = ?1)");
    let sql = "UPDATE events SET (id, fingerprint, record) =
                   (SELECT id, fingerprint, record FROM events WHERE position = ?2)
               WHERE position = ?1";
    log.execute_batch("DROP INDEX events_by_id").unwrap();
    log.execute(sql, [position, other]).unwrap();
}

fn claim_removal(log: &Connection, position: i64) {
    run(
        log,
        "INSERT INTO removals SELECT ?1, id FROM events
         WHERE tenant = (SELECT tenant FROM events WHERE position = ?1)
         ORDER BY position DESC LIMIT 1;
         UPDATE events SET record = zeroblob(length(record)) WHERE position = ?1",
        position,
    );
}

fn rewrite_header(log: &Connection, position: i64) {
    edit(log, position, |record| {
        let header = String::from_utf8(record.header.clone()).unwrap();
        let changed = header.replace("\"success\"", "\"failure\"");
        assert_ne!(changed, header);
        record.header = changed.into_bytes();
    });
}

fn strip_groups(log: &Connection, position: i64) {
    // The first names the stream's owner; without it the record contradicts its stream.
    edit(log, position, |record| match record.groups.len() {
        1 => record.groups[0].ciphertext.clear(),
        _ => record.groups.truncate(1),
    });
}

fn exchange_groups(log: &Connection, position: i64) {
    let other =
        neighbour(log, position, "stream = (SELECT stream FROM events WHERE position = ?1)");
    let groups = read(log, other).groups;
    edit(log, position, |record| record.groups = groups);
}

fn edit(log: &Connection, position: i64, change: impl FnOnce(&mut Record)) {
    let mut record = read(log, position);
    change(&mut record);
    let sql = "UPDATE events SET record = ?2 WHERE position = ?1";
    log.execute(sql, params![position, record.encode()]).unwrap();
}

fn read(log: &Connection, position: i64) -> Record {
    let sql = "SELECT record FROM events WHERE position = ?1";
    let bytes: Vec<u8> = log.query_row(sql, [position], |row| row.get(0)).unwrap();
    Record::decode(&bytes).unwrap()
}
