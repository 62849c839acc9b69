//! Where a projector takes events from: the feed, or, far behind it, the log read ahead.

use annals_domain::{Position, Recorded};

use crate::feed::FeedReader;
use crate::opening::ReadError;
use crate::reading::{Opened, ReadAhead};

/// From so many batches on it is worth reading ahead.
const FAR_BATCHES: u64 = 4;

/// Follows the log from one place.
pub(super) struct Source {
    reader: FeedReader,
    limit: usize,
    ahead: Option<ReadAhead>,
}

impl Source {
    pub(super) fn new(reader: FeedReader, limit: usize) -> Self {
        Self { reader, limit: limit.max(1), ahead: None }
    }

    /// Everything up to here was returned, or is damaged.
    pub(super) fn position(&self) -> Position {
        self.reader.position()
    }

    /// About how many events lie between here and the head.
    pub(super) fn backlog(&self) -> u64 {
        self.reader.backlog()
    }

    /// The same from an earlier position.
    pub(super) fn backlog_from(&self, position: Position) -> u64 {
        self.reader.backlog_from(position)
    }

    /// Whether the log is read ahead.
    pub(super) fn is_far_behind(&self) -> bool {
        self.ahead.is_some()
    }

    /// Waits until there is more in the log and returns the next batch of it. Dropping the future
    /// loses nothing.
    pub(super) async fn next(&mut self) -> Result<Vec<Recorded>, ReadError> {
        let is_far = self.backlog() > FAR_BATCHES * self.limit as u64 && self.reader.is_behind();
        if !is_far {
            self.ahead = None;
        } else if self.ahead.is_none() {
            let (log, opener) = self.reader.parts();
            self.ahead = Some(ReadAhead::start(log, opener, self.position(), self.limit));
        }
        if let Some(ahead) = &mut self.ahead {
            match ahead.next().await {
                Some(Ok(Opened { events, end })) => {
                    self.reader.skip_to(end);
                    return Ok(events);
                }
                Some(Err(error)) => {
                    self.ahead = None;
                    return Err(error);
                }
                // That was all there was when it was read.
                None => self.ahead = None,
            }
        }
        self.reader.next(self.limit).await
    }
}
