//! The index with a second generation beside it: the one is filled anew while the other answers.
//!
//! Every search reads the generation that answered when it began, to its end. What changes the index
//! takes turns, so that a switch never falls between an addition and its commit.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_domain::filter::{Count, Filter};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};
use annals_ports::{
    Generations, Hit, IndexMemory, Look, ReadAnew, SearchError, SearchIndex, SearchRequest, Upkeep,
    Values, ValuesRequest,
};
use arc_swap::ArcSwap;

use crate::index::TantivyIndex;
use crate::quarantine::Quarantine;
use crate::{Settings, format};

mod layout;
mod next;

use next::Next;

/// A [`SearchIndex`] on tantivy that can be filled anew while it answers.
pub struct GenerationalIndex {
    dir: PathBuf,
    settings: Settings,
    current: ArcSwap<Generation>,
    turn: Mutex<Turn>,
}

/// Held by whoever changes the index.
struct Turn {
    /// The highest number that was given to a generation. None is given twice, for the files of an
    /// old one may stay for a while.
    last: u32,
    /// The generation that is being filled.
    next: Option<Arc<Next>>,
}

/// An index of its own in a directory of its own.
pub(crate) struct Generation {
    number: u32,
    path: PathBuf,
    index: TantivyIndex,
    /// Its files go with its last reader.
    retired: AtomicBool,
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire)
            && let Err(error) = crate::partition::remove_if_there(&self.path)
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an old search index is deleted at the next start");
        }
    }
}

impl Generation {
    /// Opens what is there. What cannot be read of it is set aside.
    fn open(
        dir: &Path,
        number: u32,
        settings: Settings,
    ) -> Result<(Self, Option<Quarantine>), SearchError> {
        let path = layout::path_of(dir, number);
        format::check(&path, &settings.shape)?;
        let (index, quarantine) = TantivyIndex::open_or_quarantine(&path, settings)?;
        Ok((Self { number, path, index, retired: AtomicBool::new(false) }, quarantine))
    }

    /// Makes an empty one.
    fn make(dir: &Path, number: u32, settings: Settings) -> Result<Self, SearchError> {
        let path = layout::make(dir, number, &settings.shape)?;
        let index = TantivyIndex::open(&path, settings)?;
        Ok(Self { number, path, index, retired: AtomicBool::new(false) })
    }

    /// Its writing ends, and its files go with its last reader.
    fn retire(self: Arc<Self>) {
        self.index.finish_writing();
        self.retired.store(true, Ordering::Release);
    }
}

impl GenerationalIndex {
    /// Opens the index in `dir`, or makes an empty one. What cannot be read is set aside, and what is
    /// of another form is deleted: its events must be added again, from [`SearchIndex::position`] on.
    pub fn open(dir: &Path, settings: Settings) -> Result<(Self, Option<Quarantine>), SearchError> {
        crate::writing::create_private(dir)
            .map_err(crate::error::failed("opening the directory of the index"))?;
        let begun = layout::current(dir)?.unwrap_or_default();
        let begun = open_begun(dir, begun, settings.clone())?;
        let (current, begun, quarantine) = open_current(dir, begun, settings.clone())?;
        let mut kept = vec![current.number];
        kept.extend(begun.as_ref().map(|begun| begun.number));
        layout::sweep(dir, &kept)?;
        let this = Self {
            dir: dir.to_owned(),
            settings,
            current: ArcSwap::from_pointee(current),
            turn: Mutex::new(Turn {
                last: kept.into_iter().max().unwrap_or_default(),
                next: begun.map(|generation| Arc::new(Next::new(Arc::new(generation)))),
            }),
        };
        Ok((this, quarantine))
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        // Each change of it is one assignment.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The generation that answers, and the one beside it. One of another form answers nothing: what was
/// begun beside it takes its place, or an empty one.
fn open_current(
    dir: &Path,
    begun: Option<Generation>,
    settings: Settings,
) -> Result<(Generation, Option<Generation>, Option<Quarantine>), SearchError> {
    let told = layout::current(dir)?;
    let opened = told.map(|number| Generation::open(dir, number, settings.clone()));
    match opened {
        Some(Ok((current, quarantine))) => return Ok((current, begun, quarantine)),
        Some(Err(SearchError::OtherForm { reason })) => tracing::warn!(
            reason,
            "the search index is of another form and is made anew from the log; searches find older \
             events once that is done"
        ),
        Some(Err(error)) => return Err(error),
        None => {}
    }
    let generation = match begun {
        Some(begun) => begun,
        None => Generation::make(dir, told.unwrap_or_default().saturating_add(1), settings)?,
    };
    layout::point_at(dir, generation.number)?;
    Ok((generation, None, None))
}

/// The generation that was begun and not finished, if it can still be used.
fn open_begun(
    dir: &Path,
    current: u32,
    settings: Settings,
) -> Result<Option<Generation>, SearchError> {
    let Some(number) = layout::begun_after(dir, current)? else { return Ok(None) };
    match Generation::open(dir, number, settings) {
        Ok((generation, _)) => Ok(Some(generation)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an unfinished search index cannot be used and is deleted");
            Ok(None)
        }
    }
}

impl Generations for GenerationalIndex {
    fn is_unfinished(&self) -> bool {
        self.turn().next.is_some()
    }

    fn begin(&self) -> Result<Arc<dyn SearchIndex>, SearchError> {
        let mut turn = self.turn();
        if let Some(begun) = &turn.next {
            return Ok(Arc::clone(begun) as _);
        }
        turn.last = turn.last.saturating_add(1);
        let generation = Generation::make(&self.dir, turn.last, self.settings.clone())?;
        let begun = Arc::new(Next::new(Arc::new(generation)));
        turn.next = Some(Arc::clone(&begun));
        Ok(begun)
    }

    fn switch(&self, reached: Position) -> Result<bool, SearchError> {
        let mut turn = self.turn();
        let old = self.current.load_full();
        let Some(begun) = turn.next.as_ref().filter(|_| reached >= old.index.added()) else {
            return Ok(false);
        };
        begun.generation.index.commit()?;
        layout::point_at(&self.dir, begun.generation.number)?;
        self.current.store(Arc::clone(&begun.generation));
        turn.next = None;
        drop(turn);
        old.retire();
        Ok(true)
    }

    fn discard(&self) -> Result<(), SearchError> {
        let mut turn = self.turn();
        let Some(begun) = &turn.next else { return Ok(()) };
        layout::give_up(&begun.generation.path)?;
        let generation = Arc::clone(&begun.generation);
        turn.next = None;
        drop(turn);
        generation.retire();
        Ok(())
    }
}

/// Of the generation that answers. One that is being filled is looked at once it answers.
impl Upkeep for GenerationalIndex {
    fn look(&self, pace: &mut dyn FnMut(u64) -> bool) -> Result<Look, SearchError> {
        self.current.load_full().index.look(pace)
    }

    fn is_damaged(&self) -> bool {
        self.current.load().index.is_damaged()
    }

    fn is_suspect(&self) -> bool {
        self.current.load().index.is_suspect()
    }

    fn set_damage_aside(&self) -> Result<Option<Position>, SearchError> {
        let _turn = self.turn();
        self.current.load().index.set_damage_aside()
    }

    fn memory(&self) -> IndexMemory {
        self.current.load().index.memory()
    }
}

impl SearchIndex for GenerationalIndex {
    fn position(&self) -> Position {
        self.current.load().index.position()
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        let _turn = self.turn();
        self.current.load().index.add(events)
    }

    fn commit(&self) -> Result<Position, SearchError> {
        let _turn = self.turn();
        self.current.load().index.commit()
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        self.current.load_full().index.search(request)
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        self.current.load_full().index.count(filter, until, limit)
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError> {
        self.current.load_full().index.tally(filter, until, question, patience)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        self.current.load_full().index.values(request)
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        let turn = self.turn();
        self.current.load().index.remove(positions)?;
        match &turn.next {
            Some(begun) => begun.remove(positions),
            None => Ok(()),
        }
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        let turn = self.turn();
        let rewritten = self.current.load().index.rewrite(positions, read)?;
        if let Some(begun) = &turn.next {
            begun.rewrite(positions, read)?;
        }
        Ok(rewritten)
    }

    fn clear(&self) -> Result<(), SearchError> {
        self.discard()?;
        let _turn = self.turn();
        self.current.load().index.clear()
    }

    fn generations(&self) -> Option<&dyn Generations> {
        Some(self)
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}
