//! Answering questions about the log.
//!
//! The newest events are searched in memory, older ones in the index. Both are asked with the same
//! filter, and the caller's [`Scope`] is part of it before anything runs.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::filter::{Count, Filter, Order, PageKey, Scope};
use annals_domain::notification::{InboxItem, InboxState};
use annals_domain::profile::PersonRef;
use annals_domain::{EventId, Position, Recorded, TenantId};
use annals_ports::{
    ArchiveError, EventLog, InboxStore, LogEntry, ProfileStore, ReadModelError, SearchError,
    SearchIndex,
};

use crate::feed::{Feed, FeedReader, Recent, distance};
use crate::matching::Wanted;
use crate::opening::{Opener, ReadError};
use crate::projection::Progress;
use crate::projections::{INBOX, INDEX};
use crate::turns::Turns;

mod archived;
mod comparison;
mod completing;
mod deliveries;
mod history;
mod paging;
mod profiles;
mod related;
mod snapshot;
mod statistics;

pub use archived::{
    ARCHIVED_BYTES_MAX, ARCHIVED_PIECES_MAX, ArchiveParts, ArchiveSearch, ArchivedPage,
};
pub use comparison::{ChangedValue, ComparisonRequest, PeriodValues, ValueChanges};
pub use completing::CountedValues;
pub use history::{HistoryPage, HistoryRequest, Part, PastValues, last_changes};
pub use related::{RelatedPage, RelatedRequest, Relation};
pub use statistics::{HistogramRequest, Statistics, StatisticsRequest};

pub(crate) use paging::Found;

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
    /// The archive cannot be read, or is not what was stored.
    #[error("cannot look into the archive")]
    Archive(#[from] ArchiveError),
    /// Nobody keeps one.
    #[error("this service has no archive")]
    NoArchive,
    /// What was just recorded is not visible yet.
    #[error("position {0} is not visible yet; try again shortly")]
    NotYetVisible(Position),
    /// Too many questions wait for their turn.
    #[error("too many questions are being asked; try again shortly")]
    Busy,
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
    /// Which questions are worked on, and which wait.
    pub(crate) turns: Turns,
    /// What is not in the log any more.
    pub(crate) archive: Option<ArchiveParts>,
    /// Nothing beyond this position is seen.
    pub(crate) as_of: Position,
}

/// The key of an event in any order.
pub fn page_key(event: &Recorded) -> PageKey {
    PageKey {
        position: event.position,
        occurred_us: event.event.occurred_at.timestamp.as_microsecond(),
    }
}

impl Queries {
    /// About how many events a projection is behind the log.
    pub fn lag(&self, progress: &Progress) -> u64 {
        distance(&*self.log, progress.position(), self.head())
    }

    /// The same, but for everything beyond a position: whatever is recorded meanwhile, several
    /// questions are answered from one state of the log.
    pub fn as_of(&self, position: Position) -> Self {
        Self { as_of: self.as_of.min(position), ..self.clone() }
    }

    /// Up to where searches see every event.
    pub fn visible(&self) -> Position {
        self.memory().end
    }

    /// A page of the events that match.
    pub async fn page(&self, request: PageRequest) -> Result<Page, QueryError> {
        let PageRequest { scope, filter, order, after, limit } = request;
        let this = self.clone();
        let wanted = Wanted::new(&scope, filter);
        let search = move || this.find(&wanted, order, after, limit.saturating_add(1));
        let mut found = self.blocking(&scope.tenant, search).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(Page { events: self.fetch(&scope.tenant, found).await?, more })
    }

    /// How many events match; counts no further than `limit`.
    pub async fn count(
        &self,
        scope: &Scope,
        filter: Filter,
        limit: u64,
    ) -> Result<Count, QueryError> {
        let this = self.clone();
        let wanted = Wanted::new(scope, filter);
        self.blocking(&scope.tenant, move || this.count_wanted(&wanted, limit)).await
    }

    /// One event, if the scope holds it.
    pub async fn event(&self, scope: &Scope, id: EventId) -> Result<Option<Recorded>, QueryError> {
        let entry = self.log.find(&scope.tenant, id).await.map_err(ReadError::from)?;
        let Some(entry) = entry else { return Ok(None) };
        let event = self.opener.open_all(vec![entry]).await?.pop();
        Ok(event.filter(|event| scope.filter().matches(&event.event)))
    }

    /// The person's messages that stand so, newest first; without a state all that were not put away.
    pub async fn inbox(
        &self,
        person: PersonRef,
        state: Option<InboxState>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, QueryError> {
        let store = Arc::clone(&self.inbox);
        let tenant = person.tenant.clone();
        self.blocking(&tenant, move || store.newest(&person, state, before, limit)).await
    }

    /// The person's messages that were not put away, after a position, oldest first.
    pub async fn inbox_since(
        &self,
        person: PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, QueryError> {
        let store = Arc::clone(&self.inbox);
        let tenant = person.tenant.clone();
        self.blocking(&tenant, move || store.since(&person, after, limit)).await
    }

    /// How many messages the person has neither read nor put away.
    pub async fn unread(&self, person: PersonRef) -> Result<u64, QueryError> {
        let store = Arc::clone(&self.inbox);
        let tenant = person.tenant.clone();
        self.blocking(&tenant, move || store.unread(&person)).await
    }

    /// Follows the log from a position on; from now on when there is none.
    pub fn follow(&self, after: Option<Position>) -> FeedReader {
        let after = after.unwrap_or_else(|| self.feed.head());
        FeedReader::new(Arc::clone(&self.feed), Arc::clone(&self.log), self.opener.clone(), after)
    }

    /// The record at a position, as it is stored.
    pub async fn entry_at(&self, position: Position) -> Result<Option<LogEntry>, ReadError> {
        Ok(self.log.read_at(&[position]).await?.pop().flatten())
    }

    /// Newest position that queries see.
    pub fn head(&self) -> Position {
        self.feed.head()
    }

    /// Waits until searches see everything up to `position`, which they do as soon as it is in the
    /// feed, unless the index is too far behind to join it.
    pub async fn wait_for(&self, position: Position, limit: Duration) -> Result<(), QueryError> {
        let found = |indexed: Position| indexed >= position || self.joined(indexed);
        let wait = async {
            let mut head = self.feed.watch();
            // The feed lives as long as this does.
            let _ = head.wait_for(|seen| *seen >= position).await;
            self.wait_for_projection(INDEX, found).await;
        };
        tokio::time::timeout(limit, wait).await.map_err(|_| QueryError::NotYetVisible(position))
    }

    /// Waits until inboxes show everything up to `position`.
    pub async fn wait_for_inbox(
        &self,
        position: Position,
        limit: Duration,
    ) -> Result<(), QueryError> {
        let wait = self.wait_for_projection(INBOX, |applied| applied >= position);
        tokio::time::timeout(limit, wait).await.map_err(|_| QueryError::NotYetVisible(position))
    }

    async fn wait_for_projection(&self, name: &str, far_enough: impl Fn(Position) -> bool) {
        for progress in self.progress.iter().filter(|progress| progress.name() == name) {
            // The projection's progress lives as long as this does.
            let _ = progress.watch().wait_for(|applied| far_enough(*applied)).await;
        }
    }

    /// Whether searches find less than they did, because a damaged part of the index is being made anew.
    pub fn is_incomplete(&self) -> bool {
        let mut index = self.progress.iter().filter(|progress| progress.name() == INDEX);
        index.any(|progress| progress.is_incomplete())
    }

    /// How far each projection has come.
    pub fn progress(&self) -> &[Arc<Progress>] {
        &self.progress
    }

    /// Whether the feed reaches back to what the index has.
    fn joined(&self, indexed: Position) -> bool {
        matches!(self.feed.some_recent(indexed, 0), Recent::Events(..))
    }

    /// The events that were found, all of one tenant.
    async fn fetch(
        &self,
        tenant: &TenantId,
        found: Vec<Found>,
    ) -> Result<Vec<Recorded>, QueryError> {
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
        let events: Vec<Recorded> = found.into_iter().filter_map(row).collect();
        let foreign = events.iter().find(|event| event.event.tenant != *tenant);
        assert!(foreign.is_none(), "a query found an event of another tenant");
        Ok(events)
    }

    /// Does something for a tenant that may take its time. Only so many at once: the threads are
    /// also needed to record events.
    pub(crate) async fn blocking<T: Send + 'static, E: Send + Into<QueryError> + 'static>(
        &self,
        tenant: &TenantId,
        step: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, QueryError> {
        let turn = self.turns.take(tenant, 1).await?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            step()
        });
        let done = task.await;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            .map_err(Into::into)
    }
}
