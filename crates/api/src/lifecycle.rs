//! What is kept and what is forgotten: retention policies, legal holds, erasures, and the job that removes what
//! is due. By REST and GraphQL alike.
//!
//! All of it follows from events in the log (`annals_domain::access::state`), as access does: a decision is
//! recorded, and only then is it in effect, on every node. Where something could be lost two people decide.

pub(crate) mod certificates;
pub(crate) mod cleaning;
pub(crate) mod clock;
pub(crate) mod erasures;
pub(crate) mod holds;
pub mod job;
pub(crate) mod paging;
pub(crate) mod person_rights;
pub(crate) mod policies;
pub(crate) mod runs;
pub(crate) mod simulating;
pub(crate) mod standing;

use annals_domain::EventId;
use annals_domain::access::state::TenantLifecycle;
use annals_domain::event::{JsonObject, Justification};
use annals_domain::lifecycle::{Approval, RetentionNow};
use annals_engine::tiles::LogSigner;
use annals_engine::{RetentionTime, WallClock};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::auth::Credential;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;

/// Characters of a reason.
const REASON_MAX: usize = 1000;

/// `[lifecycle]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleSettings {
    /// Seconds between two runs of the retention job; 0: only when somebody asks.
    pub interval_seconds: u64,
    /// Records a second that the job reads.
    pub records_per_second: u64,
    /// Days after its approval until a policy by which something goes earlier comes into force.
    pub shortening_delay_days: u16,
}

/// What keeping and forgetting needs beside the log.
pub struct LifecycleParts {
    /// `[lifecycle]`
    pub settings: LifecycleSettings,
    /// The time that retention goes by.
    pub time: RetentionTime,
    /// What it is compared with. Not the clock of events, which stands still when the system's is set back: after
    /// a jump ahead it would go on telling the wrong time.
    pub wall: WallClock,
    /// Signs certificates.
    pub certifier: LogSigner,
    /// How the job stands.
    pub job: job::JobStatus,
    /// Told when there is something to do at once.
    pub work: tokio::sync::Notify,
}

/// Why somebody decides something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) reason: String,
}

impl ApiParts {
    /// What is known of the caller's tenant.
    pub(crate) fn lifecycle_of(&self, caller: &Caller) -> Result<TenantLifecycle, ApiError> {
        self.with_lifecycle_of(caller, TenantLifecycle::clone)
    }

    /// Looks at what is known of the caller's tenant without copying it, which can be much.
    fn with_lifecycle_of<T>(
        &self,
        caller: &Caller,
        look: impl FnOnce(&TenantLifecycle) -> T,
    ) -> Result<T, ApiError> {
        let state = self.access_state()?;
        Ok(match state.tenant(&caller.principal.tenant) {
            Some(tenant) => look(tenant.lifecycle()),
            None => look(&TenantLifecycle::default()),
        })
    }

    /// The time that retention goes by.
    pub(crate) async fn retention_now(&self) -> RetentionNow {
        self.lifecycle.time.now(self.lifecycle.wall.now()).await
    }
}

impl LifecycleSettings {
    fn shortening_delay(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.shortening_delay_days))
    }
}

/// Decisions are a person's: an API key can be two people's.
fn require_person(caller: &Caller) -> Result<(), ApiError> {
    match caller.principal.credential {
        Credential::Token { .. } => Ok(()),
        _ => Err(ApiError::forbidden("only a person decides this, with a token of their own")),
    }
}

/// Whoever asked does not agree with themselves.
fn require_second_person(caller: &Caller, first: &Approval) -> Result<(), ApiError> {
    require_person(caller)?;
    if caller.principal.id == first.by {
        let message = "a second person decides this; you asked for it yourself";
        return Err(ApiError::forbidden(message));
    }
    Ok(())
}

fn conflict(message: &str) -> ApiError {
    ApiError::new(Code::Conflict, message)
}

fn justified(reason: &str) -> Result<Option<Justification>, ApiError> {
    let reason = credentials::text("reason", reason, 3, REASON_MAX)?;
    Ok(Some(Justification { reason: Some(reason), ticket: None, legal_basis: None }))
}

/// Records a decision about what an earlier event began.
async fn decide(
    api: &ApiParts,
    caller: &Caller,
    event_type: &'static str,
    about: EventId,
    reason: &str,
) -> Result<(), ApiError> {
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), about.to_string().into());
    let justification = justified(reason)?;
    credentials::record(api, caller, Fact { justification, metadata, ..Fact::new(event_type) })
        .await?;
    Ok(())
}
