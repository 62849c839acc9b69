//! The whole index, as its port promises.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};
use annals_ports::{Hit, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest};
use arc_swap::ArcSwap;

use crate::by_occurrence::{self, First};
use crate::compile::Compiled;
use crate::error::failed;
use crate::month::Month;
use crate::schema::Fields;
use crate::segment::Span;
use crate::statistics::Deadline;
use crate::view::View;
use crate::writing::{DAMAGED_PREFIX, Writing};
use crate::{Settings, count, partition, recorded, statistics};

/// A [`SearchIndex`] on tantivy.
///
/// Searches read the last committed state and never wait for writing.
pub struct TantivyIndex {
    fields: Fields,
    pub(crate) view: ArcSwap<View>,
    writing: Mutex<Writing>,
}

/// What was set aside because it could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The damaged partition and all newer ones: a position is only true without gaps below it.
    pub partitions: Vec<String>,
    /// Where they lie now.
    pub moved_to: PathBuf,
}

impl TantivyIndex {
    /// Opens the index in `dir`, or makes an empty one.
    ///
    /// # Errors
    /// [`SearchError::Damaged`] names the oldest partition that cannot be read.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self, SearchError> {
        let fields = Fields::new();
        let writing = Writing::open(dir, settings, fields.clone())?;
        let view = ArcSwap::from_pointee(writing.view());
        Ok(Self { fields, view, writing: Mutex::new(writing) })
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
            let partition = match Self::open(dir, settings) {
                Err(SearchError::Damaged { partition, .. }) => partition,
                opened => return opened.map(|index| (index, quarantine)),
            };
            let doing = "setting a damaged partition aside";
            let moved = set_aside(dir, &partition, &mut quarantine);
            moved.map_err(failed(doing))?;
            tracing::warn!(partition, "the search index is damaged; set aside to be filled anew");
        }
    }

    /// Reads all files and names those whose checksum is wrong.
    pub fn damaged_files(&self) -> Result<Vec<PathBuf>, SearchError> {
        self.writing().damaged_files()
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left half an addition; the disk holds whole ones.
            let mut writing = poisoned.into_inner();
            writing.abandon();
            self.writing.clear_poison();
            writing
        })
    }

    /// Lets searches see what was committed.
    fn publish(&self, writing: &Writing) {
        self.view.store(Arc::new(writing.view()));
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
        match order {
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
        }
        .map_err(failed("searching"))
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        let compiled = Compiled::new(filter, &self.fields)?;
        count::count(&self.view.load_full(), &compiled, until, limit).map_err(failed("counting"))
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
        statistics::tally(&view, &self.fields, asked, until, question, deadline)
            .map_err(failed("counting by values and times"))
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        let compiled = Compiled::new(request.filter, &self.fields)?;
        let view = self.view.load_full();
        statistics::suggest(&view, &self.fields, (request.filter, &compiled), request)
            .map_err(failed("looking for values"))
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

    fn clear(&self) -> Result<(), SearchError> {
        let mut writing = self.writing();
        let cleared = writing.clear();
        self.publish(&writing);
        cleared
    }
}

/// Moves the partition and all newer ones out of the way.
fn set_aside(
    dir: &Path,
    damaged: &str,
    quarantine: &mut Option<Quarantine>,
) -> std::io::Result<()> {
    let quarantine = match quarantine {
        Some(quarantine) => quarantine,
        None => {
            let moved_to = make_quarantine(dir)?;
            quarantine.insert(Quarantine { partitions: Vec::new(), moved_to })
        }
    };
    let first = Month::parse(damaged);
    // From the newest on: whatever stops half-way, what is left has no gap.
    for month in partition::months(dir)?.into_iter().rev() {
        if first.is_some_and(|first| month < first) {
            break;
        }
        let name = month.to_string();
        std::fs::rename(dir.join(&name), quarantine.moved_to.join(&name))?;
        quarantine.partitions.push(name);
    }
    quarantine.partitions.sort_unstable();
    partition::sync(dir)
}

fn make_quarantine(dir: &Path) -> std::io::Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let path = dir.join(format!("{DAMAGED_PREFIX}{number}"));
        match std::fs::create_dir(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|()| path),
        }
    }
}
