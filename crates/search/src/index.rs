//! The whole index, as its port promises.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};
use annals_ports::{
    Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Upkeep, Values, ValuesRequest,
};
use arc_swap::ArcSwap;

use crate::by_occurrence::{self, First};
use crate::compile::Compiled;
use crate::damage::Watched;
use crate::error::failed;
use crate::quarantine::{self, Quarantine};
use crate::schema::Fields;
use crate::segment::Span;
use crate::statistics::Deadline;
use crate::storage::Storage;
use crate::view::View;
use crate::writing::Writing;
use crate::{Settings, count, recorded, statistics};

/// A [`SearchIndex`] on tantivy.
///
/// Searches read the last committed state and never wait for writing.
pub struct TantivyIndex {
    fields: Fields,
    pub(crate) storage: Storage,
    pub(crate) view: ArcSwap<View>,
    writing: Mutex<Writing>,
}

impl TantivyIndex {
    /// Opens the index in `dir`, or makes an empty one.
    ///
    /// # Errors
    /// [`SearchError::Damaged`] names the oldest partition that cannot be read.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self, SearchError> {
        let fields = Fields::new();
        let storage = Storage::new(&settings.files);
        let writing = Writing::open(dir, settings, fields.clone(), storage.clone())?;
        let view = ArcSwap::from_pointee(writing.view());
        Ok(Self { fields, storage, view, writing: Mutex::new(writing) })
    }

    /// Opens the index; what cannot be read is set aside first. Its events must be added again:
    /// [`SearchIndex::position`] tells from where.
    pub fn open_or_quarantine(
        dir: &Path,
        settings: Settings,
    ) -> Result<(Self, Option<Quarantine>), SearchError> {
        let mut quarantine: Option<Quarantine> = None;
        // Every round sets at least one partition aside, so this ends.
        loop {
            let partition = match Self::open(dir, settings.clone()) {
                Err(SearchError::Damaged { partition, .. }) => partition,
                opened => return opened.map(|index| (index, quarantine)),
            };
            let doing = "setting a damaged partition aside";
            let moved = quarantine::set_aside(dir, &partition, &mut quarantine);
            moved.map_err(failed(doing))?;
            tracing::warn!(partition, "the search index is damaged; set aside to be filled anew");
        }
    }

    /// Up to where events were added, committed or not.
    pub(crate) fn added(&self) -> Position {
        self.writing().added()
    }

    /// Waits for merges and closes the files that are written, for an index that is given up.
    pub(crate) fn finish_writing(&self) {
        let mut writing = self.writing();
        if let Err(error) = writing.close() {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "merges of an index that is given up did not finish");
        }
    }

    pub(crate) fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left half an addition; the disk holds whole ones.
            let mut writing = poisoned.into_inner();
            writing.abandon();
            self.writing.clear_poison();
            writing
        })
    }

    /// Lets searches see what was committed.
    pub(crate) fn publish(&self, writing: &Writing) {
        self.view.store(Arc::new(writing.view()));
    }

    /// Asks the files something. When that fails or panics they are to be looked at.
    fn asked<T>(
        &self,
        doing: &'static str,
        ask: impl FnOnce() -> tantivy::Result<T>,
    ) -> Result<T, SearchError> {
        let damage = &*self.storage.damage;
        let _watched = Watched(damage);
        ask().inspect_err(|_| damage.suspect()).map_err(failed(doing))
    }
}

impl SearchIndex for TantivyIndex {
    fn position(&self) -> Position {
        self.view.load().position
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        let mut writing = self.writing();
        let added = writing.add(events);
        if writing.position() != self.position() {
            self.publish(&writing);
        }
        added
    }

    fn commit(&self) -> Result<Position, SearchError> {
        let mut writing = self.writing();
        writing.commit()?;
        if writing.position() != self.position() {
            self.publish(&writing);
        }
        Ok(writing.position())
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        let SearchRequest { filter, order, after, until, limit } = *request;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let compiled = Compiled::new(filter, &self.fields)?;
        let view = self.view.load_full();
        let behind = after.map(|key| key.position.0);
        self.asked("searching", || match order {
            Order::RecordedNewest => {
                let before = behind.map_or(u64::MAX, |position| position.saturating_sub(1));
                let span = Span { after: 0, until: until.0.min(before) };
                recorded::newest(&view, &compiled, span, limit)
            }
            Order::RecordedOldest => {
                let span = Span { after: behind.unwrap_or(0), until: until.0 };
                recorded::oldest(&view, &compiled, span, limit)
            }
            Order::OccurredNewest => {
                by_occurrence::page(&view, &compiled, First::Newest, after, until, limit)
            }
            Order::OccurredOldest => {
                by_occurrence::page(&view, &compiled, First::Oldest, after, until, limit)
            }
        })
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        let compiled = Compiled::new(filter, &self.fields)?;
        let view = self.view.load_full();
        self.asked("counting", || count::count(&view, &compiled, until, limit))
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError> {
        let deadline = Deadline::after(patience);
        let compiled = Compiled::new(filter, &self.fields)?;
        let view = self.view.load_full();
        let asked = (filter, &compiled);
        self.asked("counting by values and times", || {
            statistics::tally(&view, &self.fields, asked, until, question, deadline)
        })
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        let compiled = Compiled::new(request.filter, &self.fields)?;
        let view = self.view.load_full();
        self.asked("looking for values", || {
            statistics::suggest(&view, &self.fields, (request.filter, &compiled), request)
        })
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing();
        let removed = writing.remove(positions);
        self.publish(&writing);
        removed
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        if positions.is_empty() {
            return Ok(0);
        }
        let mut writing = self.writing();
        let rewritten = writing.rewrite(positions, read);
        self.publish(&writing);
        rewritten
    }

    fn clear(&self) -> Result<(), SearchError> {
        let mut writing = self.writing();
        let cleared = writing.clear();
        self.publish(&writing);
        cleared
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}
