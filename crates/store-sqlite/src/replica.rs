//! A copy of a log that is kept elsewhere, in one `SQLite` file, `replica.db`.
//!
//! It is derived, so a commit does not wait for the disk: after a power cut the copy may end earlier,
//! whole, and what is missing is copied again.

mod cutting;
mod fresh;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::{Held, RecordKey};
use annals_ports::{Checkpoint, Cut, LogEntry, LogError, LogReader, LogReplica, ReadsThrough};
use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::file::{Format, OpenError};
use crate::log_file::{LogFile, Recent};
use writer::Writer;

pub(crate) const FORMAT: Format = Format {
    file: "replica.db",
    application_id: i32::from_be_bytes(*b"ANLC"),
    version: 2,
    schema: include_str!("schema/replica.sql"),
    upgrades: &[include_str!("schema/replica_2.sql")],
    page_size: 8192,
    durable: false,
    cache_kib: 32 * 1024,
    remedy: "delete it; it is copied anew from the log",
};

const READERS: usize = 4;
/// Pages in the write-ahead log from which on it is brought over, 64 MiB. Ids and streams lie all over
/// their indexes, so that the same pages change with every batch; few checkpoints write them seldom.
const CHECKPOINT_PAGES: u32 = 8192;

/// The copy, on this machine, of a log that is kept elsewhere.
#[derive(Debug)]
pub struct SqliteReplica {
    file: LogFile,
    writer: Arc<Mutex<Writer>>,
}

impl SqliteReplica {
    /// Opens the copy in a data directory, and makes it first where there is none.
    ///
    /// The caller holds the [`crate::DataDir`]: two writers on one file would stop each other.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let connection = FORMAT.open(dir)?;
        let newest = connection
            .pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
            .and_then(|()| writer::newest(&connection))
            .map_err(|error| {
                FORMAT.failed(&dir.join(FORMAT.file), "looking for its newest record", error)
            })?;
        let recent = Recent::new(newest);
        let (head_sender, head) = watch::channel(newest);
        let writer = Writer::new(dir, connection, head_sender, recent.clone());
        Ok(Self {
            file: LogFile::new(dir, &FORMAT, READERS, recent, head),
            writer: Arc::new(Mutex::new(writer)),
        })
    }

    /// Runs a write to its end, also when the caller gives up.
    async fn write(
        &self,
        write: impl FnOnce(&mut Writer) -> Result<(), LogError> + Send + 'static,
    ) -> Result<(), LogError> {
        let writer = Arc::clone(&self.writer);
        let writing = tokio::task::spawn_blocking(move || {
            let poisoned = writer.is_poisoned();
            let mut held = writer.lock().unwrap_or_else(PoisonError::into_inner);
            if poisoned {
                writer.clear_poison();
                held.begin_anew();
            }
            write(&mut held)
        });
        match writing.await {
            Ok(outcome) => outcome,
            Err(panic) => {
                Err(LogError::Unavailable { doing: writer::DOING, source: Some(panic.into()) })
            }
        }
    }
}

#[async_trait]
impl LogReplica for SqliteReplica {
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, LogError> {
        self.file.read("reading up to where the log was copied", writer::checkpoint).await
    }

    async fn apply_with_cuts(
        &self,
        entries: Vec<LogEntry>,
        cuts: Vec<Cut>,
        checkpoint: Checkpoint,
    ) -> Result<(), LogError> {
        self.write(move |writer| writer.apply(entries, &cuts, checkpoint)).await
    }

    async fn cuts(&self, streams: &[StreamName]) -> Result<Vec<Option<Revision>>, LogError> {
        let streams = streams.to_vec();
        let read = move |connection: &Connection| {
            streams.iter().map(|stream| cutting::cut_of(connection, stream)).collect()
        };
        self.file.read("reading where streams were cut", read).await
    }

    async fn cut_off(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        let read = move |connection: &Connection| cutting::cut_off(connection, limit);
        self.file.read("looking for what was cut off", read).await
    }

    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        let positions = positions.to_vec();
        self.write(move |writer| writer.forget(&positions)).await
    }

    async fn before(
        &self,
        stream: &StreamName,
        before: Revision,
        limit: usize,
    ) -> Result<Vec<(Revision, Position)>, LogError> {
        let stream = stream.clone();
        let read =
            move |connection: &Connection| cutting::before(connection, &stream, before, limit);
        self.file.read("reading the beginning of a stream", read).await
    }

    async fn last_revisions(
        &self,
        streams: &[StreamName],
    ) -> Result<Vec<Option<Revision>>, LogError> {
        self.file.last_revisions(streams).await
    }

    async fn held(&self, keys: &[RecordKey]) -> Result<Vec<Option<Held>>, LogError> {
        self.file.held(keys).await
    }
}

impl ReadsThrough for SqliteReplica {
    fn reader(&self) -> &dyn LogReader {
        &self.file
    }
}

#[cfg(test)]
mod tests;
