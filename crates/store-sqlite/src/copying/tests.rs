use super::*;

use std::sync::Arc;

use annals_ports::contract::item;
use annals_ports::contract::removable;
use annals_ports::{EventLog, KeyStore, SharedRegisters};
use annals_record::{KeyId, WrappedKey};

use crate::{
    DataDir, DataDirError, EventLogSettings, FillingDir, SqliteEventLog, SqliteKeyStore,
    SqliteRegisters,
};

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

/// A log with ten records of which one was removed, keys of which one was destroyed, and a register.
async fn filled(dir: &Path) -> Arc<SqliteEventLog> {
    let log = Arc::new(SqliteEventLog::open(dir, EventLogSettings::default()).unwrap());
    for number in 1..=10 {
        let stream = ["s", "t"][number as usize % 2];
        let appended = log.append(vec![item("acme", stream, number, "sealed")]).await.unwrap();
        appended[0].as_ref().unwrap();
    }
    log.remove(EventId(Uuid::from_u128(9)), &[removable(Position(3))]).await.unwrap();
    let keys = SqliteKeyStore::open(dir).unwrap();
    keys.put_tenant_key(&acme(), WrappedKey(vec![1; 61])).await.unwrap();
    let wrapped = [1, 2].map(|n| (KeyId([n; 20]), WrappedKey(vec![n; 61])));
    keys.put_person_keys(&acme(), wrapped.to_vec()).await.unwrap();
    keys.destroy_person_key(&acme(), &KeyId([1; 20])).await.unwrap();
    SqliteRegisters::open(dir).unwrap().write("lease", None, vec![7]).await.unwrap();
    log
}

fn everything(copy: &DataDirCopy) -> (Vec<StoredRow>, Vec<StoredKey>, Vec<StoredRegister>) {
    let rows = copy.records(Position::START, Position(u64::MAX), 1000, usize::MAX).unwrap();
    (rows, copy.person_keys().unwrap(), copy.registers().unwrap())
}

#[tokio::test]
async fn a_log_is_read_while_it_is_open_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(dir.path()).await;
    let copy = DataDirCopy::open(dir.path()).unwrap();
    assert_eq!(copy.head().unwrap(), Position(10));
    let (rows, keys, registers) = everything(&copy);
    assert_eq!(rows.len(), 10);
    let by = Some(EventId(Uuid::from_u128(9)));
    assert!(matches!(rows[2].stored, Stored::Removed { bytes: 0, by: told } if told == by));
    assert_eq!(keys.iter().filter(|key| key.wrapped.is_none()).count(), 1);
    assert_eq!(registers[0].value, [7]);
    let (removals, told_at) = copy.removals().unwrap();
    assert_eq!(removals, [(Position(3), EventId(Uuid::from_u128(9)))]);
    assert_eq!(told_at, Position(9));
    log.append(vec![item("acme", "s", 11, "x")]).await.unwrap();
    assert_eq!(copy.head().unwrap(), Position(11), "what is written later is seen");
}

#[tokio::test]
async fn reading_stops_at_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let _log = filled(dir.path()).await;
    let copy = DataDirCopy::open(dir.path()).unwrap();
    let read = |limit, bytes| {
        let rows = copy.records(Position(2), Position(8), limit, bytes).unwrap();
        rows.iter().map(|row| row.position.0).collect::<Vec<_>>()
    };
    assert_eq!(read(1000, usize::MAX), [3, 4, 5, 6, 7, 8]);
    assert_eq!(read(2, usize::MAX), [3, 4]);
    assert_eq!(read(1000, 1), [3, 4], "what was removed has no bytes");
}

#[tokio::test]
async fn a_directory_that_is_filled_with_a_copy_holds_the_same() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let _log = filled(from.path()).await;
    let copy = DataDirCopy::open(from.path()).unwrap();
    let (rows, keys, registers) = everything(&copy);
    let mut filling = FillingDir::begin(to.path()).unwrap();
    assert!(matches!(DataDir::open(to.path()), Err(DataDirError::Unfinished { .. })));
    for batch in rows.chunks(3) {
        filling.records(batch.to_vec()).unwrap();
    }
    filling.keys(&copy.tenant_keys().unwrap(), &keys).unwrap();
    filling.registers(&registers).unwrap();
    filling.finish().unwrap();
    let _locked = DataDir::open(to.path()).unwrap();
    let again = DataDirCopy::open(to.path()).unwrap();
    assert_eq!(everything(&again), (rows, keys, registers));
    assert_eq!(again.tenant_keys().unwrap(), copy.tenant_keys().unwrap());
    assert_eq!(again.removals().unwrap(), copy.removals().unwrap());
    let indexes = |dir: &Path| -> Vec<String> {
        let connection = Connection::open(dir.join(EVENTS.file)).unwrap();
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY sql";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(indexes(to.path()), indexes(from.path()), "the schema is the same");
    let log = SqliteEventLog::open(to.path(), EventLogSettings::default()).unwrap();
    let appended = log.append(vec![item("acme", "s", 11, "x")]).await.unwrap();
    assert_eq!(appended[0].as_ref().unwrap()[0].position, Position(11), "it goes on");
    let old = log.append(vec![item("acme", "s", 2, "sealed")]).await.unwrap();
    assert!(old[0].as_ref().unwrap()[0].duplicate, "and knows the ids");
}
