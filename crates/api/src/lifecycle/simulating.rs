//! What would go under other rules.

use annals_domain::lifecycle::RetentionRule;
use annals_engine::{Pacing, Simulated};
use jiff::Timestamp;

use super::policies;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;
use crate::self_audit::Read;

/// Types that a simulation tells one by one; those with the most events.
const TYPES_MAX: usize = 200;

/// What would be due.
pub(crate) struct Simulation {
    /// How many events.
    pub(crate) due: u64,
    /// How many of them a hold covers.
    pub(crate) held: u64,
    /// How many of each type, most first; at most [`TYPES_MAX`] types.
    pub(crate) by_type: Vec<(String, u64)>,
    /// When the oldest of them was received.
    pub(crate) oldest: Option<Timestamp>,
    /// When the newest of them was received.
    pub(crate) newest: Option<Timestamp>,
}

/// What would be due of the caller's tenant under these rules. It looks through the whole log and changes nothing.
pub(crate) async fn simulate(
    api: &ApiParts,
    caller: &Caller,
    rules: Vec<RetentionRule>,
) -> Result<Simulation, ApiError> {
    api.require_reading()?;
    let policy = policies::checked(rules)?;
    let now = api.retention_now().await;
    let pacing = Pacing::PerSecond(api.lifecycle.settings.records_per_second);
    let tenant = &caller.principal.tenant;
    let simulated = api.retention.simulate(tenant, &policy, now, pacing).await?;
    let returned = usize::try_from(simulated.due).unwrap_or(usize::MAX);
    caller.reads.note(Read { what: "retention", shape: "due".into(), returned, subject: None });
    let Simulated { due, held, by_type, oldest, newest } = simulated;
    let mut by_type: Vec<(String, u64)> = by_type.into_iter().collect();
    by_type.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    by_type.truncate(TYPES_MAX);
    Ok(Simulation { due, held, by_type, oldest, newest })
}
