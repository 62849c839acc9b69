//! A search index in memory that keeps to the port's contract by evaluating the filter itself.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order, PageKey};
use annals_domain::statistics::{Question, Tally, first_values};
use annals_domain::{EventId, Position, Recorded};
use annals_ports::{Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest};
use tokio::sync::oneshot;

use crate::page_key;

/// `ENOSPC`.
const NO_SPACE: i32 = 28;

#[derive(Default)]
pub(super) struct MemoryIndex {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    added: Vec<Recorded>,
    committed: usize,
    poison: HashSet<EventId>,
    /// For these there is no room on the disk.
    too_large: HashSet<EventId>,
    /// So many additions fail; in a panic, if the flag is set.
    failures: usize,
    panics: bool,
    additions: usize,
    /// How many events each addition had.
    sizes: Vec<usize>,
    /// The newest event that was committed, though it be removed.
    newest: Option<Position>,
    /// Of the removals to come this one fails.
    failing_removal: usize,
    held_up: Option<HeldUp>,
}

/// What the next removal waits for.
struct HeldUp {
    reached: oneshot::Sender<()>,
    released: mpsc::Receiver<()>,
}

/// The next removal waits until this is dropped.
pub(super) struct HoldUp {
    reached: oneshot::Receiver<()>,
    _release: mpsc::Sender<()>,
}

impl HoldUp {
    /// Returns when the removal waits.
    pub(super) async fn is_reached(&mut self) {
        (&mut self.reached).await.unwrap();
    }
}

impl MemoryIndex {
    /// Of the removals from now on the one of this number fails, counted from 1.
    pub(super) fn fail_removal(&self, number: usize) {
        self.state().failing_removal = number;
    }

    pub(super) fn hold_up_removals(&self) -> HoldUp {
        let ((here, reached), (_release, released)) = (oneshot::channel(), mpsc::channel());
        self.state().held_up = Some(HeldUp { reached: here, released });
        HoldUp { reached, _release }
    }

    /// From now on nothing can be added together with this event.
    pub(super) fn cannot_take(&self, id: EventId) {
        self.state().poison.insert(id);
    }

    /// From now on the disk has no room for these events, though it has for others.
    pub(super) fn has_no_room_for(&self, ids: impl IntoIterator<Item = EventId>) {
        self.state().too_large = ids.into_iter().collect();
    }

    pub(super) fn fail_next(&self, times: usize) {
        self.state().failures = times;
    }

    pub(super) fn panic_next(&self) {
        let mut state = self.state();
        (state.failures, state.panics) = (1, true);
    }

    /// How often it was asked to add something.
    pub(super) fn additions(&self) -> usize {
        self.state().additions
    }

    /// How often it was asked to add so many at once.
    pub(super) fn additions_of(&self, events: usize) -> usize {
        self.state().sizes.iter().filter(|size| **size == events).count()
    }

    /// Everything that is found, in order of position.
    pub(super) fn ids(&self) -> Vec<EventId> {
        let state = self.state();
        state.added[..state.committed].iter().map(|recorded| recorded.event.id).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed() -> SearchError {
    SearchError::Failed { doing: "adding", source: "a test wanted it".into() }
}

impl State {
    fn committed(&self) -> &[Recorded] {
        &self.added[..self.committed]
    }

    /// As the real index does, it forgets what was not committed when adding fails.
    fn abandon(&mut self) {
        self.added.truncate(self.committed);
    }

    fn matching(&self, filter: &Filter, until: Position) -> impl Iterator<Item = &Recorded> {
        let seen = self.committed().iter().filter(move |recorded| recorded.position <= until);
        seen.filter(|recorded| filter.matches(&recorded.event))
    }
}

impl SearchIndex for MemoryIndex {
    fn position(&self) -> Position {
        let state = self.state();
        let last = state.committed().last().map(|recorded| recorded.position);
        last.max(state.newest).unwrap_or(Position::START)
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        let mut state = self.state();
        state.additions += 1;
        state.sizes.push(events.len());
        if state.failures > 0 {
            state.failures -= 1;
            state.abandon();
            assert!(!std::mem::take(&mut state.panics), "a test wanted it");
            return Err(failed());
        }
        for recorded in events {
            if state.poison.contains(&recorded.event.id) {
                state.abandon();
                return Err(failed());
            }
            if state.too_large.contains(&recorded.event.id) {
                state.abandon();
                let source = std::io::Error::from_raw_os_error(NO_SPACE);
                return Err(SearchError::Failed { doing: "adding", source: source.into() });
            }
            let newest = state.added.last().map(|added| added.position);
            let newest = newest.max(state.newest).unwrap_or(Position::START);
            if recorded.position > newest {
                state.added.push(recorded.clone());
            }
        }
        Ok(())
    }

    fn commit(&self) -> Result<Position, SearchError> {
        let mut state = self.state();
        state.committed = state.added.len();
        drop(state);
        Ok(self.position())
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        let SearchRequest { filter, order, after, until, limit } = *request;
        let mut keys: Vec<PageKey> = self.state().matching(filter, until).map(page_key).collect();
        sort(order, &mut keys);
        if let Some(after) = after {
            let mut both = keys.clone();
            both.push(after);
            sort(order, &mut both);
            let place = both.iter().rposition(|key| *key == after).unwrap();
            keys = both.split_off(place + 1);
        }
        let hit = |key: PageKey| Hit { position: key.position, occurred_us: key.occurred_us };
        Ok(keys.into_iter().take(limit).map(hit).collect())
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        let value = self.state().matching(filter, until).count() as u64;
        Ok(Count { value: value.min(limit), at_least: value > limit })
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        _: Duration,
    ) -> Result<Tally, SearchError> {
        let mut tally = Tally::of(question);
        for recorded in self.state().matching(filter, until) {
            tally.add(question, &recorded.event);
        }
        Ok(tally)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        let ValuesRequest { filter, until, field, prefix, limit, .. } = *request;
        let state = self.state();
        let events = state.matching(filter, until).map(|recorded| &*recorded.event);
        Ok(Values { values: first_values(events, &field.0, prefix, limit), complete: true })
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        let held_up = self.state().held_up.take();
        if let Some(HeldUp { reached, released }) = held_up {
            let _ = reached.send(());
            // It ends when the other side is dropped.
            let _ = released.recv();
        }
        let mut state = self.state();
        if state.failing_removal > 0 {
            state.failing_removal -= 1;
            if state.failing_removal == 0 {
                return Err(failed());
            }
        }
        let newest = state.committed().last().map(|recorded| recorded.position);
        state.newest = newest.max(state.newest);
        state.added.retain(|recorded| !positions.contains(&recorded.position));
        state.committed = state.added.len();
        Ok(())
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        let mut rewritten = 0;
        for event in read(positions)? {
            let mut state = self.state();
            let held = state.added.iter_mut().find(|held| held.position == event.position);
            if let Some(held) = held {
                *held = event;
                rewritten += 1;
            }
        }
        Ok(rewritten)
    }

    fn clear(&self) -> Result<(), SearchError> {
        *self.state() = State::default();
        Ok(())
    }
}

/// Sorts as the order is defined; the engine has its own way to do so.
pub(super) fn sort(order: Order, keys: &mut [PageKey]) {
    keys.sort_by_key(|key| match order {
        Order::RecordedOldest | Order::RecordedNewest => (0, key.position),
        Order::OccurredOldest | Order::OccurredNewest => (key.occurred_us, key.position),
    });
    if matches!(order, Order::RecordedNewest | Order::OccurredNewest) {
        keys.reverse();
    }
}
