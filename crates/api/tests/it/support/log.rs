//! A log that says of itself what a test wants.

use std::sync::Mutex;

use annals_ports::memory::MemoryEventLog;
use annals_ports::{
    AppendError, AppendItem, Appended, EventLog, LogError, LogHealth, LogReader, ReadsThrough,
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

impl ReadsThrough for AilingLog {
    fn reader(&self) -> &dyn LogReader {
        &self.log
    }
}
