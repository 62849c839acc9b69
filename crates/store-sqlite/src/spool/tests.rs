use std::sync::Mutex;

use annals_ports::contract;

use super::*;

#[tokio::test]
async fn the_spool_keeps_its_contract() {
    let dirs = Mutex::new(Vec::new());
    contract::spool::run(|| {
        let dir = tempfile::tempdir().unwrap();
        let spool = SqliteSpool::open(dir.path()).unwrap();
        dirs.lock().unwrap().push(dir);
        Arc::new(spool)
    })
    .await;
}

#[tokio::test]
async fn a_reopened_spool_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::spool::reopening_keeps_everything(async || {
        Arc::new(SqliteSpool::open(dir.path()).unwrap()) as Arc<dyn Spool>
    })
    .await;
}

#[tokio::test]
async fn what_waits_can_be_counted_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(SqliteSpool::waiting_in(dir.path()).unwrap(), None);
    let spool = SqliteSpool::open(dir.path()).unwrap();
    assert_eq!(SqliteSpool::waiting_in(dir.path()).unwrap(), Some(0));
    let event = NewWaiting {
        tenant: TenantId::new("acme").unwrap(),
        id: EventId(Uuid::from_u128(1)),
        lane: Lane([1; 16]),
        fingerprint: [1; 16],
        at: jiff::Timestamp::UNIX_EPOCH,
        sealed: vec![1; 10],
    };
    let bounds =
        SpoolBounds { events_max: 1, bytes_max: 1000, not_before: jiff::Timestamp::UNIX_EPOCH };
    assert_eq!(spool.put(vec![event], bounds).await.unwrap(), [Put::Kept]);
    assert_eq!(SqliteSpool::waiting_in(dir.path()).unwrap(), Some(1));
}

#[tokio::test]
async fn after_a_write_of_which_nothing_is_known_nothing_more_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let spool = SqliteSpool::open(dir.path()).unwrap();
    let failing = spool.file.write("test", |_| -> rusqlite::Result<()> {
        let io = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        Err(rusqlite::Error::SqliteFailure(io, None))
    });
    assert!(failing.await.is_err());
    let refused = spool.remove(vec![1]).await.unwrap_err();
    assert!(refused.source.to_string().contains("restart"), "{refused:?}");
    let busy = SqliteSpool::open(tempfile::tempdir().unwrap().path()).unwrap();
    let failing = busy.file.write("test", |_| -> rusqlite::Result<()> {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        Err(rusqlite::Error::SqliteFailure(busy, None))
    });
    assert!(failing.await.is_err());
    busy.remove(vec![1]).await.expect("a lock that passes breaks nothing");
}
