//! What one receiver is sent next. Pure.
//!
//! Lanes go one message after the other, in the order of the log; a lane never overtakes itself. As many
//! messages are on their way to one receiver as it has room for, and no more are in memory than were asked
//! for at once.

use std::collections::{HashSet, VecDeque};

use annals_ports::outbox::{AttemptOutcome, Pending};
use jiff::Timestamp;

/// One receiver.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// What is due, in order of position.
    ready: VecDeque<Pending>,
    /// Lanes of which a message is on its way.
    busy: HashSet<String>,
    /// When it took something last, as far as this node knows.
    took_at: Option<Timestamp>,
}

impl Bucket {
    /// Whether it is worth looking for more.
    pub(super) fn wants_more(&self, in_flight_max: usize) -> bool {
        self.ready.is_empty() && self.busy.len() < in_flight_max
    }

    /// What is due. Nothing may be ready; of lanes that are busy nothing is taken.
    pub(super) fn offer(&mut self, due: Vec<Pending>) {
        let free = due.into_iter().filter(|pending| !self.busy.contains(&pending.lane));
        self.ready = free.collect();
    }

    /// The next message to send, if one may be.
    pub(super) fn start(&mut self, in_flight_max: usize) -> Option<Pending> {
        if self.busy.len() >= in_flight_max {
            return None;
        }
        let place = self.ready.iter().position(|pending| !self.busy.contains(&pending.lane))?;
        let pending = self.ready.remove(place)?;
        self.busy.insert(pending.lane.clone());
        Some(pending)
    }

    /// A message of the lane has ended, and that is written down.
    pub(super) fn ended(&mut self, lane: &str, outcome: AttemptOutcome, at: Timestamp) {
        self.busy.remove(lane);
        match outcome {
            // What comes after it must not go before it.
            AttemptOutcome::Again(_) => self.ready.retain(|pending| pending.lane != lane),
            AttemptOutcome::Delivered => self.took_at = self.took_at.max(Some(at)),
            AttemptOutcome::GivenUp => {}
        }
    }

    /// Whether it took no message since a time.
    pub(super) fn took_nothing_since(&self, since: Timestamp) -> bool {
        self.took_at.is_none_or(|at| at < since)
    }

    /// Whether nothing would be lost without it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty() && self.took_at.is_none()
    }
}

#[cfg(test)]
mod tests;
