//! The newest events, opened once and kept in memory for everyone who follows the log.
//!
//! One actor follows the log and puts what comes into a ring of bounded size. Projections, live
//! readers and search take it from there. Whoever falls behind the ring reads the log itself, from
//! their own position: nothing is lost, nothing is sampled, and no queue grows.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use annals_domain::{Position, Recorded};
use tokio::sync::watch;

use crate::live::Hub;
use crate::weight::weight;

mod filling;
mod reader;

pub(crate) use filling::FeedActor;
pub use reader::FeedReader;
pub(crate) use reader::distance;

/// How many entries are read from the log at once.
const READ_MAX: usize = 1024;

/// The newest events of the log.
pub(crate) struct Feed {
    ring: RwLock<Ring>,
    head: watch::Sender<Position>,
    weight_max: usize,
    /// Where subscribers are told together.
    live: Arc<Hub>,
}

/// Events in chunks, so that a reader takes hold of many at the price of one.
struct Ring {
    chunks: VecDeque<Chunk>,
    weight: usize,
    /// The ring holds every event after this position …
    after: Position,
    /// … up to this one.
    head: Position,
}

struct Chunk {
    events: Arc<[Recorded]>,
    weight: usize,
}

impl Chunk {
    fn of(events: Vec<Recorded>) -> Self {
        let weight = events.iter().map(|recorded| weight(&recorded.event)).sum();
        Self { events: events.into(), weight }
    }

    fn last(&self) -> Position {
        self.events.last().map_or(Position::START, |event| event.position)
    }
}

/// What the ring has after some position.
pub(crate) enum Recent {
    /// These events, in chunks, of which the first may begin earlier, and the head that they reach
    /// up to if they were not cut short.
    Events(Vec<Arc<[Recorded]>>, Position),
    /// The ring begins later; this is its head.
    Behind(Position),
}

impl Feed {
    /// A feed that begins at the head of the log. It keeps so many ordinary events.
    pub(crate) fn starting_at(head: Position, weight_max: usize) -> Self {
        let ring = Ring { chunks: VecDeque::new(), weight: 0, after: head, head };
        let live = Arc::new(Hub::beside(weight_max));
        Self { ring: RwLock::new(ring), head: watch::Sender::new(head), weight_max, live }
    }

    /// Newest position in the feed.
    pub(crate) fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Tells of every new head.
    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    /// The events after a position, up to the head.
    pub(crate) fn recent(&self, after: Position) -> Recent {
        self.some_recent(after, usize::MAX)
    }

    /// At least `limit` events after a position, if there are so many.
    pub(crate) fn some_recent(&self, after: Position, limit: usize) -> Recent {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if after < ring.after {
            return Recent::Behind(ring.head);
        }
        let first = ring.chunks.partition_point(|chunk| chunk.last() <= after);
        let mut chunks = Vec::new();
        let mut events = 0;
        for chunk in ring.chunks.range(first..) {
            if events >= limit {
                break;
            }
            // All chunks but the first lie wholly after the position.
            let older = match chunks.is_empty() {
                true => chunk.events.partition_point(|event| event.position <= after),
                false => 0,
            };
            events += chunk.events.len() - older;
            chunks.push(Arc::clone(&chunk.events));
        }
        Recent::Events(chunks, ring.head)
    }

    /// Takes out what was removed from the log. Whoever took hold of it before still has it.
    pub(crate) fn remove(&self, positions: &HashSet<Position>) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        for chunk in &mut ring.chunks {
            if chunk.events.iter().any(|event| positions.contains(&event.position)) {
                let kept = chunk.events.iter().filter(|event| !positions.contains(&event.position));
                *chunk = Chunk::of(kept.cloned().collect());
            }
        }
        ring.chunks.retain(|chunk| !chunk.events.is_empty());
        ring.weight = ring.chunks.iter().map(|chunk| chunk.weight).sum();
    }

    /// The ring holds every event after this position.
    pub(crate) fn begin(&self) -> Position {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).after
    }

    /// Puts other forms of events in their places. Whoever took hold of one before still has it.
    pub(crate) fn replace(&self, anew: &HashMap<Position, Recorded>) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        for chunk in &mut ring.chunks {
            if chunk.events.iter().any(|event| anew.contains_key(&event.position)) {
                let form = |event: &Recorded| anew.get(&event.position).unwrap_or(event).clone();
                *chunk = Chunk::of(chunk.events.iter().map(form).collect());
            }
        }
        ring.weight = ring.chunks.iter().map(|chunk| chunk.weight).sum();
        drop(ring);
        self.live.replace(anew);
    }

    /// Adds what was read from the log up to `head`.
    fn publish(&self, events: Vec<Recorded>, head: Position) {
        let chunk = Chunk::of(events);
        let dropped = {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            ring.add(chunk, head);
            ring.shrink(self.weight_max)
        };
        self.head.send_replace(head);
        // Many events may go here, for which nobody should have to wait at the lock.
        drop(dropped);
    }
}

impl Ring {
    fn add(&mut self, chunk: Chunk, head: Position) {
        self.head = head;
        if !chunk.events.is_empty() {
            self.weight += chunk.weight;
            self.chunks.push_back(chunk);
        }
    }

    /// Takes out the oldest chunks until the rest weighs no more than `weight_max`. The newest
    /// chunk stays: whoever waits for news is about to take it.
    fn shrink(&mut self, weight_max: usize) -> Vec<Chunk> {
        let mut dropped = Vec::new();
        while self.weight > weight_max && self.chunks.len() > 1 {
            let Some(oldest) = self.chunks.pop_front() else { break };
            self.weight -= oldest.weight;
            self.after = oldest.last();
            dropped.push(oldest);
        }
        dropped
    }
}
