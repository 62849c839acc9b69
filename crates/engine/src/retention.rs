//! The retention job: finds what is due in the log and held by nobody, and removes it.
//!
//! Only what every projection has taken in is looked at, so nothing that was removed is indexed later.
//! The index goes first and the log after it: whatever stops half-way, nothing is found that is no
//! longer there, and the next run removes the rest.

mod archive;
mod beginnings;
pub(crate) mod forgetting;
mod looking;
mod time;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::lifecycle::{Judge, Removable, RetentionNow, TenantPolicy};
use annals_domain::limits::QueryLimits;
use annals_domain::retention::RetentionPolicy;
use annals_domain::{EventId, Position, TenantId};
use annals_ports::{
    ArchiveError, EventLog, LogError, Removal, RemoveError, SearchError, SearchIndex,
};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::access::AccessView;
use crate::feed::Feed;
use crate::opening::{Opener, ReadError};
use crate::projection::Progress;
use crate::queries::{ArchiveParts, Queries};

use archive::KeptMonths;
pub use archive::{ArchiveExpired, ExpiredMonth, LockedMonth};
use beginnings::Beginnings;
use looking::Going;
pub use looking::{Pacing, Simulated};
pub use time::{RetentionTime, RetentionTimeError};

/// Events that one run removes of a tenant at most.
const EVENTS_MAX: usize = 100_000;
/// Records read at once, and removed in one transaction: appends wait for no more than that.
pub(crate) const STEP: usize = 1024;

/// How long a run waits until what the log tells of holds and policies is known here.
const KNOWN_PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether a copy of the log has what others recorded.
const KNOWN_PAUSE: Duration = Duration::from_millis(50);

/// What the job goes by.
#[derive(Clone)]
pub struct RetentionRules {
    /// What the installation says.
    pub installation: RetentionPolicy,
    /// For the queries of holds.
    pub catalogue: Arc<Catalogue>,
    /// For the queries of holds: the widest limits there are, so that none is refused that was let through.
    pub limits: QueryLimits,
}

/// Removes what is due; cheap to clone.
#[derive(Clone)]
pub struct Retention {
    pub(crate) rules: Arc<RetentionRules>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) index: Arc<dyn SearchIndex>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) opener: Opener,
    /// Policies and holds.
    pub(crate) access: AccessView,
    pub(crate) progress: Vec<Arc<Progress>>,
    /// Closed months; none where nothing is archived.
    pub(crate) archive: Option<ArchiveParts>,
    pub(crate) kept_months: Arc<KeptMonths>,
    pub(crate) turn: Arc<Semaphore>,
    /// Simulations have a turn of their own: however long one takes, the job is not held up.
    pub(crate) simulating: Arc<Semaphore>,
    pub(crate) stopping: CancellationToken,
}

/// A run of the job; there is one at a time.
pub struct RetentionRun {
    parts: Retention,
    _turn: OwnedSemaphorePermit,
}

/// What is due of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// What may go, rising by position.
    pub events: Vec<Removable>,
    /// How many of each class.
    pub by_class: BTreeMap<String, u64>,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
    /// When the newest of them was received.
    pub newest: Option<Timestamp>,
    /// Whether more is due than one run removes.
    pub more: bool,
    /// How many are due, but held, as far as was looked.
    pub held: u64,
    /// How many are due, but lie where the log cannot remove them yet: behind others of their stream that
    /// stay, or at its end. None where the log removes each for itself.
    pub waiting: u64,
}

/// What a run removed.
#[derive(Debug, Default)]
pub struct Gone {
    /// How many, by what the log says.
    pub removed: u64,
    /// Which they were, as what was due is told.
    pub told: Due,
    /// What ended the run early. What was removed before is so all the same.
    pub failed: Option<RetentionError>,
}

/// The job did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// One run at a time.
    #[error("another retention run is under way; try again when it has ended")]
    UnderWay,
    /// One simulation at a time.
    #[error("another simulation is under way; try again when it has ended")]
    Simulating,
    /// The log cannot remove.
    #[error(
        "this store cannot remove events; run with `dry_run=true` to see what is due, and see \
         docs/retention.md for what can be done on a server"
    )]
    Unsupported,
    /// The log may not.
    #[error("nothing was removed, for the service's user on the server may not remove: {remedy}")]
    Denied {
        /// What to do.
        remedy: &'static str,
    },
    /// A hold may have been placed that is not known here yet.
    #[error("this node does not yet know all holds; try again shortly")]
    NotCurrent,
    /// The log failed.
    #[error("cannot read or change the event log")]
    Log(#[from] LogError),
    /// What is held cannot be looked at.
    #[error("cannot open events to see whether they are held")]
    Read(#[from] ReadError),
    /// The archive failed.
    #[error("cannot see what is due in the archive, or delete it")]
    Archive(#[from] ArchiveError),
    /// The index failed; the log was not changed.
    #[error("cannot take events out of the search index; none was removed from the log")]
    Index(#[from] SearchError),
}

impl From<RemoveError> for RetentionError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Unsupported => Self::Unsupported,
            RemoveError::Denied { remedy } => Self::Denied { remedy },
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

    /// What of a tenant would be due under a policy that is not in force. Nothing can be removed by it, so it
    /// takes no turn of the job. Dropping the future ends the search.
    pub async fn simulate(
        &self,
        tenant: &TenantId,
        policy: &TenantPolicy,
        now: impl Into<RetentionNow>,
        pacing: Pacing,
    ) -> Result<Simulated, RetentionError> {
        let turn = self.simulating.try_acquire();
        let _turn = turn.map_err(|_| RetentionError::Simulating)?;
        looking::simulate(self, tenant, policy, now.into(), pacing).await
    }

    /// What the installation says.
    pub fn installation(&self) -> &RetentionPolicy {
        &self.rules.installation
    }

    /// Which events the log can remove.
    pub fn removal(&self) -> Removal {
        self.log.removal()
    }

    /// Has the store give back the room of what was removed. What was removed is so also when this fails, which
    /// the operations log tells.
    pub async fn reclaim(&self) {
        if let Err(error) = self.log.reclaim().await {
            let error = &error as &dyn std::error::Error;
            warn!(
                error,
                "the server was not told to scavenge: what retention removed is still in its files. Start a \
                 scavenge of each of its nodes by hand, and see docs/eventstoredb.md for the rights it needs"
            );
        }
    }

    /// Waits until every hold and policy that the log tells is known here.
    async fn until_all_is_known(&self) -> Result<(), RetentionError> {
        let patience = Instant::now() + KNOWN_PATIENCE;
        while self.log.health().catching_up {
            if Instant::now() >= patience {
                return Err(RetentionError::NotCurrent);
            }
            tokio::time::sleep(KNOWN_PAUSE).await;
        }
        let head = self.log.head().await?;
        match self.access.wait_for(head, KNOWN_PATIENCE).await {
            true => Ok(()),
            false => Err(RetentionError::NotCurrent),
        }
    }

    /// Judges the events of a tenant, by what is known of it here.
    pub(crate) fn judge(&self, tenant: &TenantId, now: RetentionNow) -> Judge<'_> {
        looking::judge(self, tenant, now)
    }

    /// Up to where everything was taken in by everyone.
    fn settled(&self) -> Position {
        let positions = self.progress.iter().map(|progress| progress.position());
        positions.min().unwrap_or(Position::START)
    }
}

impl RetentionRun {
    /// What is due at that time, of one tenant or of all. Dropping the future ends the search.
    pub async fn look(
        &self,
        tenant: Option<&TenantId>,
        now: impl Into<RetentionNow>,
        pacing: Pacing,
    ) -> Result<BTreeMap<TenantId, Due>, RetentionError> {
        looking::look(&self.parts, tenant, now.into(), pacing).await
    }

    /// Fails when the log cannot remove, or may not.
    pub async fn require_removal(&self) -> Result<(), RetentionError> {
        self.parts.log.remove(EventId(uuid::Uuid::nil()), &[]).await?;
        Ok(())
    }

    /// Removes what is due; `run` is the event that tells of it. That are fewer than were due when the service
    /// is about to stop, when a hold was placed or a policy came into force meanwhile, when another run was there
    /// before, or when something failed.
    pub async fn remove(
        &self,
        tenant: &TenantId,
        run: EventId,
        due: &Due,
        now: impl Into<RetentionNow>,
    ) -> Gone {
        let now = now.into();
        let (mut gone, mut stays) = (Gone::default(), Beginnings::default());
        for events in due.events.chunks(STEP) {
            if self.parts.stopping.is_cancelled() {
                break;
            }
            let chunk = Chunk { tenant, run, events, now };
            if let Err(error) = self.remove_chunk(chunk, &mut stays, &mut gone).await {
                gone.failed = Some(error);
                break;
            }
        }
        metrics::counter!("annals_events_removed_total").increment(gone.removed);
        gone
    }

    /// From looking again until it is gone nobody decides on this node that something of it stays.
    async fn remove_chunk(
        &self,
        Chunk { tenant, run, events, now }: Chunk<'_>,
        stays: &mut Beginnings,
        gone: &mut Gone,
    ) -> Result<(), RetentionError> {
        let Retention { log, index, feed, access, .. } = &self.parts;
        let _removing = access.removing().await;
        self.parts.until_all_is_known().await?;
        let left = looking::still_removable(&self.parts, tenant, events, now).await?;
        let going = match log.removal() {
            Removal::Each => left,
            Removal::Beginnings => looking::beginnings(&self.parts, stays, events, left).await?,
        };
        let events: Vec<Removable> = going.iter().map(|going| going.event).collect();
        let positions: Vec<Position> = events.iter().map(|event| event.position()).collect();
        let (taken_out, out) = (Arc::clone(index), positions.clone());
        let removal = tokio::task::spawn_blocking(move || taken_out.remove(&out));
        removal.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        feed.remove(&positions.into_iter().collect::<HashSet<_>>());
        gone.removed += log.remove(run, &events).await?;
        for Going { event, class, received_at } in going {
            gone.told.add(event, &class, received_at);
        }
        Ok(())
    }
}

/// What is removed in one transaction.
struct Chunk<'a> {
    tenant: &'a TenantId,
    run: EventId,
    events: &'a [Removable],
    now: RetentionNow,
}

impl Gone {
    /// How many were removed, or what failed.
    pub fn all(self) -> Result<u64, RetentionError> {
        self.failed.map_or(Ok(self.removed), Err)
    }
}

impl Due {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    fn add(&mut self, event: Removable, class: &str, received_at: Timestamp) {
        self.events.push(event);
        *self.by_class.entry(class.to_owned()).or_default() += 1;
        self.oldest = Some(self.oldest.map_or(received_at, |oldest| oldest.min(received_at)));
        self.newest = self.newest.max(Some(received_at));
    }
}

/// Whoever must have taken an event in before it may go. What detection has not seen yet must not go before it
/// has.
pub(crate) fn settled(
    queries: &Queries,
    access: &Arc<Progress>,
    detection: Option<&Arc<Progress>>,
) -> Vec<Arc<Progress>> {
    let derived = queries.progress.iter().map(Arc::clone);
    derived.chain([Arc::clone(access)]).chain(detection.map(Arc::clone)).collect()
}
