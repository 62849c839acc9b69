//! Compares what was said with what lies in the log.

use std::collections::HashMap;

use annals_domain::{EventId, Position, Revision};
use annals_eventstoredb_double::Store;
use annals_ports::{AppendError, Appended, Expected, LogEntry, LogReader};
use annals_record::Record;

use super::writer::Said;

/// All records of the tenant, as the server has them.
pub(super) fn stored(store: &Store, tenant: &str) -> Vec<LogEntry> {
    let events = store.events().into_iter();
    let ours = events.filter(|event| event.stream.starts_with(&format!("person-{tenant}.")));
    ours.map(|event| LogEntry {
        position: Position(event.position),
        revision: Revision(event.revision),
        record: Record::decode(&event.data).unwrap(),
    })
    .collect()
}

/// All records of a node's copy.
pub(super) async fn all_of(log: &dyn LogReader) -> Vec<LogEntry> {
    let mut all: Vec<LogEntry> = Vec::new();
    loop {
        let after = all.last().map_or(Position::START, |last| last.position);
        let page = log.read_all(after, 1000).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub(super) fn same(copy: &[LogEntry], stored: &[LogEntry], what: &str) {
    for (copied, stored) in copy.iter().zip(stored) {
        assert_eq!(copied, stored, "{what} differs");
    }
    assert_eq!(copy.len(), stored.len(), "{what} has another length");
}

/// Nothing lies there twice, and every answer is true.
pub(super) fn answers(said: &[Said], stored: &[LogEntry]) {
    let mut by_id: HashMap<EventId, &LogEntry> = HashMap::new();
    let mut ends = HashMap::new();
    for entry in stored {
        let twice = by_id.insert(entry.record.id, entry);
        assert_eq!(twice, None, "an id lies there twice");
        let next = ends.entry(&entry.record.stream).or_insert(0);
        assert_eq!(entry.revision, Revision(*next), "no gap in {}", entry.record.stream);
        *next += 1;
    }
    for Said { item, answer } in said {
        match answer {
            Ok(places) => {
                assert_eq!(places.len(), item.records.len());
                for (record, place) in item.records.iter().zip(places) {
                    let held = by_id.get(&record.id).unwrap_or_else(|| panic!("lost: {place:?}"));
                    assert_eq!(
                        (held.position, held.revision, &held.record.fingerprint),
                        (place.position, place.revision, &record.fingerprint),
                        "{item:?}"
                    );
                }
                as_expected(item.expected, places);
            }
            Err(AppendError::IdempotencyConflict { id }) => {
                let mut contents: Vec<_> = item
                    .records
                    .iter()
                    .filter(|record| record.id == *id)
                    .map(|record| record.fingerprint)
                    .chain(by_id.get(id).map(|held| held.record.fingerprint))
                    .collect();
                contents.dedup();
                assert!(contents.len() > 1, "{id} has one content only");
            }
            Err(AppendError::WrongRevision { expected, actual, .. }) => {
                assert_ne!(*expected, Expected::Any);
                let is_so = match expected {
                    Expected::Last(revision) => *actual == Some(*revision),
                    Expected::Empty => actual.is_none(),
                    Expected::Any => true,
                };
                assert!(!is_so, "refused though {expected:?} holds");
                let end = ends.get(&item.stream).copied().unwrap_or(0);
                assert!(actual.is_none_or(|actual| actual.0 < end), "{actual:?} never was");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// What was stored by this append lies where it was expected.
fn as_expected(expected: Expected, places: &[Appended]) {
    let first = places.iter().filter(|place| !place.duplicate).map(|place| place.revision.0).min();
    match (expected, first) {
        (Expected::Empty, Some(first)) => assert_eq!(first, 0),
        (Expected::Last(last), Some(first)) => assert_eq!(first, last.0 + 1),
        _ => {}
    }
}
