//! A search index in memory, which can be told to panic.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order, PageKey};
use annals_domain::statistics::{Question, Tally, first_values};
use annals_domain::{Position, Recorded};
use annals_engine::page_key;
use annals_ports::{Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest};

/// Looks at every event.
#[derive(Default)]
pub(crate) struct MemoryIndex {
    state: Mutex<State>,
    /// Whether the next search shall panic.
    pub(crate) panics: AtomicBool,
    /// How many of the next removals fail.
    pub(crate) removals_fail: AtomicUsize,
}

#[derive(Default)]
struct State {
    events: Vec<Recorded>,
    committed: Position,
}

impl State {
    fn matching(&self, filter: &Filter, until: Position) -> impl Iterator<Item = &Recorded> {
        let seen = self.events.iter().filter(move |recorded| recorded.position <= until);
        seen.filter(|recorded| filter.matches(&recorded.event))
    }
}

impl SearchIndex for MemoryIndex {
    fn position(&self) -> Position {
        self.state.lock().unwrap().committed
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        let mut state = self.state.lock().unwrap();
        let last = state.events.last().map_or(state.committed, |event| event.position);
        state.events.extend(events.iter().filter(|event| event.position > last).cloned());
        Ok(())
    }

    fn commit(&self) -> Result<Position, SearchError> {
        let mut state = self.state.lock().unwrap();
        state.committed = state.events.last().map_or(state.committed, |event| event.position);
        Ok(state.committed)
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "a test wanted it");
        let rank = |key: PageKey| match request.order {
            Order::RecordedNewest => (0, -(key.position.0 as i64)),
            Order::RecordedOldest => (0, key.position.0 as i64),
            Order::OccurredNewest => (-key.occurred_us, -(key.position.0 as i64)),
            Order::OccurredOldest => (key.occurred_us, key.position.0 as i64),
        };
        let state = self.state.lock().unwrap();
        let mut keys: Vec<PageKey> = state
            .matching(request.filter, request.until)
            .map(page_key)
            .filter(|key| request.after.is_none_or(|after| rank(*key) > rank(after)))
            .collect();
        keys.sort_by_key(|key| rank(*key));
        let hit = |key: PageKey| Hit { position: key.position, occurred_us: key.occurred_us };
        Ok(keys.into_iter().take(request.limit).map(hit).collect())
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        let value = self.state.lock().unwrap().matching(filter, until).count() as u64;
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
        for recorded in self.state.lock().unwrap().matching(filter, until) {
            tally.add(question, &recorded.event);
        }
        Ok(tally)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        let ValuesRequest { filter, until, field, prefix, limit, .. } = *request;
        let state = self.state.lock().unwrap();
        let events = state.matching(filter, until).map(|recorded| &*recorded.event);
        Ok(Values { values: first_values(events, &field.0, prefix, limit), complete: true })
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        let fails = |left: usize| left.checked_sub(1);
        if self.removals_fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(SearchError::Failed {
                doing: "removing",
                source: "a test wanted it".into(),
            });
        }
        let mut state = self.state.lock().unwrap();
        state.events.retain(|event| !positions.contains(&event.position));
        Ok(())
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        let mut rewritten = 0;
        for event in read(positions)? {
            let mut state = self.state.lock().unwrap();
            let held = state.events.iter_mut().find(|held| held.position == event.position);
            if let Some(held) = held {
                *held = event;
                rewritten += 1;
            }
        }
        Ok(rewritten)
    }

    fn clear(&self) -> Result<(), SearchError> {
        *self.state.lock().unwrap() = State::default();
        Ok(())
    }
}
