//! The retention job as it runs by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_engine::{ArchiveExpired, ExpiredMonth, Pacing, RetentionRun};
use jiff::Timestamp;
use serde::Serialize;
use tracing::{error, info, warn};

use super::{erasures, runs};
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};

/// How often the time that passes is kept: so much of it is lost when the service is killed.
const KEEP_INTERVAL: Duration = Duration::from_secs(60);
/// A run that is not through by itself goes on after this pause.
const MORE_PAUSE: Duration = Duration::from_secs(5);
/// Behind the wall clock by more than this somebody is told to confirm the clock.
const BEHIND_SECONDS_MAX: i64 = 24 * 60 * 60;

/// Tells that a month of the archive was deleted.
const ARCHIVE_EXPIRED: &str = "annals.archive.expired";

/// How the job stands; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct JobStatus(Arc<Mutex<LastRun>>);

/// The last run of the job on this node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LastRun {
    /// When it ended; none: there was none since the start.
    pub ended_at: Option<Timestamp>,
    /// How many events it removed, of all tenants.
    pub removed: u64,
    /// Whether it did what it was to do.
    pub succeeded: bool,
    /// Whether the log can remove at all.
    pub supported: bool,
}

impl JobStatus {
    /// The last run.
    pub fn last(&self) -> LastRun {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ended(&self, last: LastRun) {
        if let (true, Some(ended)) = (last.succeeded, last.ended_at) {
            metrics::gauge!("annals_retention_last_success_timestamp_seconds")
                .set(ended.as_second() as f64);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}

/// Runs the job until the service stops: removes what is due, and carries out erasures that were agreed on.
pub fn start(api: &Api) {
    let job = Arc::clone(api);
    tokio::spawn(async move {
        job.credentials.view().until_current().await;
        let interval = job.lifecycle.settings.interval_seconds;
        let mut next = tokio::time::Instant::now();
        while !job.stopping.is_cancelled() {
            keep_time(&job).await;
            erasures::carry_out_open(&job).await;
            if interval > 0 && tokio::time::Instant::now() >= next {
                // A panic ends this round, and not the job.
                let round = Arc::clone(&job);
                let more = tokio::spawn(async move { run_once(&round).await }).await;
                let pause = match more.unwrap_or(false) {
                    true => MORE_PAUSE,
                    false => Duration::from_secs(interval),
                };
                next = tokio::time::Instant::now() + pause;
            }
            tokio::select! {
                () = job.stopping.cancelled() => {}
                () = job.lifecycle.work.notified() => {}
                () = tokio::time::sleep_until(next.min(tokio::time::Instant::now() + KEEP_INTERVAL)),
                    if interval > 0 => {}
                () = tokio::time::sleep(KEEP_INTERVAL), if interval == 0 => {}
            }
        }
        keep_time(&job).await;
    });
}

async fn keep_time(api: &Api) {
    if let Err(error) = api.lifecycle.time.keep().await {
        error!(error = &error as &dyn std::error::Error, "the retention time is not kept");
    }
    let behind = api.lifecycle.time.behind(api.lifecycle.wall.now()).await.as_secs();
    metrics::gauge!("annals_retention_behind_seconds").set(behind as f64);
}

/// One look through the whole log; whether there is more to do at once. While somebody does it by hand, of one
/// tenant, it is no run of the job, and none is told.
pub async fn run_once(api: &Api) -> bool {
    let Ok(run) = api.retention.begin() else { return true };
    let mut last = LastRun { supported: true, ..LastRun::default() };
    let more = match round(api, &run, &mut last).await {
        Ok(more) => {
            last.succeeded = true;
            more
        }
        Err(error) if error.code == Code::NotImplemented => {
            (last.succeeded, last.supported) = (true, false);
            false
        }
        Err(error) => {
            warn!(error = error.message, "the retention job did not end well; it is run again");
            false
        }
    };
    last.ended_at = Some(api.clock.now());
    if last.removed > 0 {
        info!(removed = last.removed, "events whose time was over were removed");
    }
    api.lifecycle.job.ended(last);
    more
}

async fn round(api: &Api, run: &RetentionRun, last: &mut LastRun) -> Result<bool, ApiError> {
    let behind = api.lifecycle.time.behind(api.lifecycle.wall.now()).await.as_secs();
    if behind > BEHIND_SECONDS_MAX {
        warn!(
            days = behind / BEHIND_SECONDS_MAX,
            "the service was stopped for so long, and nobody confirmed its clock: events expire that much \
             later. Confirm it with POST /api/v1/retention/clock"
        );
    }
    let now = api.retention_now().await;
    let pacing = Pacing::PerSecond(api.lifecycle.settings.records_per_second);
    let found = run.look(None, now, pacing).await?;
    let (mut more, mut failed) = (false, None);
    for (tenant, due) in found {
        let is_more = due.more;
        let error = match runs::remove(api, None, &tenant, run, due).await {
            Ok(ran) => {
                more |= is_more;
                last.removed += ran.removed;
                ran.failed
            }
            Err(error) if error.code == Code::NotImplemented => return Err(error),
            Err(error) => Some(error),
        };
        // The others do not wait for one of whom nothing can be removed.
        if let Some(error) = error {
            let tenant = tenant.as_str();
            warn!(tenant, error = error.message, "what is due of a tenant was not all removed");
            failed.get_or_insert(error);
        }
    }
    if last.removed > 0 {
        api.retention.reclaim().await;
    }
    if let Err(error) = expire_archive(api, run).await {
        failed.get_or_insert(error);
    }
    failed.map_or(Ok(more), Err)
}

/// Deletes months of the archive of which everything is due, and tells their tenants.
async fn expire_archive(api: &Api, run: &RetentionRun) -> Result<(), ApiError> {
    let ArchiveExpired { deleted, locked } = run.expire_archive(api.retention_now().await).await?;
    let until = locked.iter().filter_map(|month| month.until).min();
    if let Some(first) = locked.first() {
        let until = until.map(|until| until.to_string()).unwrap_or_default();
        info!(
            months = locked.len(),
            first = format!("{} of {}", first.month, first.tenant),
            until,
            "months of the archive are due and not held, but locked by the store; they go when it lets them"
        );
    }
    for ExpiredMonth { tenant, month, records } in deleted {
        info!(tenant = tenant.as_str(), %month, records, "a month of the archive was deleted, for it was due");
        let mut fact = Fact::new(ARCHIVE_EXPIRED);
        fact.metadata.insert("month".into(), month.to_string().into());
        fact.metadata.insert("records".into(), records.into());
        own_facts::record_as_annals(api, &tenant, fact).await?;
    }
    Ok(())
}
