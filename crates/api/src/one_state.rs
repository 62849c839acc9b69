//! One state of the log for all questions of a request: a page, its facets and its histogram belong
//! together, whatever is recorded between them.

use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::Position;
use annals_engine::Queries;

/// Up to where the questions of a request see the log.
#[derive(Clone, Default)]
pub(crate) struct OneState(Option<Arc<Mutex<Option<Position>>>>);

impl OneState {
    /// The state that the first question finds. Without it each question finds its own.
    pub(crate) fn of_first_question() -> Self {
        Self(Some(Arc::default()))
    }

    /// The questions, answered from that state.
    pub(crate) fn of(&self, queries: &Queries) -> Queries {
        let Some(shared) = &self.0 else { return queries.clone() };
        let mut position = shared.lock().unwrap_or_else(PoisonError::into_inner);
        queries.as_of(*position.get_or_insert_with(|| queries.visible()))
    }

    /// A question has waited for this position: if the state is older, those that are still to be
    /// asked find a newer one.
    pub(crate) fn reach(&self, least: Position) {
        let Some(shared) = &self.0 else { return };
        let mut position = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if position.is_some_and(|position| position < least) {
            *position = None;
        }
    }
}
