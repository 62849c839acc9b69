//! What is kept and what is forgotten: retention, legal holds, erasures, and what people may ask for beside.
//! As in REST; both are over `crate::lifecycle`.

mod erasures;
mod holds;
mod listing;
mod persons;
mod retention;

use annals_domain::EventId;
use annals_domain::lifecycle::Approval;
use async_graphql::{ID, InputObject, Result, SimpleObject};

use super::failure::failed;
use super::scalars::DateTime;
use crate::error::{ApiError, Code};

pub(super) use erasures::{ErasuresMutation, ErasuresQuery};
pub(super) use holds::{HoldsMutation, HoldsQuery};
pub(super) use persons::PersonsMutation;
pub(super) use retention::{RetentionMutation, RetentionQuery};

/// Who decided something, and when.
#[derive(SimpleObject)]
pub(super) struct Decision {
    /// Id of the person; `annals` when something forbids it.
    by: String,
    /// When.
    at: DateTime,
}

impl From<Approval> for Decision {
    fn from(Approval { by, at }: Approval) -> Self {
        Self { by, at: at.into() }
    }
}

/// What is decided on, and why.
#[derive(InputObject)]
pub(super) struct DecisionInput {
    /// The event that asked for it.
    id: ID,
    /// Stands in the event that tells of the decision; 3 to 1000 characters.
    reason: String,
}

/// The event that something is named after. What is no id names nothing.
fn event_id(id: &ID, what: &str) -> Result<EventId, ApiError> {
    id.parse().map(EventId).map_err(|_| ApiError::not_found(what))
}

/// Null where there is none, and where it is another tenant's.
fn known<T>(found: Result<T, ApiError>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
