//! How long events are kept, who changed that, and how the job stands.

use annals_domain::EventId;
use annals_domain::lifecycle::RetentionRule;
use jiff::Timestamp;

use super::job::LastRun;
use super::paging::{Page, page_of};
use super::policies::{self, Standing};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;

/// How retention stands for a tenant.
pub(crate) struct RetentionStanding {
    /// What the installation says: classes, and how long each is kept.
    pub(crate) classes: Vec<(String, String)>,
    /// What the tenant says; the first rule that is about an event counts.
    pub(crate) rules: Vec<RetentionRule>,
    /// Newest first.
    pub(crate) proposals: Vec<Standing>,
    /// The time that retention goes by.
    pub(crate) now: Timestamp,
    /// How far it is behind the clock of the service.
    pub(crate) behind_seconds: i64,
    /// Seconds between two runs; 0: only when somebody asks.
    pub(crate) interval_seconds: u64,
    pub(crate) last_run: LastRun,
}

/// How retention stands for the caller's tenant. That somebody looked is noted.
pub(crate) async fn of(api: &ApiParts, caller: &Caller) -> Result<RetentionStanding, ApiError> {
    let now = api.retention_now().await;
    let installation = api.retention.installation();
    let keep = |class: &str| Some((class.to_owned(), installation.span(class)?.to_string()));
    let standing = RetentionStanding {
        classes: installation.classes().filter_map(keep).collect(),
        rules: api
            .with_lifecycle_of(caller, |it| it.proposals().policy(now.policy).rules().to_vec())?,
        proposals: policies::list(api, caller, now.policy)?,
        now: now.expiry,
        behind_seconds: api.lifecycle.time.behind(api.lifecycle.wall.now()).await.as_secs(),
        interval_seconds: api.lifecycle.settings.interval_seconds,
        last_run: api.lifecycle.job.last(),
    };
    caller.sees_access("retention", standing.proposals.len());
    Ok(standing)
}

impl RetentionStanding {
    /// Some of the proposals: those behind the one of an id.
    pub(crate) fn proposals_after(
        &self,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Page<Standing>, ApiError> {
        page_of(self.proposals.iter().cloned(), |one| one.proposal.event, after, limit)
    }
}
