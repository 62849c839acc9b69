//! A log that says of itself what a test wants.

use std::sync::Mutex;

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::memory::MemoryEventLog;
use annals_ports::{
    AppendError, AppendItem, Appended, Direction, EventLog, Follower, LogEntry, LogError,
    LogHealth, LogReader,
};
use async_trait::async_trait;

/// Does what the log in it does, but for what it tells of its health.
pub(crate) struct AilingLog {
    log: MemoryEventLog,
    health: Mutex<LogHealth>,
}

impl AilingLog {
    pub(crate) fn new(log: MemoryEventLog) -> Self {
        Self { log, health: Mutex::default() }
    }

    /// Lets it say this from now on.
    pub(crate) fn says(&self, trouble: Option<&str>, catching_up: bool) {
        let trouble = trouble.map(str::to_owned);
        *self.health.lock().unwrap() = LogHealth { trouble, catching_up, incomplete: false };
    }

    /// Lets it say that it is read from a copy which has never been whole.
    pub(crate) fn says_that_it_is_incomplete(&self) {
        *self.health.lock().unwrap() =
            LogHealth { trouble: None, catching_up: true, incomplete: true };
    }
}

#[async_trait]
impl EventLog for AilingLog {
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError> {
        self.log.append(batch).await
    }

    fn health(&self) -> LogHealth {
        self.health.lock().unwrap().clone()
    }
}

#[async_trait]
impl LogReader for AilingLog {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        self.log.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        self.log.read_all(after, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        self.log.read_at(positions).await
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        self.log.find(tenant, id).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        self.log.follow(after)
    }
}
