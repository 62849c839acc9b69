//! Following the log from a place of one's own, through the feed while that reaches back so far.

use std::sync::Arc;

use annals_domain::{Position, Recorded};
use annals_ports::EventLog;
use tokio::sync::watch;

use super::{Feed, READ_MAX, Recent};
use crate::live::Hub;
use crate::opening::{Opener, ReadError};
use crate::reading::{Opened, read_after};

/// Follows the log from one reader's own position.
pub struct FeedReader {
    feed: Arc<Feed>,
    log: Arc<dyn EventLog>,
    opener: Opener,
    position: Position,
    news: watch::Receiver<Position>,
}

impl FeedReader {
    pub(crate) fn new(
        feed: Arc<Feed>,
        log: Arc<dyn EventLog>,
        opener: Opener,
        after: Position,
    ) -> Self {
        let news = feed.watch();
        Self { feed, log, opener, position: after, news }
    }

    /// Where this reader is: everything up to here was returned, or is damaged.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Another reader of the same, at the head.
    pub(crate) fn at_head(&self) -> Self {
        let after = self.feed.head();
        Self::new(Arc::clone(&self.feed), Arc::clone(&self.log), self.opener.clone(), after)
    }

    /// Goes to another place: on, because what lies between is known, or back.
    pub(crate) fn move_to(&mut self, position: Position) {
        self.position = position;
    }

    /// Where those who follow are told together.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.feed.live
    }

    /// About how many events lie between this reader and the head; exactly none, or at least one.
    pub fn backlog(&self) -> u64 {
        self.backlog_from(self.position)
    }

    /// The same from an earlier position.
    pub(crate) fn backlog_from(&self, position: Position) -> u64 {
        distance(&*self.log, position, self.feed.head())
    }

    /// Whether what comes next is no longer in memory.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(self.feed.some_recent(self.position, 1), Recent::Behind(_))
    }

    /// Goes on behind what was read elsewhere.
    pub(crate) fn skip_to(&mut self, position: Position) {
        self.position = self.position.max(position);
    }

    /// The log that is followed, and what opens its records.
    pub(crate) fn parts(&self) -> (Arc<dyn EventLog>, Opener) {
        (Arc::clone(&self.log), self.opener.clone())
    }

    /// Waits until there is more in the log and returns up to `limit` events of it; none, when the
    /// position has only moved past damaged records. Dropping the future loses nothing.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let limit = limit.max(1);
        loop {
            self.news.borrow_and_update();
            let Opened { events, end } = match self.feed.some_recent(self.position, limit) {
                Recent::Events(chunks, head) => take(&chunks, self.position, head, limit),
                Recent::Behind(head) => self.read(head, limit).await?,
            };
            if end > self.position {
                self.position = end;
                return Ok(events);
            }
            // The feed lives as long as its readers, so this cannot fail.
            let _ = self.news.changed().await;
        }
    }

    /// Reads the log itself.
    async fn read(&self, head: Position, limit: usize) -> Result<Opened, ReadError> {
        let limit = limit.min(READ_MAX);
        let read = read_after(&*self.log, &self.opener, self.position, limit).await?;
        // What the feed once had is there no more: there is nothing up to its head.
        let end = if read.end == self.position { head } else { read.end };
        Ok(Opened { end, ..read })
    }
}

/// About how many events lie between two positions; exactly none, or at least one.
pub(crate) fn distance(log: &dyn EventLog, from: Position, to: Position) -> u64 {
    to.0.saturating_sub(from.0).div_ceil(log.positions_per_event().max(1))
}

/// Up to `limit` events after a position. Fewer mean that there are no more up to the head.
fn take(chunks: &[Arc<[Recorded]>], after: Position, head: Position, limit: usize) -> Opened {
    let older = chunks.first().map_or(0, |chunk| chunk.partition_point(|e| e.position <= after));
    let newer = chunks.iter().flat_map(|chunk| chunk.iter()).skip(older);
    let events: Vec<Recorded> = newer.take(limit).cloned().collect();
    let end = match events.last() {
        Some(last) if events.len() == limit => last.position,
        _ => head,
    };
    Opened { events, end }
}
