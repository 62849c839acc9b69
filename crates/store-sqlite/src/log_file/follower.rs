//! Following the log: waits for the durable head to move, then takes what is new from memory, or
//! reads it when it is no longer there.

use annals_domain::Position;
use annals_ports::{Follower, LogEntry, LogError};
use async_trait::async_trait;
use tokio::sync::watch;

use super::reading::{self, Reader};
use super::recent::Recent;

/// About how much a follower is given at once, whatever it asks for.
const BYTES_MAX: usize = 8 << 20;

/// One reader of the whole log. Records are committed in order of position, so what it reads after its
/// place is complete.
pub(super) struct SqliteFollower {
    reader: Reader,
    recent: Recent,
    head: watch::Receiver<Position>,
    after: Position,
}

impl SqliteFollower {
    pub(super) fn new(
        reader: Reader,
        recent: Recent,
        head: watch::Receiver<Position>,
        after: Position,
    ) -> Self {
        Self { reader, recent, head, after }
    }
}

#[async_trait]
impl Follower for SqliteFollower {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        let doing = "following the log";
        let limit = limit.max(1);
        loop {
            let after = self.after;
            let head = *self
                .head
                .wait_for(|head| *head > after)
                .await
                .map_err(|_| LogError::Unavailable { doing, source: None })?;
            let mut entries = self.recent.after(after, limit);
            if entries.is_empty() {
                entries = self
                    .reader
                    .run(doing, move |connection| reading::all(connection, after, limit, BYTES_MAX))
                    .await?;
            }
            // Only here, after the last wait, so that a dropped call loses nothing. Where nothing is
            // left up to the head, it was deleted.
            self.after = entries.last().map_or(head, |last| last.position);
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
    }
}
