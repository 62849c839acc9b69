//! How a rebuild stands.

use std::time::Duration;

use annals_domain::Position;
use jiff::Timestamp;
use tokio::time::Instant;

/// Where a rebuild stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebuildState {
    /// There was none since the service started.
    None,
    /// It is under way.
    Running,
    /// The new index answers.
    Done,
    /// It ended without one; the index that was there still answers.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The service stopped; it goes on at the next start.
    Interrupted,
}

/// How a rebuild stands, and how fast it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RebuildStatus {
    /// Where it stands.
    pub state: RebuildState,
    /// Up to here everything is in the new index.
    pub position: Position,
    /// Where the log ends.
    pub head: Position,
    /// About how many events were taken in since it began, or was gone on with.
    pub events: u64,
    /// About how many are left.
    pub left: u64,
    /// How many it takes in a second.
    pub events_per_second: f64,
    /// When it began, or was gone on with.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub cause: Option<String>,
    began: Option<Instant>,
}

impl RebuildStatus {
    /// There was none yet.
    pub(crate) fn none() -> Self {
        Self {
            state: RebuildState::None,
            position: Position::START,
            head: Position::START,
            events: 0,
            left: 0,
            events_per_second: 0.0,
            started_at: None,
            ended_at: None,
            cause: None,
            began: None,
        }
    }

    pub(super) fn beginning(position: Position, head: Position) -> Self {
        Self {
            state: RebuildState::Running,
            position,
            head,
            started_at: Some(Timestamp::now()),
            began: Some(Instant::now()),
            ..Self::none()
        }
    }

    /// It has come so far.
    pub(super) fn step(&mut self, position: Position, head: Position, left: u64, events: u64) {
        self.position = position;
        self.head = head;
        self.left = left;
        self.events = events;
        let seconds = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        self.events_per_second = if seconds > 0.0 { events as f64 / seconds } else { 0.0 };
    }

    pub(super) fn end(&mut self, state: RebuildState, cause: Option<String>) {
        self.state = state;
        self.cause = cause;
        self.ended_at = Some(Timestamp::now());
    }

    /// About how long it still takes; unknown while it does not run, and at its very beginning.
    pub fn remaining(&self) -> Option<Duration> {
        let is_known = self.state == RebuildState::Running && self.events_per_second > 0.0;
        let seconds = is_known.then(|| self.left as f64 / self.events_per_second)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// About when it ends.
    pub fn estimated_end(&self, now: Timestamp) -> Option<Timestamp> {
        let remaining = jiff::SignedDuration::try_from(self.remaining()?).ok()?;
        now.checked_add(remaining).ok()
    }

    /// About how much is done, of a hundred; not more than 99 before it has ended well.
    pub fn percent(&self) -> u8 {
        match self.state {
            RebuildState::Done => 100,
            _ if self.head == Position::START => 0,
            _ => (self.position.0.saturating_mul(100) / self.head.0.max(1)).min(99) as u8,
        }
    }
}

#[cfg(test)]
mod tests;
