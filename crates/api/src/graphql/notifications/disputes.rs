//! "This wasn't me".

use annals_domain::EventId;
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};

use super::super::failure::failed;
use super::super::query::{AllQueries, caller, recorder};
use super::super::scalars::DateTime;
use super::super::user_error::{UserError, user_errors};
use crate::disputes;
use crate::error::ApiError;

/// What somebody says was not them.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationDispute {
    /// The event that tells of it.
    id: ID,
    /// The event that it is about.
    about: ID,
    /// Who says so.
    person: String,
    /// When.
    at: DateTime,
}

/// What was not the caller.
#[derive(InputObject)]
pub(in crate::graphql) struct DisputeNotificationInput {
    /// The event.
    event_id: ID,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct DisputeNotificationPayload {
    /// Whether it had not been said before; null when it could not be said.
    is_new: Option<bool>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

pub(super) fn list(context: &Context<'_>) -> Result<Vec<NotificationDispute>> {
    let (api, caller) = caller(context)?;
    let all = disputes::list(api, caller).map_err(failed)?;
    caller.sees_access("disputes", all.len());
    let shown = all.into_iter().map(|dispute| NotificationDispute {
        id: ID(dispute.event.to_string()),
        about: ID(dispute.about.to_string()),
        person: dispute.person,
        at: dispute.at.into(),
    });
    Ok(shown.collect())
}

pub(super) async fn raise(
    context: &Context<'_>,
    input: DisputeNotificationInput,
) -> Result<DisputeNotificationPayload> {
    let (api, caller) = recorder(context)?;
    let raised = match input.event_id.parse() {
        Ok(id) => disputes::raise(api, caller, EventId(id)).await,
        Err(_) => Err(ApiError::not_found("event")),
    };
    let (is_new, user_errors) = match raised {
        Ok(is_new) => (Some(is_new), Vec::new()),
        Err(error) => (None, user_errors(error, "eventId")?),
    };
    Ok(DisputeNotificationPayload { is_new, user_errors, query: AllQueries::default() })
}
