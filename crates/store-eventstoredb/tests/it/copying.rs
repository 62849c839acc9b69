//! A copy that cannot be written stops recording, and says so, until it can be written again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::{Held, RecordKey};
use annals_ports::{
    Checkpoint, Cut, EventLog, LogEntry, LogError, LogReader, LogReplica, ReadsThrough,
};
use annals_store_eventstoredb::{Address, EventStoreLog, Settings};
use annals_store_sqlite::SqliteReplica;

use super::support::{Acked, KEY_CHECK, Load, RECOVERY, eventually, marks, server, within};

/// A copy whose disk is full at times.
struct Ailing {
    replica: SqliteReplica,
    is_full: AtomicBool,
}

impl ReadsThrough for Ailing {
    fn reader(&self) -> &dyn LogReader {
        &self.replica
    }
}

#[async_trait::async_trait]
impl LogReplica for Ailing {
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, LogError> {
        self.replica.checkpoint().await
    }

    async fn apply_with_cuts(
        &self,
        entries: Vec<LogEntry>,
        cuts: Vec<Cut>,
        checkpoint: Checkpoint,
    ) -> Result<(), LogError> {
        match self.is_full.load(Ordering::Acquire) {
            true => Err(LogError::Full),
            false => self.replica.apply_with_cuts(entries, cuts, checkpoint).await,
        }
    }

    async fn cuts(&self, streams: &[StreamName]) -> Result<Vec<Option<Revision>>, LogError> {
        self.replica.cuts(streams).await
    }

    async fn cut_off(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        self.replica.cut_off(limit).await
    }

    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        self.replica.forget(positions).await
    }

    async fn before(
        &self,
        stream: &StreamName,
        before: Revision,
        limit: usize,
    ) -> Result<Vec<(Revision, Position)>, LogError> {
        self.replica.before(stream, before, limit).await
    }

    async fn last_revisions(
        &self,
        streams: &[StreamName],
    ) -> Result<Vec<Option<Revision>>, LogError> {
        self.replica.last_revisions(streams).await
    }

    async fn held(&self, keys: &[RecordKey]) -> Result<Vec<Option<Held>>, LogError> {
        self.replica.held(keys).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_cannot_be_written_is_told_and_goes_on_when_it_can() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let replica = SqliteReplica::open(dir.path()).unwrap();
    let replica = Arc::new(Ailing { replica, is_full: AtomicBool::new(false) });
    let address = Address::parse(&server.url()).unwrap();
    let (settings, key_check) = (Settings::default(), KEY_CHECK.into());
    let log = EventStoreLog::open(address, settings, replica.clone(), key_check, marks());
    let log = log.await.unwrap();
    log.caught_up().await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    replica.is_full.store(true, Ordering::Release);
    load.send(&log, 1, &mut acked).await;
    eventually("it is told", async || {
        log.health().trouble.is_some_and(|trouble| trouble.contains("the disk is full"))
    })
    .await;
    replica.is_full.store(false, Ordering::Release);
    within(RECOVERY, "it goes on", async || log.health().trouble.is_none()).await;
    let (item, place) = &acked.0[0];
    let found = log.find(&item.records[0].tenant, item.records[0].id).await.unwrap().unwrap();
    assert_eq!(found.position, place.position);
}
