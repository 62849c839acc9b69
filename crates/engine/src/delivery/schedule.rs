//! Which delivery is tried next, and up to where everything is done. Pure.
//!
//! Deliveries to one person through one channel form a lane and go one after the other, in the order
//! of the log. Lanes do not wait for each other: one that rests after a failure takes no room.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::profile::PersonRef;
use annals_ports::{Delivery, DeliveryError};

use super::backoff;
use crate::settings::DeliverySettings;

/// How many deliveries may lie between the oldest that is not done and the newest. So much is kept in
/// memory at most, and repeated at most by the node that goes on.
const WINDOW_MAX: u64 = 4096;

/// Deliveries to one person through one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Which of the channels.
    pub(super) channel: usize,
    pub(super) person: PersonRef,
}

/// What became of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    /// It is tried again after this rest; the caller says when that is over.
    Again(Duration),
    /// It is given up.
    Parked,
}

/// What is to be delivered, and what is done.
pub(super) struct Schedule {
    attempts_max: u32,
    in_flight_max: usize,
    lanes: HashMap<Lane, Waiting>,
    /// In the order of the channels, each with room of its own, so that none waits for another.
    channels: Vec<Queue>,
    /// Events of which a delivery is not done.
    open: BTreeMap<Position, Open>,
    read_to: Position,
    /// How many deliveries there were so far.
    count: u64,
}

/// What may be tried on one channel, and what is.
#[derive(Clone, Default)]
struct Queue {
    /// Lanes whose next delivery may be tried.
    ready: VecDeque<Lane>,
    under_way: usize,
}

/// The deliveries of one lane. The first is the one that is tried.
#[derive(Default)]
struct Waiting {
    deliveries: VecDeque<Arc<Delivery>>,
    /// How often the first one was tried.
    attempts: u32,
}

struct Open {
    /// Where everything before it ends.
    before: Position,
    /// How many of its deliveries are not done.
    left: usize,
    /// How many deliveries there were before it.
    number: u64,
}

impl Schedule {
    /// A schedule for so many channels that begins after a position.
    pub(super) fn new(channels: usize, start: Position, settings: &DeliverySettings) -> Self {
        Self {
            attempts_max: settings.attempts_max,
            in_flight_max: settings.in_flight_max,
            lanes: HashMap::new(),
            channels: vec![Queue::default(); channels],
            open: BTreeMap::new(),
            read_to: start,
            count: 0,
        }
    }

    /// Adds the deliveries of one event, each with its channel. Positions rise.
    pub(super) fn add(&mut self, position: Position, deliveries: Vec<(usize, Delivery)>) {
        if !deliveries.is_empty() {
            let (before, left) = (self.read_to, deliveries.len());
            self.open.insert(position, Open { before, left, number: self.count });
            self.count += left as u64;
        }
        for (channel, delivery) in deliveries {
            let person =
                PersonRef { tenant: delivery.tenant.clone(), id: delivery.recipient.clone() };
            let lane = Lane { channel, person };
            let waiting = self.lanes.entry(lane.clone()).or_default();
            waiting.deliveries.push_back(Arc::new(delivery));
            if waiting.deliveries.len() == 1 {
                self.channels[channel].ready.push_back(lane);
            }
        }
        self.read_to = position;
    }

    /// Nothing more comes up to this position.
    pub(super) fn read_to(&mut self, position: Position) {
        self.read_to = self.read_to.max(position);
    }

    /// Whether more events may be added.
    pub(super) fn has_room(&self) -> bool {
        let oldest = self.open.first_key_value().map_or(self.count, |(_, open)| open.number);
        self.count - oldest < WINDOW_MAX
    }

    /// Up to here everything is delivered or parked.
    pub(super) fn done(&self) -> Position {
        self.open.first_key_value().map_or(self.read_to, |(_, open)| open.before)
    }

    /// How many attempts are under way.
    pub(super) fn under_way(&self) -> usize {
        self.channels.iter().map(|queue| queue.under_way).sum()
    }

    /// The next delivery to try, if one may be.
    pub(super) fn start(&mut self) -> Option<(Lane, Arc<Delivery>)> {
        let in_flight_max = self.in_flight_max;
        let may_start =
            |queue: &&mut Queue| queue.under_way < in_flight_max && !queue.ready.is_empty();
        let queue = self.channels.iter_mut().find(may_start)?;
        let lane = queue.ready.pop_front()?;
        let first = self.lanes.get(&lane)?.deliveries.front()?;
        queue.under_way += 1;
        Some((lane.clone(), Arc::clone(first)))
    }

    /// An attempt has ended. Of a lane that rests, nothing is tried until [`Schedule::rested`].
    pub(super) fn tried(&mut self, lane: Lane, outcome: Result<(), &DeliveryError>) -> Verdict {
        self.channels[lane.channel].under_way -= 1;
        let waiting = self.lanes.get_mut(&lane).expect("a lane under way has deliveries");
        waiting.attempts += 1;
        let verdict = match outcome {
            Ok(()) => Verdict::Delivered,
            Err(error) if error.permanent || waiting.attempts >= self.attempts_max => {
                Verdict::Parked
            }
            Err(error) => {
                let id = waiting.deliveries.front().map(|delivery| delivery.id);
                return Verdict::Again(backoff::rest(
                    id.unwrap_or_default(),
                    waiting.attempts,
                    error,
                ));
            }
        };
        waiting.attempts = 0;
        if let Some(first) = waiting.deliveries.pop_front() {
            self.close(first.position);
        }
        self.go_on(lane);
        verdict
    }

    /// The rest of a lane is over.
    pub(super) fn rested(&mut self, lane: Lane) {
        self.channels[lane.channel].ready.push_back(lane);
    }

    fn go_on(&mut self, lane: Lane) {
        if self.lanes.get(&lane).is_some_and(|waiting| waiting.deliveries.is_empty()) {
            self.lanes.remove(&lane);
        } else {
            self.rested(lane);
        }
    }

    fn close(&mut self, position: Position) {
        if let Some(open) = self.open.get_mut(&position) {
            open.left -= 1;
            if open.left == 0 {
                self.open.remove(&position);
            }
        }
    }
}

#[cfg(test)]
mod tests;
