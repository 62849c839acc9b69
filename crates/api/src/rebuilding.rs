//! Having the search index filled anew, for REST and GraphQL alike.
//!
//! The index is that of the installation, not of a tenant. What is told of it names no events.

use annals_domain::event::Justification;
use annals_engine::{RebuildRefused, RebuildState, RebuildStatus, Rebuilding, Role};

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};
use crate::roles;

/// Tells who had the index filled anew, or ended that.
const REBUILD_TYPE: &str = "annals.index.rebuild";

/// How the rebuild stands on this node.
pub(crate) fn status(api: &ApiParts) -> Result<RebuildStatus, ApiError> {
    Ok(rebuilding(api)?.status())
}

/// Begins a rebuild, once that is recorded.
pub(crate) async fn begin(
    api: &ApiParts,
    caller: &Caller,
    reason: Option<String>,
) -> Result<RebuildStatus, ApiError> {
    let rebuilding = rebuilding(api)?;
    if rebuilding.status().state == RebuildState::Running {
        return Err(RebuildRefused::UnderWay.into());
    }
    tell(api, caller, "requested", reason).await?;
    Ok(rebuilding.begin().await?)
}

/// Ends the rebuild that is under way, once that is recorded.
pub(crate) async fn cancel(
    api: &ApiParts,
    caller: &Caller,
    reason: Option<String>,
) -> Result<RebuildStatus, ApiError> {
    let rebuilding = rebuilding(api)?;
    if rebuilding.status().state == RebuildState::Running {
        tell(api, caller, "cancelled", reason).await?;
        // It may have ended meanwhile.
        if let Some(status) = rebuilding.cancel().await {
            return Ok(status);
        }
    }
    let message = "the search index is not being rebuilt; there is nothing to cancel";
    Err(ApiError::new(Code::NotFound, message))
}

/// The word for a state, the same in REST and in `/readyz`.
pub(crate) fn word(state: RebuildState) -> &'static str {
    match state {
        RebuildState::None => "none",
        RebuildState::Running => "running",
        RebuildState::Done => "done",
        RebuildState::Failed => "failed",
        RebuildState::Cancelled => "cancelled",
        RebuildState::Interrupted => "interrupted",
    }
}

fn rebuilding(api: &ApiParts) -> Result<&Rebuilding, ApiError> {
    roles::require(api.roles, Role::Project)?;
    api.rebuilding.as_ref().ok_or_else(|| RebuildRefused::Unsupported.into())
}

async fn tell(
    api: &ApiParts,
    caller: &Caller,
    step: &str,
    reason: Option<String>,
) -> Result<(), ApiError> {
    api.require_recording()?;
    let mut fact = Fact::new(REBUILD_TYPE);
    fact.justification = reason.map(|reason| Justification {
        reason: Some(reason),
        ticket: None,
        legal_basis: None,
    });
    fact.metadata.insert("step".into(), step.into());
    own_facts::record(api, caller, fact).await.map(drop)
}

impl From<RebuildRefused> for ApiError {
    fn from(refused: RebuildRefused) -> Self {
        let code = match &refused {
            RebuildRefused::UnderWay => Code::Conflict,
            RebuildRefused::Unsupported => Code::NotImplemented,
            RebuildRefused::Stopping => Code::Unavailable,
            RebuildRefused::Index(_) => {
                let error = &refused as &dyn std::error::Error;
                tracing::error!(error, "a rebuild of the search index could not be begun");
                let message = "a new search index could not be begun; the operations log tells why";
                return Self::new(Code::Unavailable, message);
            }
        };
        Self::new(code, refused.to_string())
    }
}
