//! An index in memory of which a second generation can be filled.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_domain::filter::{Count, Filter};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};
use annals_ports::{
    Generations, Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest,
};

use super::memory_index::MemoryIndex;

#[derive(Default)]
pub(super) struct TwoGenerations {
    state: Mutex<State>,
    /// What the next generation will be; for tests that want it to fail.
    pub(super) prepared: Mutex<Option<Arc<MemoryIndex>>>,
}

#[derive(Default)]
struct State {
    current: Arc<MemoryIndex>,
    next: Option<Arc<MemoryIndex>>,
    /// Up to where the current one was given events.
    added: Position,
    switches: usize,
}

impl TwoGenerations {
    pub(super) fn current(&self) -> Arc<MemoryIndex> {
        Arc::clone(&self.state().current)
    }

    pub(super) fn next(&self) -> Option<Arc<MemoryIndex>> {
        self.state().next.clone()
    }

    pub(super) fn switches(&self) -> usize {
        self.state().switches
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations for TwoGenerations {
    fn is_unfinished(&self) -> bool {
        self.state().next.is_some()
    }

    fn begin(&self) -> Result<Arc<dyn SearchIndex>, SearchError> {
        let prepared = self.prepared.lock().unwrap().take();
        let mut state = self.state();
        let next = state.next.get_or_insert_with(|| prepared.unwrap_or_default());
        Ok(Arc::clone(next) as _)
    }

    fn switch(&self, reached: Position) -> Result<bool, SearchError> {
        let mut state = self.state();
        let Some(next) = state.next.clone().filter(|_| reached >= state.added) else {
            return Ok(false);
        };
        next.commit()?;
        state.current = next;
        state.next = None;
        state.switches += 1;
        Ok(true)
    }

    fn discard(&self) -> Result<(), SearchError> {
        self.state().next = None;
        Ok(())
    }
}

impl SearchIndex for TwoGenerations {
    fn position(&self) -> Position {
        self.current().position()
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        let mut state = self.state();
        state.current.add(events)?;
        state.added = state.added.max(events.last().map_or(Position::START, |e| e.position));
        Ok(())
    }

    fn commit(&self) -> Result<Position, SearchError> {
        let state = self.state();
        state.current.commit()
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        self.current().search(request)
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        self.current().count(filter, until, limit)
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError> {
        self.current().tally(filter, until, question, patience)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        self.current().values(request)
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        self.current().remove(positions)
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        self.current().rewrite(positions, read)
    }

    fn clear(&self) -> Result<(), SearchError> {
        self.current().clear()
    }

    fn generations(&self) -> Option<&dyn Generations> {
        Some(self)
    }
}
