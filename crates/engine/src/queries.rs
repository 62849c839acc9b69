//! Answering questions about the log.
//!
//! The newest events are searched in memory, older ones in the index. Both are asked with the same
//! filter, and the caller's [`Scope`] is part of it before anything runs.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order, PageKey, Scope};
use annals_domain::notification::InboxItem;
use annals_domain::profile::{PersonRef, Profile};
use annals_domain::{EventId, Position, Recorded};
use annals_ports::{
    EventLog, Hit, InboxStore, ProfileStore, ReadModelError, SearchError, SearchIndex,
    SearchRequest,
};

use crate::feed::{Feed, FeedReader, Recent};
use crate::opening::{Opener, ReadError};
use crate::projection::Progress;

/// What to look for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Which events the caller may see.
    pub scope: Scope,
    /// Which of them they want.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Behind which one.
    pub after: Option<PageKey>,
    /// How many at most.
    pub limit: usize,
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct Page {
    /// In the asked order.
    pub events: Vec<Recorded>,
    /// Whether more follow.
    pub more: bool,
}

/// A question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The index failed.
    #[error("cannot search")]
    Search(#[from] SearchError),
    /// The log failed.
    #[error("cannot read events")]
    Read(#[from] ReadError),
    /// A read model failed.
    #[error("cannot read a read model")]
    Model(#[from] ReadModelError),
    /// What was just recorded is not visible yet.
    #[error("position {0} is not visible yet; try again shortly")]
    NotYetVisible(Position),
}

/// Answers questions; cheap to clone.
#[derive(Clone)]
pub struct Queries {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) opener: Opener,
    pub(crate) feed: Arc<Feed>,
    pub(crate) index: Arc<dyn SearchIndex>,
    pub(crate) profiles: Arc<dyn ProfileStore>,
    pub(crate) inbox: Arc<dyn InboxStore>,
    pub(crate) progress: Arc<[Arc<Progress>]>,
}

/// The key of an event in any order.
pub fn page_key(event: &Recorded) -> PageKey {
    PageKey {
        position: event.position,
        occurred_us: event.event.occurred_at.timestamp.as_microsecond(),
    }
}

impl Queries {
    /// A page of the events that match.
    pub async fn page(&self, request: PageRequest) -> Result<Page, QueryError> {
        let this = self.clone();
        let filter = request.scope.filter().and(request.filter.clone());
        let limit = request.limit;
        let found = tokio::task::spawn_blocking(move || {
            this.find(&filter, request.order, request.after, limit + 1)
        });
        let mut found = found.await.unwrap_or_else(|p| std::panic::resume_unwind(p.into_panic()))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let events = self.fetch(found).await?;
        let foreign = events.iter().find(|event| event.event.tenant != request.scope.tenant);
        assert!(foreign.is_none(), "a query answered with an event of another tenant");
        Ok(Page { events, more })
    }

    /// How many events match; counts no further than `limit`.
    pub async fn count(
        &self,
        scope: &Scope,
        filter: Filter,
        limit: u64,
    ) -> Result<Count, QueryError> {
        let this = self.clone();
        let filter = scope.filter().and(filter);
        let counted = tokio::task::spawn_blocking(move || {
            let (indexed, chunks) = this.memory();
            let in_memory = newer(&chunks, indexed).filter(|e| filter.matches(&e.event)).count();
            let in_memory = (in_memory as u64).min(limit + 1);
            let rest = this.index.count(&filter, indexed, limit.saturating_sub(in_memory))?;
            let value = rest.value + in_memory;
            Ok(Count { value: value.min(limit), at_least: rest.at_least || value > limit })
        });
        counted.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// One event, if the scope holds it.
    pub async fn event(&self, scope: &Scope, id: EventId) -> Result<Option<Recorded>, QueryError> {
        let entry = self.log.find(&scope.tenant, id).await.map_err(ReadError::from)?;
        let Some(entry) = entry else { return Ok(None) };
        let event = self.opener.open_all(vec![entry]).await?.pop();
        Ok(event.filter(|event| scope.filter().matches(&event.event)))
    }

    /// The person's profile.
    pub async fn profile(
        &self,
        person: PersonRef,
        limit: usize,
    ) -> Result<Option<Profile>, QueryError> {
        let store = Arc::clone(&self.profiles);
        Ok(blocking(move || store.profile(&person, limit)).await?)
    }

    /// The person's events, newest first.
    pub async fn timeline(
        &self,
        person: PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, QueryError> {
        let store = Arc::clone(&self.profiles);
        let mut positions = blocking(move || store.timeline(&person, before, limit + 1)).await?;
        let more = positions.len() > limit;
        positions.truncate(limit);
        let found = positions.into_iter().map(Found::At).collect();
        Ok(Page { events: self.fetch(found).await?, more })
    }

    /// The person's messages, newest first.
    pub async fn inbox(
        &self,
        person: PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, QueryError> {
        let store = Arc::clone(&self.inbox);
        Ok(blocking(move || store.newest(&person, before, limit)).await?)
    }

    /// The person's messages after a position, oldest first.
    pub async fn inbox_since(
        &self,
        person: PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, QueryError> {
        let store = Arc::clone(&self.inbox);
        Ok(blocking(move || store.since(&person, after, limit)).await?)
    }

    /// How many messages the person has not read.
    pub async fn unread(&self, person: PersonRef) -> Result<u64, QueryError> {
        let store = Arc::clone(&self.inbox);
        Ok(blocking(move || store.unread(&person)).await?)
    }

    /// Follows the log from a position on; from now on when there is none.
    pub fn follow(&self, after: Option<Position>) -> FeedReader {
        let after = after.unwrap_or_else(|| self.feed.head());
        FeedReader::new(Arc::clone(&self.feed), Arc::clone(&self.log), self.opener.clone(), after)
    }

    /// Newest position that queries see.
    pub fn head(&self) -> Position {
        self.feed.head()
    }

    /// Waits until everything up to `position` is seen by searches, profiles and inboxes.
    pub async fn wait_for(&self, position: Position, limit: Duration) -> Result<(), QueryError> {
        let wait = async {
            // Searches also see the feed, unless the index is too far behind to join it.
            let mut head = self.feed.watch();
            let _ = head.wait_for(|seen| *seen >= position).await;
            for progress in self.progress.iter() {
                let mut applied = progress.watch();
                let _ = applied
                    .wait_for(|applied| {
                        *applied >= position
                            || (progress.name() == "index" && self.joined(*applied))
                    })
                    .await;
            }
        };
        tokio::time::timeout(limit, wait).await.map_err(|_| QueryError::NotYetVisible(position))
    }

    /// How far each projection has come.
    pub fn progress(&self) -> &[Arc<Progress>] {
        &self.progress
    }

    /// Whether the feed reaches back to what the index has.
    fn joined(&self, indexed: Position) -> bool {
        matches!(self.feed.recent(indexed), Recent::Events(_))
    }

    /// How far the index reaches, and the newer events. The index is asked first: what it commits
    /// meanwhile is left out of its answers by that position, so nothing is found twice.
    fn memory(&self) -> (Position, Vec<Arc<[Recorded]>>) {
        let indexed = self.index.position();
        match self.feed.recent(indexed) {
            Recent::Events(chunks) => (indexed, chunks),
            Recent::Behind => (indexed, Vec::new()),
        }
    }

    fn find(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<PageKey>,
        limit: usize,
    ) -> Result<Vec<Found>, SearchError> {
        let (indexed, chunks) = self.memory();
        let mut fresh: Vec<&Recorded> = newer(&chunks, indexed)
            .filter(|event| after.is_none_or(|after| is_behind(order, after, page_key(event))))
            .filter(|event| filter.matches(&event.event))
            .collect();
        sort(order, &mut fresh);
        fresh.truncate(limit);
        let search = |after, limit| {
            let request = SearchRequest { filter, order, after, until: indexed, limit };
            self.index.search(&request)
        };
        let found: Vec<Found> = match order {
            // What is in memory is newer than all that is in the index.
            Order::RecordedNewest => {
                let rest = limit - fresh.len();
                let hits = if rest == 0 { Vec::new() } else { search(after, rest)? };
                fresh.into_iter().map(Found::here).chain(hits.into_iter().map(Found::hit)).collect()
            }
            Order::RecordedOldest => {
                let hits = search(after, limit)?;
                hits.into_iter().map(Found::hit).chain(fresh.into_iter().map(Found::here)).collect()
            }
            Order::OccurredNewest | Order::OccurredOldest => {
                merge(order, search(after, limit)?, fresh)
            }
        };
        Ok(found.into_iter().take(limit).collect())
    }

    async fn fetch(&self, found: Vec<Found>) -> Result<Vec<Recorded>, QueryError> {
        let positions: Vec<Position> = found
            .iter()
            .filter_map(|found| match found {
                Found::At(position) => Some(*position),
                Found::Here(_) => None,
            })
            .collect();
        let entries = match positions.is_empty() {
            true => Vec::new(),
            false => self.log.read_at(&positions).await.map_err(ReadError::from)?,
        };
        let read = self.opener.open_all(entries.into_iter().flatten().collect()).await?;
        let mut read = read.into_iter().peekable();
        // A position whose record is gone (retention) leaves no row.
        let row = |found| match found {
            Found::Here(event) => Some(event),
            Found::At(position) => read.next_if(|event| event.position == position),
        };
        Ok(found.into_iter().filter_map(row).collect())
    }
}

/// An event that was found: in memory, or by its position in the log.
enum Found {
    Here(Recorded),
    At(Position),
}

impl Found {
    fn here(event: &Recorded) -> Self {
        Self::Here(event.clone())
    }

    fn hit(hit: Hit) -> Self {
        Self::At(hit.position)
    }
}

fn newer(chunks: &[Arc<[Recorded]>], than: Position) -> impl Iterator<Item = &Recorded> {
    chunks.iter().flat_map(|chunk| chunk.iter()).filter(move |event| event.position > than)
}

/// Whether `key` comes after `mark` in the order.
fn is_behind(order: Order, mark: PageKey, key: PageKey) -> bool {
    let by_occurrence = |key: PageKey| (key.occurred_us, key.position);
    match order {
        Order::RecordedNewest => key.position < mark.position,
        Order::RecordedOldest => key.position > mark.position,
        Order::OccurredNewest => by_occurrence(key) < by_occurrence(mark),
        Order::OccurredOldest => by_occurrence(key) > by_occurrence(mark),
    }
}

fn sort(order: Order, events: &mut [&Recorded]) {
    let by_occurrence = |event: &&Recorded| {
        let key = page_key(event);
        (key.occurred_us, key.position)
    };
    match order {
        // They come in order of position.
        Order::RecordedOldest => {}
        Order::RecordedNewest => events.reverse(),
        Order::OccurredOldest => events.sort_by_key(by_occurrence),
        Order::OccurredNewest => events.sort_by_key(|event| std::cmp::Reverse(by_occurrence(event))),
    }
}

fn merge(order: Order, hits: Vec<Hit>, fresh: Vec<&Recorded>) -> Vec<Found> {
    let mut hits = hits.into_iter().peekable();
    let mut fresh = fresh.into_iter().peekable();
    let mut merged = Vec::with_capacity(hits.len() + fresh.len());
    loop {
        let take_hit = match (hits.peek(), fresh.peek()) {
            (Some(hit), Some(event)) => {
                let hit = PageKey { position: hit.position, occurred_us: hit.occurred_us };
                is_behind(order, hit, page_key(event))
            }
            (hit, _) => hit.is_some(),
        };
        let next = match take_hit {
            true => hits.next().map(Found::hit),
            false => fresh.next().map(Found::here),
        };
        match next {
            Some(found) => merged.push(found),
            None => return merged,
        }
    }
}

async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, ReadModelError> + Send + 'static,
) -> Result<T, ReadModelError> {
    let task = tokio::task::spawn_blocking(step);
    task.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
