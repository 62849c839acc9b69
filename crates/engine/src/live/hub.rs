//! Looks at each event once for all who are subscribed, and wakes only those for whom it is.
//!
//! Subscribers who are at the head of the log take a seat here with their filter. Equal filters are
//! evaluated once, and only those that [`Candidates`] finds by what the event has. Telling and taking
//! a seat exclude each other: whoever is seated at a position is told of everything after it.
//!
//! A round of telling begins with the first seat and ends with the last, so that nothing is looked
//! at while nobody is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::filter::{Candidates, EventView};
use annals_domain::{Position, Recorded};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::queue::{Queue, Taken};
use super::telling;
use crate::feed::FeedReader;
use crate::matching::Wanted;
use crate::weight::weight;

/// Ordinary events that wait for one subscriber at most; most of them are shared with the feed.
const QUEUE_WEIGHT_MAX: usize = 256;

/// Where subscribers are told together.
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Everything up to here was told to all seats; changed while the state is locked.
    seen: AtomicU64,
    /// Held by those who read the log for themselves.
    catching_up: Semaphore,
    queue_weight_max: usize,
}

#[derive(Default)]
struct State {
    groups: Groups,
    seats: usize,
    /// The number of the round that tells at present; it is over when this changes.
    round: u64,
    telling: Option<CancellationToken>,
}

/// Filters with those who asked for them.
#[derive(Default)]
struct Groups {
    /// By number; numbers are used again.
    list: Vec<Option<Group>>,
    free: Vec<u32>,
    /// Numbers by what is wanted, written out.
    by_filter: HashMap<String, u32>,
    candidates: Candidates,
}

struct Group {
    wanted: Arc<Wanted>,
    filter: String,
    queues: Vec<Arc<Queue>>,
    /// Which of the events that are looked at are wanted.
    found: Vec<usize>,
}

/// A subscriber's place; given up when dropped.
pub(super) struct Seat {
    hub: Arc<Hub>,
    queue: Arc<Queue>,
    group: u32,
    /// The queue is told of everything after this position.
    pub(super) from: Position,
}

impl Hub {
    /// A hub beside a feed that keeps so many ordinary events.
    pub(crate) fn beside(feed_weight_max: usize) -> Self {
        // Recording and telling have the other half.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            state: Mutex::default(),
            seen: AtomicU64::new(0),
            catching_up: Semaphore::new((cores / 2).max(1)),
            queue_weight_max: QUEUE_WEIGHT_MAX.min(feed_weight_max),
        }
    }

    /// Takes a seat. `reader` follows the same feed.
    pub(super) fn join(self: &Arc<Self>, wanted: &Arc<Wanted>, reader: &FeedReader) -> Seat {
        let mut state = self.lock();
        if state.telling.is_none() {
            let reader = reader.at_head();
            self.seen.store(reader.position().0, Ordering::Release);
            state.round += 1;
            let over = CancellationToken::new();
            state.telling = Some(over.clone());
            tokio::spawn(telling::tell(Arc::clone(self), reader, state.round, over));
        }
        let queue = Arc::new(Queue::new(self.queue_weight_max));
        let group = state.groups.join(wanted, Arc::clone(&queue));
        state.seats += 1;
        Seat { hub: Arc::clone(self), queue, group, from: self.seen() }
    }

    /// Everything up to here was told to all seats.
    fn seen(&self) -> Position {
        Position(self.seen.load(Ordering::Acquire))
    }

    /// Tells of the events up to `end`, which follow on those told of before; returns how many
    /// subscribers have something to do now, or nothing when the round is over.
    pub(super) fn tell(&self, round: u64, events: &[Recorded], end: Position) -> Option<usize> {
        let mut state = self.lock();
        if state.round != round || state.telling.is_none() {
            return None;
        }
        let found = state.groups.find(events);
        let weights: Vec<usize> = match found.is_empty() {
            true => Vec::new(),
            false => events.iter().map(|recorded| weight(&recorded.event)).collect(),
        };
        let (mut told, mut left) = (0, 0);
        for number in found {
            let (in_group, without_room) = state.groups.push(number, events, &weights);
            told += in_group;
            left += without_room;
        }
        self.seen.store(end.0, Ordering::Release);
        state.leave(left);
        Some(told)
    }

    /// Ends a round, if it is not over; those who are seated go on by themselves.
    pub(super) fn end(&self, round: u64) {
        let mut state = self.lock();
        if state.round == round && state.telling.is_some() {
            let groups = std::mem::take(&mut state.groups);
            groups.list.iter().flatten().flat_map(|group| &group.queues).for_each(|q| q.end());
            let seats = state.seats;
            state.leave(seats);
        }
    }

    /// Puts other forms of events in the places of those that wait for subscribers.
    pub(crate) fn replace(&self, anew: &HashMap<Position, Recorded>) {
        let state = self.lock();
        let groups = state.groups.list.iter().flatten();
        groups.flat_map(|group| &group.queues).for_each(|queue| queue.replace(anew));
    }

    /// Waits for one's turn to read for oneself.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.catching_up.acquire().await.ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// So many seats were given up; the last ends the round.
    fn leave(&mut self, seats: usize) {
        self.seats -= seats;
        if self.seats == 0
            && let Some(over) = self.telling.take()
        {
            over.cancel();
        }
    }
}

impl Groups {
    /// Returns the number of the group.
    fn join(&mut self, wanted: &Arc<Wanted>, queue: Arc<Queue>) -> u32 {
        let filter = wanted.written_out();
        let known = self.by_filter.get(&filter).copied();
        if let Some(number) = known
            && let Some(Some(group)) = self.list.get_mut(number as usize)
        {
            group.queues.push(queue);
            return number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.list.push(None);
            u32::try_from(self.list.len() - 1).expect("there are not as many sockets")
        });
        self.by_filter.insert(filter.clone(), number);
        self.candidates.enter(number, wanted.matcher());
        let wanted = Arc::clone(wanted);
        let group = Group { wanted, filter, queues: vec![queue], found: Vec::new() };
        self.list[number as usize] = Some(group);
        number
    }

    /// Notes for each group which of the events are wanted; returns the groups that want any.
    fn find(&mut self, events: &[Recorded]) -> Vec<u32> {
        let mut finding = Vec::new();
        for (place, recorded) in events.iter().enumerate() {
            let view = EventView::of(&recorded.event);
            for number in self.candidates.of(&view) {
                let Some(Some(group)) = self.list.get_mut(number as usize) else { continue };
                if group.wanted.holds_view(&view) {
                    if group.found.is_empty() {
                        finding.push(number);
                    }
                    group.found.push(place);
                }
            }
        }
        finding
    }

    /// Puts what was found for a group into its queues; returns how many were told, and how many of
    /// them had no room and were taken out.
    fn push(&mut self, number: u32, events: &[Recorded], weights: &[usize]) -> (usize, usize) {
        let Some(Some(group)) = self.list.get_mut(number as usize) else { return (0, 0) };
        let found = std::mem::take(&mut group.found);
        let told = group.queues.len();
        group.queues.retain(|queue| {
            queue.push(found.iter().map(|place| (&events[*place], weights[*place])))
        });
        let left = told - group.queues.len();
        self.remove_if_empty(number);
        (told, left)
    }

    /// Whether the queue was in the group.
    fn leave(&mut self, number: u32, queue: &Arc<Queue>) -> bool {
        let Some(Some(group)) = self.list.get_mut(number as usize) else { return false };
        let Some(place) = group.queues.iter().position(|seated| Arc::ptr_eq(seated, queue)) else {
            return false;
        };
        group.queues.swap_remove(place);
        self.remove_if_empty(number);
        true
    }

    fn remove_if_empty(&mut self, number: u32) {
        let Some(place) = self.list.get_mut(number as usize) else { return };
        if let Some(group) = place.take_if(|group| group.queues.is_empty()) {
            self.candidates.remove(number, group.wanted.matcher());
            self.by_filter.remove(&group.filter);
            self.free.push(number);
        }
    }
}

impl Seat {
    /// Takes up to so many events, and up to where everything was told, if that is known.
    pub(super) fn take(&self, limit: usize) -> (Taken, Option<Position>) {
        // Looked at first: what was told up to there is in the queue by now.
        let seen = self.hub.seen();
        let taken = self.queue.take(limit);
        let until = taken.told_until(seen);
        (taken, until)
    }

    /// Waits until there may be something to take.
    pub(super) async fn news(&self) {
        self.queue.news().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        // A queue without room lost its seat before.
        if state.groups.leave(self.group, &self.queue) {
            state.leave(1);
        }
    }
}
