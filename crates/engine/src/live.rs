//! Events as they come, from any place in the log.
//!
//! A subscriber who is behind reads the log for themselves, from their own position. At its head they
//! take a seat and are told together with all others. One who is too slow for that loses the seat
//! and reads on from where they are: nothing is lost, and nothing comes twice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::filter::{Filter, Scope};
use annals_domain::{Position, Recorded};
use tokio::time::Instant;

use crate::feed::FeedReader;
use crate::matching::Wanted;
use crate::opening::ReadError;
use crate::queries::Queries;
use crate::weight::weight;

mod hub;
mod queue;
mod telling;

pub(crate) use hub::Hub;
use hub::Seat;

/// An empty batch is sent after so long without a match, so that the subscriber's cursor advances
/// and both sides know that the other is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many events a subscriber looks at in one step: few when many match, more while none do.
const STEP_MIN: usize = 128;
const STEP_MAX: usize = 512;
/// How many steps somebody takes before it is the turn of the next.
const TURN_STEPS: usize = 16;
/// Whoever is no farther from the head takes a seat, and then reads up to where the seat begins.
const NEAR: u64 = 1024;
/// Ordinary events that a subscriber has read for themselves and that wait to be taken.
const WAITING_MAX: usize = 128;

/// A subscriber's view of the log.
pub struct LiveEvents {
    /// Stands at the position up to which everything was looked at.
    reader: FeedReader,
    wanted: Arc<Wanted>,
    batch_max: usize,
    heartbeat: Duration,
    step: usize,
    seat: Option<Seat>,
    /// Matches that were not taken yet, in order.
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
            wanted: Arc::new(Wanted::new(scope, filter)),
            batch_max: batch_max.max(1),
            heartbeat: HEARTBEAT,
            step: STEP_MIN,
            seat: None,
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
            if !self.is_seated() {
                self.read(deadline).await?;
            } else if !self.take() {
                continue;
            } else if let Some(seat) = self.seat.as_ref().filter(|_| self.waiting.is_empty()) {
                let news = tokio::time::timeout_at(deadline, seat.news());
                if news.await.is_ok() {
                    continue;
                }
                // Others may have been told since; then the cursor goes on.
                self.take();
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        Ok(self.batch())
    }

    /// Takes a seat if it is near. Whether everything is told from the seat by now.
    fn is_seated(&mut self) -> bool {
        if self.seat.is_none() && self.reader.backlog() <= NEAR {
            self.seat = Some(self.reader.hub().join(&self.wanted, &self.reader));
        }
        self.seat.as_ref().is_some_and(|seat| self.reader.position() >= seat.from)
    }

    /// Takes what was told; false when the seat is lost.
    fn take(&mut self) -> bool {
        let Some(seat) = &self.seat else { return false };
        let (taken, until) = seat.take(self.batch_max);
        // What was read before the seat was taken is told again.
        let after = self.reader.position();
        let new = taken.events.into_iter().filter(|recorded| recorded.position > after);
        self.waiting.extend(new);
        self.reader.move_to(until.unwrap_or_default().max(after));
        if taken.over {
            self.seat = None;
        }
        !taken.over
    }

    /// Reads for oneself until something matches or the seat, or its neighbourhood, is reached.
    async fn read(&mut self, deadline: Instant) -> Result<(), ReadError> {
        let hub = Arc::clone(self.reader.hub());
        let _turn = hub.turn().await;
        for _ in 0..TURN_STEPS {
            let events = self.reader.next(self.step).await?;
            self.look_at(events);
            if !self.waiting.is_empty() || self.is_seated() || Instant::now() >= deadline {
                break;
            }
            // Whoever looks for little in much must leave the thread to others in between.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Keeps what matches, as far as there is room; what is beyond is read again.
    fn look_at(&mut self, events: Vec<Recorded>) {
        let mut room = WAITING_MAX;
        for recorded in events.into_iter().filter(|event| self.wanted.holds(&event.event)) {
            let weight = weight(&recorded.event);
            if weight > room && !self.waiting.is_empty() {
                let last = self.waiting.back().map(|kept| kept.position);
                self.reader.move_to(last.unwrap_or_default());
                break;
            }
            room = room.saturating_sub(weight);
            self.waiting.push_back(recorded);
        }
        self.step = match self.waiting.is_empty() {
            true => (2 * self.step).min(STEP_MAX),
            false => STEP_MIN,
        };
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
