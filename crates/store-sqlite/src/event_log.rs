//! The event log in one `SQLite` file, `events.db`.
//!
//! One thread writes. While it commits, further appends gather in a bounded channel; the next
//! transaction takes all of them. So batches grow with the load, and a quiet system pays no delay.
//! Readers use connections of their own and never wait for the writer.

mod removing;
mod request;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use annals_domain::lifecycle::Removable;
use annals_domain::{EventId, Position, StreamName};
use annals_ports::{
    AppendError, AppendItem, Appended, EventLog, LogError, LogReader, ReadsThrough, RemoveError,
    StreamEnd, StreamEnds,
};
use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::file::{Format, OpenError};
use crate::log_file::{LogFile, Recent, newest_position};
use request::{Command, Removal, Request, prepare, weight};
use writer::Writer;

pub(crate) const FORMAT: Format = Format {
    file: "events.db",
    application_id: i32::from_be_bytes(*b"ANLE"),
    version: 3,
    schema: include_str!("schema/events.sql"),
    upgrades: &[include_str!("schema/events_2.sql"), include_str!("schema/events_3.sql")],
    page_size: 8192,
    durable: true,
    cache_kib: 32 * 1024,
    remedy: "run `annals verify` to see what is wrong, then restore it from a backup",
};

/// Encoding more records than this is taken off the async threads.
const ENCODE_INLINE_MAX: usize = 32;

/// How the event log works.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventLogSettings {
    /// Records of one transaction; one append may have more.
    pub transaction_records_max: usize,
    /// Bytes of one transaction; one append may have more.
    pub transaction_bytes_max: usize,
    /// Appends that may wait for the writer; further ones wait before they are taken on.
    pub waiting_appends_max: usize,
    /// Bytes of the appends that may wait.
    pub waiting_bytes_max: usize,
    /// The largest record, in its stored form.
    pub record_bytes_max: usize,
    /// Connections for reading.
    pub readers: usize,
    /// Pages in the write-ahead log from which on it is brought over when no append waits.
    pub checkpoint_pages_idle: u32,
    /// Pages in the write-ahead log from which on it is brought over though appends wait.
    pub checkpoint_pages_busy: u32,
}

impl Default for EventLogSettings {
    fn default() -> Self {
        Self {
            transaction_records_max: 4096,
            transaction_bytes_max: 8 << 20,
            waiting_appends_max: 4096,
            waiting_bytes_max: 64 << 20,
            record_bytes_max: 1 << 20,
            readers: 4,
            checkpoint_pages_idle: 1000,
            checkpoint_pages_busy: 4000,
        }
    }
}

/// The event log of one machine.
#[derive(Debug)]
pub struct SqliteEventLog {
    settings: EventLogSettings,
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    room: Arc<Semaphore>,
    file: LogFile,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteEventLog {
    /// Opens the log in a data directory, and makes it first where there is none.
    ///
    /// The caller holds the [`crate::DataDir`]: two writers on one file would stop each other.
    pub fn open(dir: &Path, settings: EventLogSettings) -> Result<Self, OpenError> {
        let connection = FORMAT.open(dir)?;
        let path = dir.join(FORMAT.file);
        let newest = newest_position(&connection)
            .map_err(|error| FORMAT.failed(&path, "looking for its newest record", error))?;
        let (commands, waiting) = mpsc::channel(settings.waiting_appends_max.max(1));
        let (head_sender, head) = watch::channel(newest);
        let recent = Recent::new(newest);
        let writer = Writer::new(connection, waiting, head_sender, recent.clone(), &settings);
        let thread = std::thread::Builder::new()
            .name("annals-log-writer".into())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::Thread { path: path.clone(), source })?;
        Ok(Self {
            commands: Mutex::new(Some(commands)),
            room: Arc::new(Semaphore::new(settings.waiting_bytes_max.clamp(1, MAX_ROOM))),
            file: LogFile::new(dir, &FORMAT, settings.readers, recent, head),
            writer: Mutex::new(Some(thread)),
            settings,
        })
    }

    /// Answers what was taken on, then closes the file. Later appends are refused.
    pub async fn close(&self) {
        let Some(thread) = self.begin_closing() else { return };
        if tokio::task::spawn_blocking(move || thread.join().is_err()).await.unwrap_or(true) {
            tracing::error!("the event log's writer ended by a panic");
        }
    }

    /// Without a sender the writer ends as soon as it has answered what waits.
    fn begin_closing(&self) -> Option<JoinHandle<()>> {
        lock(&self.commands).take();
        lock(&self.writer).take()
    }

    async fn send(&self, command: Command) -> Result<(), LogError> {
        let closing = || LogError::Unavailable { doing: "appending: it is closed", source: None };
        let commands = lock(&self.commands).clone().ok_or_else(closing)?;
        commands.send(command).await.map_err(|_| closing())
    }

    /// Runs something on the writer's connection, between two transactions.
    #[cfg(test)]
    async fn on_writer(&self, run: impl FnOnce(&rusqlite::Connection) + Send + 'static) {
        let (done, waiting) = oneshot::channel();
        let run = Box::new(move |connection: &rusqlite::Connection| {
            run(connection);
            let _ = done.send(());
        });
        self.send(Command::Run(run)).await.unwrap();
        waiting.await.unwrap();
    }
}

/// More permits a tokio semaphore does not have; as many bytes as anybody's memory.
const MAX_ROOM: usize = Semaphore::MAX_PERMITS;

impl Drop for SqliteEventLog {
    fn drop(&mut self) {
        if let Some(thread) = self.begin_closing()
            && thread.join().is_err()
        {
            tracing::error!("the event log's writer ended by a panic");
        }
    }
}

/// What these locks guard is whole whenever they are let go, also by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl EventLog for SqliteEventLog {
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError> {
        let unanswered =
            || LogError::Unavailable { doing: "appending: its writer stopped", source: None };
        let record_bytes_max = self.settings.record_bytes_max;
        let records: usize = batch.iter().map(|item| item.records.len()).sum();
        let items = if records > ENCODE_INLINE_MAX {
            tokio::task::spawn_blocking(move || prepare(batch, record_bytes_max))
                .await
                .map_err(|_| unanswered())?
        } else {
            prepare(batch, record_bytes_max)
        };
        let bytes = weight(&items);
        let room = bytes.min(self.settings.waiting_bytes_max).clamp(1, u32::MAX as usize) as u32;
        let room = Arc::clone(&self.room)
            .acquire_many_owned(room)
            .await
            .expect("the semaphore is never closed");
        let (reply, answer) = oneshot::channel();
        self.send(Command::Append(Request { items, records, bytes, reply, _room: room })).await?;
        answer.await.map_err(|_| unanswered())?
    }

    async fn remove(&self, run: EventId, events: &[Removable]) -> Result<u64, RemoveError> {
        if events.is_empty() {
            return Ok(0);
        }
        let (reply, answer) = oneshot::channel();
        let positions = events.iter().map(|event| event.position()).collect();
        self.send(Command::Remove(Removal { run, positions, reply })).await?;
        let doing = "removing records";
        let unanswered = |_| LogError::Unavailable { doing, source: None };
        Ok(answer.await.map_err(unanswered)??)
    }
}

impl ReadsThrough for SqliteEventLog {
    fn reader(&self) -> &dyn LogReader {
        &self.file
    }
}

#[async_trait]
impl StreamEnds for SqliteEventLog {
    async fn stream_ends(
        &self,
        up_to: Position,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamEnd>, LogError> {
        self.file.stream_ends(up_to, after, limit).await
    }
}

#[cfg(test)]
mod tests;
