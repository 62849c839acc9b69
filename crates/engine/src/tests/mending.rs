//! A search index that finds itself damaged: what is left goes on answering, and the rest is filled anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use annals_domain::Position;
use annals_domain::filter::{Count, Filter, Order};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{EventId, Recorded};
use annals_ports::{
    Hit, IndexMemory, Look, ReadAnew, SearchError, SearchIndex, SearchRequest, Upkeep, Values,
    ValuesRequest,
};

use super::machine::{
    Machine, PATIENCE, events, id, numbers, record_all, request, settings, start,
    wait_until_durable,
};
use super::memory_index::MemoryIndex;
use crate::{Settings, System};

/// An index in memory that can be damaged. All of it is lost then.
#[derive(Default)]
struct FragileIndex {
    held: MemoryIndex,
    /// What the next look finds.
    hidden: AtomicBool,
    known: AtomicBool,
    suspected: AtomicBool,
    looks: AtomicUsize,
    /// So often damage cannot be set aside, though it is gone.
    failures: AtomicUsize,
    cures: AtomicUsize,
    /// Nothing can be added.
    is_closed: AtomicBool,
}

impl Upkeep for FragileIndex {
    fn look(&self, pace: &mut dyn FnMut(u64) -> bool) -> Result<Look, SearchError> {
        self.suspected.store(false, Ordering::SeqCst);
        self.looks.fetch_add(1, Ordering::SeqCst);
        let is_damaged = self.hidden.swap(false, Ordering::SeqCst);
        self.known.fetch_or(is_damaged, Ordering::SeqCst);
        let damaged = is_damaged.then(|| "a file".to_owned()).into_iter().collect();
        Ok(Look { files: 1, bytes: 1, damaged, complete: pace(1) })
    }

    fn is_damaged(&self) -> bool {
        self.known.load(Ordering::SeqCst)
    }

    fn is_suspect(&self) -> bool {
        self.suspected.load(Ordering::SeqCst)
    }

    fn set_damage_aside(&self) -> Result<Option<Position>, SearchError> {
        self.held.clear()?;
        self.cures.fetch_add(1, Ordering::SeqCst);
        let spend = |left: usize| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_ok() {
            let source = "a test wanted it".into();
            return Err(SearchError::Failed { doing: "setting aside", source });
        }
        self.known.store(false, Ordering::SeqCst);
        Ok(Some(Position::START))
    }

    fn memory(&self) -> IndexMemory {
        IndexMemory::default()
    }
}

impl SearchIndex for FragileIndex {
    fn position(&self) -> Position {
        self.held.position()
    }

    fn add(&self, events: &[Recorded]) -> Result<(), SearchError> {
        match self.is_closed.load(Ordering::SeqCst) {
            true => Err(SearchError::Failed { doing: "adding", source: "not yet".into() }),
            false => self.held.add(events),
        }
    }

    fn commit(&self) -> Result<Position, SearchError> {
        self.held.commit()
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        self.held.search(request)
    }

    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError> {
        self.held.count(filter, until, limit)
    }

    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError> {
        self.held.tally(filter, until, question, patience)
    }

    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError> {
        self.held.values(request)
    }

    fn remove(&self, positions: &[Position]) -> Result<(), SearchError> {
        self.held.remove(positions)
    }

    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError> {
        self.held.rewrite(positions, read)
    }

    fn clear(&self) -> Result<(), SearchError> {
        self.held.clear()
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}

/// An engine with twenty events in such an index.
async fn filled(settings: Settings) -> (System, Arc<FragileIndex>, Position) {
    let index = Arc::new(FragileIndex::default());
    let mut ports = Machine::default().ports();
    ports.index = index.clone();
    let system = start(ports, Default::default(), settings).await;
    let position = record_all(&system, events(0, 20)).await;
    wait_until_durable(&system, position).await;
    (system, index, position)
}

/// Looks as often as it can.
fn watchful() -> Settings {
    let mut settings = settings();
    settings.scrub.interval_seconds = 1;
    settings
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never {what}"));
}

fn all() -> Vec<EventId> {
    (0..20).map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_a_look_finds_is_cured_and_everything_is_found_again() {
    let (system, index, position) = filled(watchful()).await;
    index.hidden.store(true, Ordering::SeqCst);
    until("cured", || index.cures.load(Ordering::SeqCst) > 0).await;
    until("filled", || index.held.ids() == all()).await;
    wait_until_durable(&system, position).await;
    assert!(!system.queries.is_incomplete());
    let page = system.queries.page(request(Order::RecordedOldest, 100)).await.unwrap();
    assert_eq!(numbers(&page.events), (0..20).collect::<Vec<_>>());
    assert_eq!(index.cures.load(Ordering::SeqCst), 1);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_failed_has_the_files_looked_at_also_where_that_is_never_due() {
    let (system, index, _) = filled(settings()).await;
    index.hidden.store(true, Ordering::SeqCst);
    index.suspected.store(true, Ordering::SeqCst);
    until("looked at", || index.looks.load(Ordering::SeqCst) == 1).await;
    until("cured", || index.cures.load(Ordering::SeqCst) > 0).await;
    until("filled", || index.held.ids() == all()).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_filled_anew_it_says_that_searches_find_less() {
    let (system, index, _) = filled(settings()).await;
    assert!(!system.queries.is_incomplete());
    index.is_closed.store(true, Ordering::SeqCst);
    index.known.store(true, Ordering::SeqCst);
    until("incomplete", || system.queries.is_incomplete()).await;
    index.is_closed.store(false, Ordering::SeqCst);
    until("complete", || !system.queries.is_incomplete()).await;
    assert_eq!(index.held.ids(), all());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_cannot_be_set_aside_at_once_leaves_no_gap() {
    let (system, index, _) = filled(settings()).await;
    index.failures.store(2, Ordering::SeqCst);
    index.known.store(true, Ordering::SeqCst);
    until("cured", || index.cures.load(Ordering::SeqCst) == 3).await;
    until("filled", || index.held.ids() == all()).await;
    until("complete", || !system.queries.is_incomplete()).await;
    system.stop().await;
}
