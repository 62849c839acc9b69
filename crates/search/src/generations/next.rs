//! The generation that is being filled.
//!
//! Events are on their way to it for a moment: read from the log, not yet added. What is removed
//! meanwhile is remembered until it would have come, and so is what is to be taken in anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_domain::filter::{Count, Filter};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};
use annals_ports::{Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest};

use super::Generation;
use crate::writing::HANDED_OVER_MAX;

/// A generation with what was removed before it was added.
pub(super) struct Next {
    pub(super) generation: Arc<Generation>,
    withheld: Mutex<Withheld>,
}

/// What is not taken in as it comes.
#[derive(Default)]
struct Withheld {
    removed: BTreeSet<Position>,
    /// Taken in so instead.
    anew: BTreeMap<Position, Recorded>,
}

impl Withheld {
    fn first(&self) -> Option<Position> {
        let (removed, anew) = (self.removed.first(), self.anew.keys().next());
        removed.into_iter().chain(anew).min().copied()
    }

    fn let_through(&self, event: &Recorded) -> Option<Recorded> {
        match self.anew.get(&event.position) {
            _ if self.removed.contains(&event.position) => None,
            Some(anew) => Some(anew.clone()),
            None => Some(event.clone()),
        }
    }
}

impl Next {
    pub(super) fn new(generation: Arc<Generation>) -> Self {
        Self { generation, withheld: Mutex::default() }
    }

    fn withheld(&self) -> MutexGuard<'_, Withheld> {
        // Positions are put in and taken out one by one: there is never half of a change.
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SearchIndex for Next {
    fn position(&self) -> Position {
        self.generation.index.position()
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        // Held until they are added, so that nothing is removed between the look and the addition.
        let mut withheld = self.withheld();
        let Some(last) = events.last().map(|event| event.position) else { return Ok(()) };
        if withheld.first().is_none_or(|first| first > last) {
            return self.generation.index.add(events);
        }
        let kept: Vec<Recorded> =
            events.iter().filter_map(|event| withheld.let_through(event)).collect();
        self.generation.index.add(&kept)?;
        // What has passed can come again after a failure, up to what was committed.
        let committed = self.generation.index.position();
        let next = Position(committed.0.saturating_add(1));
        withheld.removed = withheld.removed.split_off(&next);
        withheld.anew = withheld.anew.split_off(&next);
        Ok(())
    }

    fn commit(&self) -> Result<Position, SearchError> {
        self.generation.index.commit()
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        self.generation.index.search(request)
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        self.generation.index.count(filter, until, limit)
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError> {
        self.generation.index.tally(filter, until, question, patience)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        self.generation.index.values(request)
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        let mut withheld = self.withheld();
        let added = self.generation.index.added();
        let (known, coming): (Vec<Position>, Vec<Position>) =
            positions.iter().partition(|position| **position <= added);
        withheld.removed.extend(coming);
        self.generation.index.remove(&known)
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        let mut withheld = self.withheld();
        let added = self.generation.index.added();
        let (known, mut coming): (Vec<Position>, Vec<Position>) =
            positions.iter().partition(|position| **position <= added);
        coming.sort_unstable();
        for some in coming.chunks(HANDED_OVER_MAX) {
            let events = read(some)?;
            withheld.anew.extend(events.into_iter().map(|event| (event.position, event)));
        }
        self.generation.index.rewrite(&known, read)
    }

    fn clear(&self) -> Result<(), SearchError> {
        *self.withheld() = Withheld::default();
        self.generation.index.clear()
    }
}
