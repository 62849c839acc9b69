//! The retention job, run by hand for the caller's tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::EventId;
use annals_engine::Due;
use jiff::Timestamp;

use super::runs::{self, Ran};
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::self_audit::Read;

/// What was due, and what became of it.
pub(crate) struct Cleaned {
    pub(crate) dry_run: bool,
    /// How many events were due.
    pub(crate) due: u64,
    /// How many were removed.
    pub(crate) removed: u64,
    /// How many of each class were due.
    pub(crate) by_class: BTreeMap<String, u64>,
    /// When the oldest of them was received.
    pub(crate) oldest: Option<Timestamp>,
    /// When the newest of them was received.
    pub(crate) newest: Option<Timestamp>,
    /// Whether another run would find more.
    pub(crate) more: bool,
    /// How many are due, but held.
    pub(crate) held: u64,
    /// How many are due where the log cannot remove them yet.
    pub(crate) waiting: u64,
    /// The event that tells of the run.
    pub(crate) run: Option<EventId>,
}

/// Looks for what is due; removes it when it is no dry run, once that is recorded. What was begun is ended and
/// certified also when the caller has left.
pub(crate) async fn clean_up(
    api: &Api,
    caller: &Caller,
    dry_run: bool,
) -> Result<Cleaned, ApiError> {
    api.require_reading()?;
    if !dry_run {
        api.require_recording()?;
    }
    let tenant = &caller.principal.tenant;
    let run = api.retention.begin()?;
    let due = runs::look(api, tenant, &run).await?;
    if dry_run || due.is_empty() {
        let returned = due.events.len();
        caller.reads.note(Read { what: "retention", shape: "due".into(), returned, subject: None });
        return Ok(Cleaned::new(dry_run, due, 0, None));
    }
    let (api, caller) = (Arc::clone(api), caller.clone());
    let running = tokio::spawn(async move {
        let tenant = &caller.principal.tenant;
        let ran = runs::remove(&api, Some(&caller), tenant, &run, due).await?;
        if ran.removed > 0 {
            api.retention.reclaim().await;
        }
        Ok::<_, ApiError>(ran)
    });
    let ran = running.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let Ran { due, removed, run, failed } = ran?;
    match failed {
        Some(error) => Err(error),
        None => Ok(Cleaned::new(dry_run, due, removed, run)),
    }
}

impl Cleaned {
    fn new(dry_run: bool, due: Due, removed: u64, run: Option<EventId>) -> Self {
        let Due { events, by_class, oldest, newest, more, held, waiting } = due;
        let due = events.len() as u64;
        let more = more || (!dry_run && removed < due);
        Self { dry_run, due, removed, by_class, oldest, newest, more, held, waiting, run }
    }
}
