//! How long events have been waiting to be recorded, and when that is too long.
//!
//! A queue that only grows longer helps nobody: whoever waits in it gives up before the answer. So
//! a tenant of whose requests one has waited longer than the limit is told to come again until that
//! one has had its turn (as in the `CoDel` scheme: the time in the queue tells, not its length). Time waited is
//! counted only where work stands in line, not while it is done. A few may always wait: to refuse
//! them would make nothing shorter.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_domain::TenantId;

/// So many requests of a tenant may wait however long it takes.
const FREE: usize = 16;
/// From this part of the limit on recording is pressed, and questions take a step back.
const PRESSED_AT: u32 = 4;

/// All that waits to be recorded.
pub(crate) struct Waiting {
    lines: Mutex<Lines<TenantId>>,
    longest: Duration,
}

/// One request that waits; it has had its turn, or has left, when this is dropped.
pub(crate) struct Waits {
    waiting: Arc<Waiting>,
    tenant: TenantId,
    places: (u64, u64),
}

impl Waiting {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { lines: Mutex::new(Lines::default()), longest }
    }

    /// A request of the tenant begins to wait.
    pub(crate) fn begin(self: &Arc<Self>, tenant: &TenantId) -> Waits {
        let places = self.locked().enter(tenant, Instant::now());
        Waits { waiting: Arc::clone(self), tenant: tenant.clone(), places }
    }

    /// Whether the tenant has to wait too long for it to be told to send more.
    pub(crate) fn is_too_long(&self, tenant: &TenantId, now: Instant) -> bool {
        let lines = self.locked();
        let Some(line) = lines.each.get(tenant) else { return false };
        line.count > FREE && line.age(now) > self.longest
    }

    /// Whether recording cannot keep up, so that other work must leave it the machine.
    pub(crate) fn is_pressed(&self, now: Instant) -> bool {
        self.longest(now) > self.longest / PRESSED_AT
    }

    /// How long the oldest request of all has waited.
    pub(crate) fn longest(&self, now: Instant) -> Duration {
        self.locked().all.age(now)
    }

    fn locked(&self) -> MutexGuard<'_, Lines<TenantId>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.waiting.locked().leave(&self.tenant, self.places);
    }
}

/// Everyone's line, and one of all.
struct Lines<K> {
    all: Line,
    each: HashMap<K, Line>,
}

/// When those who wait began to, in that order.
#[derive(Default)]
struct Line {
    /// Those in the middle who have left are none.
    began: VecDeque<Option<Instant>>,
    /// Number of the first place.
    first: u64,
    count: usize,
}

impl<K> Default for Lines<K> {
    fn default() -> Self {
        Self { all: Line::default(), each: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Lines<K> {
    fn enter(&mut self, who: &K, now: Instant) -> (u64, u64) {
        (self.all.enter(now), self.each.entry(who.clone()).or_default().enter(now))
    }

    fn leave(&mut self, who: &K, (of_all, of_its_own): (u64, u64)) {
        self.all.leave(of_all);
        if let Some(line) = self.each.get_mut(who) {
            line.leave(of_its_own);
            if line.count == 0 {
                self.each.remove(who);
            }
        }
    }
}

impl Line {
    fn enter(&mut self, now: Instant) -> u64 {
        self.began.push_back(Some(now));
        self.count += 1;
        self.first + self.began.len() as u64 - 1
    }

    fn leave(&mut self, place: u64) {
        let index = place.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let left = index.and_then(|index| self.began.get_mut(index));
        if left.is_some_and(|began| began.take().is_some()) {
            self.count -= 1;
        }
        while self.began.front().is_some_and(Option::is_none) {
            self.began.pop_front();
            self.first += 1;
        }
    }

    /// How long the first has waited.
    fn age(&self, now: Instant) -> Duration {
        let began = self.began.front().copied().flatten();
        began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began))
    }
}

#[cfg(test)]
mod tests;
