//! Where exports are asked for, looked at and fetched.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use annals_domain::query::print;
use annals_domain::{Position, TenantId};
use annals_record::sealed_file::SealedReader;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::folder::Folder;
use super::job::{ExportId, ExportJob, ExportStatus, Requester};
use super::places::Places;
use super::{ExportDesk, ExportOrder, ExportParts, ExportSettings};
use crate::queries::Queries;
use crate::tiles::Tiles;

/// Ended jobs without a file of one tenant that are remembered.
const REMEMBERED_MAX: usize = 200;

/// How long whoever cancels a job waits for its end.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);
/// Why a job ended that somebody cancelled.
pub(crate) const CANCELLED: &str = "it was cancelled";

/// Exports of this node; cheap to clone.
#[derive(Clone)]
pub struct Exports(pub(crate) Arc<Office>);

/// What all of them share.
pub(crate) struct Office {
    pub(crate) settings: ExportSettings,
    pub(crate) folder: Folder,
    pub(crate) queries: Queries,
    /// Proves events; none where no trees are kept.
    pub(crate) tiles: Option<Tiles>,
    /// Straight into answers.
    pub(crate) direct: Places,
    /// Something may be begun.
    pub(crate) wake: Notify,
    /// Cancelled when the service stops.
    pub(crate) stopping: CancellationToken,
    desk: OnceLock<Arc<dyn ExportDesk>>,
    jobs: Mutex<BTreeMap<ExportId, Held>>,
}

/// A job with what is needed to follow and to end it.
struct Held {
    job: watch::Sender<ExportJob>,
    cancel: CancellationToken,
    /// Whether it lies on the disk, so that it may be begun.
    kept: bool,
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct ExportFile {
    /// What it is.
    pub job: ExportJob,
    folder: Folder,
}

impl ExportFile {
    /// Opens it; blocking, as all reading of it.
    ///
    /// # Errors
    /// When it was removed meanwhile, or is not what was written.
    pub fn open(&self) -> std::io::Result<SealedReader<File>> {
        self.folder.file(self.job.id)
    }
}

/// An export was not begun.
#[derive(Debug, thiserror::Error)]
pub enum ExportRefused {
    /// The service has just started.
    #[error("exports cannot be asked for yet; try again shortly")]
    NotReady,
    /// The tenant has enough under way.
    #[error("{max} exports of the tenant are under way; wait for one of them, or cancel it")]
    TooManyWaiting {
        /// How many may be.
        max: usize,
    },
    /// The tenant has enough files.
    #[error("{max} files of the tenant are kept; delete one of them first")]
    TooManyKept {
        /// How many may be.
        max: usize,
    },
    /// Too many answers are being written.
    #[error("too many exports are being written; try again later, or ask for a job")]
    Busy,
    /// There is no room.
    #[error("there is no room for exports on this node; delete exports, or try again later")]
    NoRoom,
    /// The requester may not export.
    #[error("the requester may not export")]
    NotAllowed,
    /// The directory of exports cannot be written.
    #[error("cannot keep the export")]
    Folder(#[source] std::io::Error),
}

impl Exports {
    pub(crate) fn open(
        parts: ExportParts,
        queries: Queries,
        tiles: Option<Tiles>,
        stopping: CancellationToken,
    ) -> std::io::Result<Self> {
        let ExportParts { dir, settings, key } = parts;
        let folder = Folder::open(dir, key)?;
        let jobs = folder.jobs()?.into_iter().map(|job| (job.id, Held::new(job, true))).collect();
        let direct = Places::new(settings.direct_max, settings.direct_per_tenant_max);
        Ok(Self(Arc::new(Office {
            settings,
            folder,
            queries,
            tiles,
            direct,
            wake: Notify::new(),
            stopping,
            desk: OnceLock::new(),
            jobs: Mutex::new(jobs),
        })))
    }

    /// Opens the desk: exports begin, and go on, with it.
    pub fn open_desk(&self, desk: Arc<dyn ExportDesk>) {
        // Whoever opens it again has the same desk.
        let _ = self.0.desk.set(desk);
        self.0.wake.notify_one();
    }

    /// Where the log ends: up to here an export goes that is asked for at this moment.
    pub async fn snapshot(&self) -> Result<Position, crate::QueryError> {
        let head = self.0.queries.log.head().await;
        Ok(head.map_err(crate::ReadError::from)?)
    }

    /// Takes an order on; it is durable when this returns.
    pub async fn request(&self, order: ExportOrder) -> Result<ExportJob, ExportRefused> {
        let office = &self.0;
        let desk = office.desk().ok_or(ExportRefused::NotReady)?;
        desk.view(&order.requester).ok_or(ExportRefused::NotAllowed)?;
        let job = new_job(order);
        office.take_on(&job)?;
        let (folder, kept) = (office.folder.clone(), job.clone());
        let keeping = tokio::task::spawn_blocking(move || folder.keep(&kept));
        let keeping = keeping.await.unwrap_or_else(|_| Err(std::io::Error::other("a fault")));
        if let Err(error) = keeping {
            office.jobs().remove(&job.id);
            return Err(ExportRefused::Folder(error));
        }
        if let Some(held) = office.jobs().get_mut(&job.id) {
            held.kept = true;
        }
        office.wake.notify_one();
        Ok(job)
    }

    /// The requester's jobs, newest first.
    pub fn list(&self, requester: &Requester) -> Vec<ExportJob> {
        let now = Timestamp::now();
        let jobs = self.0.jobs();
        let own = jobs.values().map(|held| held.job.borrow().at(now));
        let mut own: Vec<_> = own.filter(|job| job.requester.is_same(requester)).collect();
        own.sort_by_key(|job| std::cmp::Reverse((job.requested_at, job.id)));
        own
    }

    /// One of the requester's jobs.
    pub fn find(&self, requester: &Requester, id: ExportId) -> Option<ExportJob> {
        Some(self.watch(requester, id)?.borrow().at(Timestamp::now()))
    }

    /// Follows one of the requester's jobs.
    pub fn watch(&self, requester: &Requester, id: ExportId) -> Option<watch::Receiver<ExportJob>> {
        let jobs = self.0.jobs();
        let held = jobs.get(&id)?;
        held.job.borrow().requester.is_same(requester).then(|| held.job.subscribe())
    }

    /// Ends a job that is under way; removes the file and what is known of an ended one. The job as
    /// it is afterwards.
    pub async fn cancel(&self, requester: &Requester, id: ExportId) -> Option<ExportJob> {
        self.find(requester, id)?;
        if self.0.cancel(id).await {
            return self.find(requester, id);
        }
        let job = self.find(requester, id)?;
        self.0.jobs().remove(&id);
        let folder = self.0.folder.clone();
        self.0.blocking(move || folder.remove(id)).await;
        Some(ExportJob { status: ExportStatus::Cancelled, ..job })
    }

    /// The file of one of the requester's jobs, while there is one.
    pub fn file(&self, requester: &Requester, id: ExportId) -> Option<ExportFile> {
        let job = self.find(requester, id).filter(|job| job.status == ExportStatus::Done)?;
        Some(ExportFile { job, folder: self.0.folder.clone() })
    }

    /// The manifest of one of the requester's files, as JSON.
    pub async fn manifest(&self, requester: &Requester, id: ExportId) -> Option<Vec<u8>> {
        self.file(requester, id)?;
        let folder = self.0.folder.clone();
        tokio::task::spawn_blocking(move || folder.manifest(id).ok()).await.ok().flatten()
    }
}

impl Office {
    pub(crate) fn desk(&self) -> Option<&Arc<dyn ExportDesk>> {
        self.desk.get()
    }

    /// Bytes of all files by now.
    pub(crate) fn bytes(&self) -> u64 {
        self.jobs().values().map(|held| held.job.borrow().bytes).sum()
    }

    /// Whether so many more bytes may be written.
    pub(crate) fn has_room(&self, more: u64) -> bool {
        let fits = self.bytes().saturating_add(more) <= self.settings.bytes_max;
        let needed = self.settings.free_bytes_min.saturating_add(more);
        // A disk that does not tell cannot be relied upon.
        fits && self.folder.free_bytes().is_ok_and(|free| free >= needed)
    }

    /// Takes a new job in if the limits allow, all under one lock.
    fn take_on(&self, job: &ExportJob) -> Result<(), ExportRefused> {
        if !self.has_room(1) {
            return Err(ExportRefused::NoRoom);
        }
        let mut jobs = self.jobs();
        let tenant = &job.requester.tenant;
        let count = |is: fn(ExportStatus) -> bool| {
            let of_tenant = |held: &&Held| held.is_of(tenant) && is(held.job.borrow().status);
            jobs.values().filter(of_tenant).count()
        };
        let settings = &self.settings;
        let max = settings.waiting_per_tenant_max;
        if count(ExportStatus::is_active) >= max {
            return Err(ExportRefused::TooManyWaiting { max });
        }
        let max = settings.kept_per_tenant_max;
        if count(|status| status == ExportStatus::Done) >= max {
            return Err(ExportRefused::TooManyKept { max });
        }
        // It is not begun before it is durable.
        let held = Held::new(job.clone(), false);
        jobs.insert(job.id, held);
        Ok(())
    }

    /// The next job to be written, marked as running, with what ends it.
    pub(crate) fn take_next(&self) -> Option<(ExportId, CancellationToken)> {
        self.desk()?;
        let jobs = self.jobs();
        let running = |held: &&Held| held.job.borrow().status == ExportStatus::Running;
        if jobs.values().filter(running).count() >= self.settings.running_max {
            return None;
        }
        let may_run = |held: &&Held| {
            let job = held.job.borrow();
            let of_tenant = |other: &&Held| other.is_of(&job.requester.tenant);
            let busy = jobs.values().filter(running).filter(of_tenant).count();
            held.kept
                && job.status == ExportStatus::Queued
                && busy < self.settings.running_per_tenant_max
        };
        let oldest = jobs.values().filter(may_run).min_by_key(|held| {
            let job = held.job.borrow();
            (job.requested_at, job.id)
        })?;
        let id = oldest.job.borrow().id;
        oldest.job.send_modify(|job| job.status = ExportStatus::Running);
        Some((id, oldest.cancel.clone()))
    }

    /// What was being written when it was broken off waits for its turn again, as it is on disk.
    pub(crate) fn begin_again(&self) {
        for held in self.jobs().values() {
            let job = held.job.borrow().clone();
            if !job.status.is_active() {
                continue;
            }
            match self.folder.job(job.id) {
                Ok(kept) => {
                    held.job.send_replace(ExportJob { status: ExportStatus::Queued, ..kept });
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, export.id = %job.id, "an export cannot be read");
                }
            }
        }
    }

    /// What is known of a job.
    pub(crate) fn job(&self, id: ExportId) -> Option<ExportJob> {
        self.jobs().get(&id).map(|held| held.job.borrow().clone())
    }

    /// A job that is being written, as it is on the disk.
    pub(crate) async fn kept(&self, id: ExportId) -> std::io::Result<ExportJob> {
        let folder = self.folder.clone();
        let kept = tokio::task::spawn_blocking(move || folder.job(id)).await;
        let kept = kept.unwrap_or_else(|_| Err(std::io::Error::other("a fault")))?;
        Ok(ExportJob { status: ExportStatus::Running, ..kept })
    }

    /// Tells everybody how far a job is.
    pub(crate) fn set(&self, job: ExportJob) {
        self.change(job.id, |held| *held = job);
    }

    fn change(&self, id: ExportId, change: impl FnOnce(&mut ExportJob)) {
        if let Some(held) = self.jobs().get(&id) {
            held.job.send_modify(change);
        }
    }

    /// Ends a job, and removes what was written of it.
    pub(crate) async fn end(&self, id: ExportId, status: ExportStatus, reason: &str) {
        let Some(job) = self.job(id).filter(|job| job.status.is_active()) else { return };
        let ended =
            job.ended(status, Some(reason.into()), Timestamp::now(), self.settings.expires());
        let (folder, kept) = (self.folder.clone(), ended.clone());
        self.blocking(move || folder.remove_file(&kept).and_then(|()| folder.keep(&kept))).await;
        self.set(ended);
        self.wake.notify_one();
    }

    /// Cancels a job that waits or is written, and tells whether it was one. Whoever writes it ends it;
    /// that takes a moment.
    pub(super) async fn cancel(&self, id: ExportId) -> bool {
        let (mut job, waits) = {
            let jobs = self.jobs();
            let Some(held) = jobs.get(&id) else { return false };
            let status = held.job.borrow().status;
            if !status.is_active() {
                return false;
            }
            held.cancel.cancel();
            // Under the lock, so that nobody begins it in between.
            let waits = status == ExportStatus::Queued;
            if waits {
                held.job.send_modify(|job| job.status = ExportStatus::Running);
            }
            (held.job.subscribe(), waits)
        };
        if waits {
            self.end(id, ExportStatus::Cancelled, CANCELLED).await;
            return true;
        }
        let ended = job.wait_for(|job| !job.status.is_active());
        match tokio::time::timeout(CANCEL_PATIENCE, ended).await {
            Ok(Ok(job)) => job.status != ExportStatus::Done,
            _ => true,
        }
    }

    /// Removes the files whose time is over, and forgets what nobody needs to know any more.
    pub(crate) async fn sweep(&self, now: Timestamp) {
        let all: Vec<ExportJob> =
            self.jobs().values().map(|held| held.job.borrow().clone()).collect();
        for job in all.iter().filter(|job| job.status == ExportStatus::Done) {
            let expired = job.at(now);
            if expired.status == ExportStatus::Expired {
                let expired = ExportJob { bytes: 0, ..expired };
                let (folder, kept) = (self.folder.clone(), expired.clone());
                self.blocking(move || folder.remove_file(&kept).and_then(|()| folder.keep(&kept)))
                    .await;
                self.set(expired);
            }
        }
        for id in forgotten(&all, now, &self.settings) {
            self.jobs().remove(&id);
            let folder = self.folder.clone();
            self.blocking(move || folder.remove(id)).await;
        }
    }

    /// The jobs of a tenant, whatever became of them.
    pub(super) fn jobs_of(&self, tenant: &TenantId) -> Vec<ExportJob> {
        let jobs = self.jobs();
        let own = jobs.values().filter(|held| held.is_of(tenant));
        own.map(|held| held.job.borrow().clone()).collect()
    }

    /// Nobody knows of the job from now on.
    pub(super) fn forget(&self, id: ExportId) {
        self.jobs().remove(&id);
    }

    /// Does something on the disk. What fails there is told of, and tried again by the next sweep.
    pub(crate) async fn blocking(
        &self,
        step: impl FnOnce() -> std::io::Result<()> + Send + 'static,
    ) {
        let done = tokio::task::spawn_blocking(step).await;
        if let Err(error) = done.unwrap_or_else(|_| Err(std::io::Error::other("a fault"))) {
            warn!(error = &error as &dyn std::error::Error, "the directory of exports fails");
        }
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<ExportId, Held>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn new(job: ExportJob, kept: bool) -> Self {
        Self { job: watch::Sender::new(job), cancel: CancellationToken::new(), kept }
    }

    fn is_of(&self, tenant: &TenantId) -> bool {
        self.job.borrow().requester.tenant == *tenant
    }
}

fn new_job(order: ExportOrder) -> ExportJob {
    ExportJob {
        v: 1,
        id: ExportId::random(),
        scope: print(&order.scope.filter()),
        query: print(&order.filter),
        requester: order.requester,
        form: order.form,
        until: order.until,
        status: ExportStatus::Queued,
        reason: None,
        requested_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
        expires_at: None,
        position: Position::START,
        events: 0,
        bytes: 0,
        percent: 0,
        sha256: None,
    }
}

/// Ended jobs that are old, and those beyond the number that is remembered of a tenant.
fn forgotten(all: &[ExportJob], now: Timestamp, settings: &ExportSettings) -> Vec<ExportId> {
    let has_file = |job: &ExportJob| job.status.is_active() || job.status == ExportStatus::Done;
    let mut ended: Vec<&ExportJob> = all.iter().filter(|job| !has_file(job)).collect();
    ended.sort_by_key(|job| std::cmp::Reverse(job.finished_at));
    let mut of_tenant = BTreeMap::<&TenantId, usize>::new();
    let mut forgotten = Vec::new();
    for job in ended {
        let count = of_tenant.entry(&job.requester.tenant).or_default();
        *count += 1;
        if *count > REMEMBERED_MAX || job.is_forgotten(now, settings.expires()) {
            forgotten.push(job.id);
        }
    }
    forgotten
}
