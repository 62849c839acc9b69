//! Events as they come, from any place in the log.

use std::collections::VecDeque;
use std::time::Duration;

use annals_domain::filter::{Filter, Scope};
use annals_domain::{Position, Recorded};
use tokio::time::Instant;

use crate::feed::FeedReader;
use crate::matching::Wanted;
use crate::opening::ReadError;
use crate::queries::Queries;

/// An empty batch is sent after so long without a match, so that the subscriber's cursor advances
/// and both sides know that the other is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many events are looked at in one step.
const STEP: usize = 512;

/// A subscriber's view of the log.
pub struct LiveEvents {
    reader: FeedReader,
    wanted: Wanted,
    batch_max: usize,
    heartbeat: Duration,
    /// Matches beyond the last batch, in order.
    waiting: VecDeque<Recorded>,
}

/// Some matching events, and where to go on.
#[derive(Debug, Clone)]
pub struct LiveBatch {
    /// In order of position; empty in a heartbeat.
    pub events: Vec<Recorded>,
    /// Everything up to here was sent or does not match.
    pub cursor: Position,
    /// About how many events lie between the cursor and the head of the log.
    pub backlog: u64,
}

impl Queries {
    /// Matching events after a position (from now on when there is none), each exactly once, in
    /// order, in batches of at most `batch_max`.
    pub fn live(
        &self,
        scope: &Scope,
        filter: Filter,
        after: Option<Position>,
        batch_max: usize,
    ) -> LiveEvents {
        LiveEvents {
            reader: self.follow(after),
            wanted: Wanted::new(scope, filter),
            batch_max: batch_max.max(1),
            heartbeat: HEARTBEAT,
            waiting: VecDeque::new(),
        }
    }
}

impl LiveEvents {
    /// The same with another time between a batch and the empty batch after it.
    pub fn with_heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// Waits for matches, or for the time of a heartbeat. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<LiveBatch, ReadError> {
        let deadline = Instant::now() + self.heartbeat;
        while self.waiting.is_empty() {
            let Ok(events) = tokio::time::timeout_at(deadline, self.reader.next(STEP)).await else {
                return Ok(self.batch());
            };
            let wanted = |event: &Recorded| self.wanted.holds(&event.event);
            self.waiting.extend(events?.into_iter().filter(wanted));
            // Whoever looks for little in much must leave the thread to others in between.
            tokio::task::yield_now().await;
        }
        Ok(self.batch())
    }

    fn batch(&mut self) -> LiveBatch {
        let count = self.waiting.len().min(self.batch_max);
        let events: Vec<Recorded> = self.waiting.drain(..count).collect();
        let cursor = match (self.waiting.is_empty(), events.last()) {
            (false, Some(last)) => last.position,
            _ => self.reader.position(),
        };
        let backlog = self.reader.backlog_from(cursor);
        LiveBatch { events, cursor, backlog }
    }
}
