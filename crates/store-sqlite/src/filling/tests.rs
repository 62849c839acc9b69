use super::*;

use annals_domain::{EventId, Position, Revision, StreamName};
use uuid::Uuid;

fn row(position: u64, id: u128) -> StoredRow {
    StoredRow {
        position: Position(position),
        revision: Revision(position),
        stream: StreamName::from_stored("person-acme.s"),
        tenant: TenantId::new("acme").unwrap(),
        id: EventId(Uuid::from_u128(id)),
        fingerprint: [0; 16],
        stored: Stored::Record(vec![1]),
    }
}

#[test]
fn what_no_log_can_hold_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut filling = FillingDir::begin(dir.path()).unwrap();
    filling.records(vec![row(1, 5), row(2, 5)]).unwrap();
    let error = filling.finish().unwrap_err();
    assert!(matches!(error, FillError::Write { .. }), "the same id twice: {error}");
    assert!(dir.path().join(UNFINISHED).exists(), "the directory cannot be opened");
}

#[test]
fn who_goes_on_after_a_failure_is_told_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut filling = FillingDir::begin(dir.path()).unwrap();
    filling.records(vec![row(1, 5), row(1, 6)]).unwrap();
    let failed = (2..10).find_map(|at| filling.records(vec![row(at, at.into())]).err());
    assert!(matches!(failed, Some(FillError::Write { .. })), "{failed:?}");
}

#[test]
fn a_directory_is_filled_once() {
    let dir = tempfile::tempdir().unwrap();
    let _first = FillingDir::begin(dir.path()).unwrap();
    assert!(matches!(FillingDir::begin(dir.path()), Err(FillError::Io { .. })));
}
