//! What is kept of viewers is bounded, and reading it costs the same however much there is.

use std::collections::BTreeMap;

use annals_ports::ProfileStore;
use annals_ports::contract::person;
use annals_record::sealed_file::FileKey;
use jiff::Timestamp;

use super::*;
use crate::profiles::{FORMAT, SqliteProfiles};

fn key() -> FileKey {
    FileKey::from_bytes([3; 32])
}

fn seen_at(second: i64) -> Seen {
    Seen::once(Timestamp::from_second(second).unwrap())
}

fn viewer(number: i64) -> Viewer {
    Viewer { actor_type: ActorType::User, id: format!("k{number:05}") }
}

fn views(second: i64, purposes: impl IntoIterator<Item = (String, Seen)>) -> Views {
    let purposes = purposes.into_iter().collect();
    Views { name: None, seen: seen_at(second), exports: 0, purposes }
}

fn apply(store: &SqliteProfiles, position: u64, viewers: BTreeMap<Viewer, Views>) {
    let delta = ProfileDelta { viewers, ..ProfileDelta::default() };
    let deltas = BTreeMap::from([(person("acme", "ann"), delta)]);
    store.apply(&deltas, Position(position)).unwrap();
}

#[test]
fn only_the_newest_viewers_and_purposes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteProfiles::open(dir.path(), &key()).unwrap();
    for batch in 0..5 {
        let of = |number: i64| (viewer(number), views(number, [("why".into(), seen_at(number))]));
        apply(&store, batch as u64 + 1, (batch * 300..(batch + 1) * 300).map(of).collect());
    }
    let purposes = (0..50).map(|number| (format!("ticket {number}"), seen_at(number)));
    apply(&store, 9, BTreeMap::from([(viewer(0), views(9999, purposes))]));
    let found = store.viewers(&person("acme", "ann"), usize::MAX).unwrap();
    assert_eq!(found.len(), PROFILE_ENTRIES_MAX);
    assert_eq!(found[0].0, viewer(0));
    assert_eq!(found[0].1.purposes.len(), PURPOSES_MAX);
    assert!(found[0].1.purposes.contains_key("ticket 49"));
    assert_eq!(found[1].0, viewer(1499));
    let connection = FORMAT.open_sealed(dir.path(), &key()).unwrap();
    let rows = |table: &str| -> usize {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap() as usize
    };
    assert!(rows("viewers") <= PROFILE_ENTRIES_MAX * 11 / 10);
    assert!(rows("purposes") < rows("viewers") + PURPOSES_MAX, "none is left of whom was cut");
}

/// What `SQLite` does to answer.
fn plan(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // A plan needs no values.
    let lines = statement.raw_query().mapped(|row| row.get::<_, String>(3));
    lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

#[test]
fn pages_are_read_from_the_end_of_a_key_and_nothing_is_sorted_or_scanned() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteProfiles::open(dir.path(), &key()).unwrap());
    let connection = FORMAT.open_sealed(dir.path(), &key()).unwrap();
    for sql in [
        super::super::TIMELINE,
        ACCESSES,
        "SELECT person FROM viewers WHERE id = 'kim' AND type = 'user'",
    ] {
        let plan = plan(&connection, sql);
        assert!(plan.contains("SEARCH"), "{sql}: {plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}
