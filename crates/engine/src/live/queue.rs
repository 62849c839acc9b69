//! What was found for one subscriber and waits for them: bounded, so that one who is slow takes no
//! more memory than the others. What does not fit in ends the queue, and its subscriber reads the log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_domain::{Position, Recorded};
use tokio::sync::Notify;

pub(super) struct Queue {
    held: Mutex<Held>,
    news: Notify,
    weight_max: usize,
}

#[derive(Default)]
struct Held {
    /// Each with its weight.
    events: VecDeque<(Recorded, usize)>,
    weight: usize,
    /// Nothing is added any more.
    ended: bool,
}

/// What was taken out of a queue.
pub(super) struct Taken {
    /// In order of position.
    pub(super) events: Vec<Recorded>,
    /// Whether the queue is empty; it then holds everything that was found up to now.
    pub(super) all: bool,
    /// Whether the queue has ended, and nothing of it is left.
    pub(super) over: bool,
}

impl Queue {
    /// An empty queue that holds so many ordinary events.
    pub(super) fn new(weight_max: usize) -> Self {
        Self { held: Mutex::default(), news: Notify::new(), weight_max }
    }

    /// Adds events in order of position, each with its weight; false when they do not fit in. Then
    /// the queue has ended, and its first events are all that it was told of up to the last of them.
    pub(super) fn push<'a>(&self, events: impl Iterator<Item = (&'a Recorded, usize)>) -> bool {
        let mut held = self.lock();
        for (event, weight) in events {
            // An event that is larger than the queue has it to itself.
            if held.ended || (held.weight + weight > self.weight_max && !held.events.is_empty()) {
                held.ended = true;
                break;
            }
            held.weight += weight;
            held.events.push_back((event.clone(), weight));
        }
        let fits = !held.ended;
        drop(held);
        self.news.notify_one();
        fits
    }

    /// Puts other forms of events in their places. They weigh what they did: none is larger for it.
    pub(super) fn replace(&self, anew: &HashMap<Position, Recorded>) {
        let mut held = self.lock();
        for (event, _) in &mut held.events {
            if let Some(other) = anew.get(&event.position) {
                *event = other.clone();
            }
        }
    }

    /// Ends the queue; what is in it can still be taken.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.news.notify_one();
    }

    /// Takes up to so many events.
    pub(super) fn take(&self, limit: usize) -> Taken {
        let mut held = self.lock();
        let count = limit.min(held.events.len());
        let mut freed = 0;
        let events = held.events.drain(..count).map(|(event, weight)| {
            freed += weight;
            event
        });
        let events = events.collect();
        held.weight -= freed;
        let empty = held.events.is_empty();
        Taken { events, all: empty && !held.ended, over: empty && held.ended }
    }

    /// Waits until something was added since the last time, or the queue has ended.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Up to where the subscriber has been told everything, when all seats were told up to `seen`
    /// before this was taken.
    pub(super) fn told_until(&self, seen: Position) -> Option<Position> {
        let last = self.events.last().map(|event| event.position);
        if self.all { last.max(Some(seen)) } else { last }
    }
}

#[cfg(test)]
mod tests;
