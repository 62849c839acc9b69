//! The retention job: finds what is due in the log of one tenant, and removes it.
//!
//! Only what every projection has taken in is looked at, so nothing that was removed is indexed later.
//! The index goes first and the log after it: whatever stops half-way, nothing is found that is no
//! longer there, and the next run removes the rest.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use annals_domain::retention::{RetentionPolicy, is_always_kept};
use annals_domain::{EventId, Position, TenantId};
use annals_ports::{EventLog, LogEntry, LogError, RemoveError, SearchError, SearchIndex};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;
use crate::projection::Progress;
use crate::reading::entries_after;

/// Events that one run removes at most.
const EVENTS_MAX: usize = 100_000;
/// Records read at once, and removed in one transaction: appends wait for no more than that.
const STEP: usize = 1024;

/// Removes what is due; cheap to clone.
#[derive(Clone)]
pub struct Retention {
    pub(crate) policy: Arc<RetentionPolicy>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) index: Arc<dyn SearchIndex>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Vec<Arc<Progress>>,
    pub(crate) turn: Arc<Semaphore>,
    pub(crate) stopping: CancellationToken,
}

/// A run of the job; there is one at a time.
pub struct RetentionRun {
    parts: Retention,
    _turn: OwnedSemaphorePermit,
}

/// What is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Where, rising.
    pub positions: Vec<Position>,
    /// How many of each class.
    pub by_class: BTreeMap<String, u64>,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
    /// When the newest of them was received.
    pub newest: Option<Timestamp>,
    /// Whether more is due than one run removes.
    pub more: bool,
}

/// The job did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// One run at a time.
    #[error("another retention run is under way; try again when it has ended")]
    UnderWay,
    /// The log cannot remove.
    #[error(
        "this store cannot remove events; run with `dry_run=true` to see what is due, and see \
         docs/retention.md for what can be done on a server"
    )]
    Unsupported,
    /// The log failed.
    #[error("cannot read or change the event log")]
    Log(#[from] LogError),
    /// The index failed; the log was not changed.
    #[error("cannot take events out of the search index; none was removed from the log")]
    Index(#[from] SearchError),
}

impl From<RemoveError> for RetentionError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Unsupported => Self::Unsupported,
            RemoveError::Log(error) => Self::Log(error),
        }
    }
}

impl Retention {
    /// Begins a run, unless one is under way.
    pub fn begin(&self) -> Result<RetentionRun, RetentionError> {
        let turn = Arc::clone(&self.turn).try_acquire_owned();
        let turn = turn.map_err(|_| RetentionError::UnderWay)?;
        Ok(RetentionRun { parts: self.clone(), _turn: turn })
    }

    /// Up to where everything was taken in by everyone.
    fn settled(&self) -> Position {
        let positions = self.progress.iter().map(|progress| progress.position());
        positions.min().unwrap_or(Position::START)
    }
}

impl RetentionRun {
    /// What of a tenant is due, from the oldest on. Dropping the future ends the search.
    pub async fn look(&self, tenant: &TenantId, now: Timestamp) -> Result<Due, RetentionError> {
        let Retention { policy, log, stopping, .. } = &self.parts;
        let until = self.parts.settled();
        let (mut due, mut position) = (Due::default(), Position::START);
        loop {
            let stretch = entries_after(&**log, position, STEP).await?;
            let is_last = stretch.end == position || stretch.end >= until;
            position = stretch.end;
            for entry in stretch.entries.iter().filter(|entry| entry.position <= until) {
                match judge(policy, entry, tenant, now) {
                    Judgement::Keep => {}
                    Judgement::Due(..) if due.positions.len() == EVENTS_MAX => {
                        return Ok(Due { more: true, ..due });
                    }
                    Judgement::Due(class, at) => due.add(entry.position, class, at),
                    Judgement::End => return Ok(due),
                }
            }
            if is_last || stopping.is_cancelled() {
                return Ok(due);
            }
        }
    }

    /// Fails when the log cannot remove.
    pub async fn require_removal(&self) -> Result<(), RetentionError> {
        self.parts.log.remove(EventId(uuid::Uuid::nil()), &[]).await?;
        Ok(())
    }

    /// Removes what is due; `run` is the event that tells of it. Answers how many were removed: fewer
    /// when the service is about to stop, or when another run was there before.
    pub async fn remove(&self, run: EventId, due: &Due) -> Result<u64, RetentionError> {
        let Retention { log, index, feed, stopping, .. } = &self.parts;
        let (taken_out, positions) = (Arc::clone(index), due.positions.clone());
        let removal = tokio::task::spawn_blocking(move || taken_out.remove(&positions));
        removal.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        feed.remove(&due.positions.iter().copied().collect::<HashSet<_>>());
        let mut removed = 0;
        for positions in due.positions.chunks(STEP) {
            if stopping.is_cancelled() {
                break;
            }
            removed += log.remove(run, positions).await?;
        }
        metrics::counter!("annals_events_removed_total").increment(removed);
        Ok(removed)
    }
}

impl Due {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    fn add(&mut self, position: Position, class: String, received_at: Timestamp) {
        self.positions.push(position);
        *self.by_class.entry(class).or_default() += 1;
        self.oldest = Some(self.oldest.map_or(received_at, |oldest| oldest.min(received_at)));
        self.newest = self.newest.max(Some(received_at));
    }
}

enum Judgement {
    Keep,
    /// Its class, and when it was received.
    Due(String, Timestamp),
    /// Nothing that comes is due.
    End,
}

/// The header tells all that is needed; a record whose header cannot be read is kept.
fn judge(
    policy: &RetentionPolicy,
    entry: &LogEntry,
    tenant: &TenantId,
    now: Timestamp,
) -> Judgement {
    let Ok(header) = entry.record.header() else { return Judgement::Keep };
    let received_at = header.recorded_at;
    // Shards append a moment later than they receive. What lies behind and is older is due next time.
    if !policy.any_due(received_at, now) {
        return Judgement::End;
    }
    let is_due = header.tenant == *tenant
        && !is_always_kept(&header.event_type)
        && policy.due(received_at, &header.retention, now);
    match is_due {
        true => Judgement::Due(header.retention.into_owned(), received_at),
        false => Judgement::Keep,
    }
}
