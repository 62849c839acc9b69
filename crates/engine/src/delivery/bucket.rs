//! What one receiver is sent next. Pure.
//!
//! Lanes go one message after the other, in the order of the log; a lane never overtakes itself. As many
//! messages are on their way to one receiver as it has room for, and of no lane are more in memory than were
//! asked for at once. A lane with a thousand messages holds up none that has one.

use std::collections::{HashSet, VecDeque};

use annals_ports::outbox::{AttemptOutcome, Pending};
use jiff::{SignedDuration, Timestamp};

/// Messages that are asked for at once.
pub(super) const PAGE: usize = 256;
/// How often it is looked beyond lanes of which a whole page or more is due: that reads over all of them.
const LOOK_BEYOND_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// One receiver.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// What is due, in order of position.
    ready: VecDeque<Pending>,
    /// Lanes of which a message is on its way.
    busy: HashSet<String>,
    /// A whole page came, and some of it is still ready: there may be many more.
    crowded: bool,
    /// When it was looked for more.
    looked: Option<Timestamp>,
}

impl Bucket {
    /// Lanes without which it is worth asking for more now; none when it is not: there is no room, or
    /// something may be sent already.
    pub(super) fn wants(&mut self, in_flight_max: usize, now: Timestamp) -> Option<Vec<String>> {
        let may_start = |pending: &Pending| !self.busy.contains(&pending.lane);
        if self.busy.len() >= in_flight_max || self.ready.iter().any(may_start) {
            return None;
        }
        self.crowded &= !self.ready.is_empty();
        let looked = self.looked.filter(|at| now.duration_since(*at) < LOOK_BEYOND_EVERY);
        if self.crowded && looked.is_some() {
            return None;
        }
        self.looked = Some(now);
        Some(self.busy.iter().cloned().collect())
    }

    /// What is due of the lanes that were asked for, up to a page.
    pub(super) fn offer(&mut self, due: Vec<Pending>) {
        self.crowded |= due.len() >= PAGE;
        self.ready.extend(due);
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
    pub(super) fn ended(&mut self, lane: &str, outcome: AttemptOutcome) {
        self.busy.remove(lane);
        if matches!(outcome, AttemptOutcome::Again(_)) {
            // What comes after it must not go before it.
            self.ready.retain(|pending| pending.lane != lane);
        }
        // More of it may be due.
        if !self.ready.iter().any(|pending| pending.lane == lane) {
            self.looked = None;
        }
    }

    /// Whether nothing would be lost without it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty()
    }
}

#[cfg(test)]
mod tests;
