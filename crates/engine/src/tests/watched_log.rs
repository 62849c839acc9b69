//! An event log in memory that counts appends and can lose the ability to read some records.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use annals_domain::lifecycle::Removable;
use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::memory::MemoryEventLog;
use annals_ports::{
    AppendError, AppendItem, Appended, Direction, EventLog, Follower, LogEntry, LogError,
    LogHealth, LogReader, Removal, RemoveError,
};
use annals_record::DecodeError;
use async_trait::async_trait;
use tokio::sync::watch;

pub(crate) struct WatchedLog {
    pub(super) memory: MemoryEventLog,
    /// How many items each append had; told before the append is done.
    pub(super) appends: watch::Sender<Vec<usize>>,
    /// Positions whose records cannot be decoded.
    pub(crate) corrupt: Arc<Mutex<BTreeSet<Position>>>,
    /// So many reads of followers fail.
    pub(super) failing_follows: Arc<Mutex<Vec<LogError>>>,
    /// How often the whole log was read by position.
    pub(super) reads: watch::Sender<usize>,
    away: AtomicBool,
}

impl Default for WatchedLog {
    fn default() -> Self {
        Self {
            memory: MemoryEventLog::new(),
            appends: watch::Sender::default(),
            corrupt: Arc::default(),
            failing_follows: Arc::default(),
            reads: watch::Sender::default(),
            away: AtomicBool::new(false),
        }
    }
}

impl WatchedLog {
    /// From now on, or no longer, it takes no appends and says so.
    pub(super) fn away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

fn first_corrupt(
    corrupt: &Mutex<BTreeSet<Position>>,
    entries: Vec<LogEntry>,
) -> Result<Vec<LogEntry>, LogError> {
    let corrupt = corrupt.lock().unwrap();
    match entries.iter().find(|entry| corrupt.contains(&entry.position)) {
        None => Ok(entries),
        Some(entry) => {
            let source = DecodeError::Malformed("a test wanted it");
            Err(LogError::Corrupt { position: entry.position, source })
        }
    }
}

#[async_trait]
impl EventLog for WatchedLog {
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError> {
        self.appends.send_modify(|appends| appends.push(batch.len()));
        if self.away.load(Ordering::SeqCst) {
            return Err(LogError::Unavailable { doing: "appending", source: None });
        }
        self.memory.append(batch).await
    }

    async fn remove(&self, run: EventId, events: &[Removable]) -> Result<u64, RemoveError> {
        self.memory.remove(run, events).await
    }

    fn removal(&self) -> Removal {
        self.memory.removal()
    }

    async fn removed_elsewhere(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        self.memory.removed_elsewhere(limit).await
    }

    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        self.memory.forget(positions).await
    }

    fn health(&self) -> LogHealth {
        let away = self.away.load(Ordering::SeqCst);
        LogHealth { trouble: away.then(|| "a test wanted it".into()), ..LogHealth::default() }
    }
}

#[async_trait]
impl LogReader for WatchedLog {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        self.memory.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        self.reads.send_modify(|reads| *reads += 1);
        first_corrupt(&self.corrupt, self.memory.read_all(after, limit).await?)
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        self.memory.read_at(positions).await
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        self.memory.find(tenant, id).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.memory.head().await
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        Box::new(WatchedFollower {
            memory: self.memory.clone(),
            after,
            corrupt: Arc::clone(&self.corrupt),
            failing: Arc::clone(&self.failing_follows),
        })
    }
}

struct WatchedFollower {
    memory: MemoryEventLog,
    after: Position,
    corrupt: Arc<Mutex<BTreeSet<Position>>>,
    failing: Arc<Mutex<Vec<LogError>>>,
}

#[async_trait]
impl Follower for WatchedFollower {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        let entries = self.memory.follow(self.after).next(limit).await?;
        if let Some(error) = self.failing.lock().unwrap().pop() {
            return Err(error);
        }
        let entries = first_corrupt(&self.corrupt, entries)?;
        self.after = entries.last().map_or(self.after, |entry| entry.position);
        Ok(entries)
    }
}
