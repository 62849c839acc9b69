//! Messages on their way out, for those who look after them: where each stands, and every attempt at it. The
//! same way for REST and GraphQL. What a message says, and to whom, is not shown.

use annals_domain::notification::{Outgoing, Route};
use annals_engine::Role;
use annals_ports::outbox::{Attempt, AttemptOutcome, Message, MessageState, MessagesAsked};
use uuid::Uuid;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::roles;

/// A page of messages.
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// The message after which the next page begins.
    pub(crate) next: Option<Uuid>,
}

/// Which messages are asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) endpoint: Option<Uuid>,
    pub(crate) state: Option<MessageState>,
    /// Those that come after this message in the list.
    pub(crate) after: Option<Uuid>,
    pub(crate) limit: usize,
}

/// Messages of the caller's tenant, newest first.
pub(crate) async fn list(api: &ApiParts, caller: &Caller, asked: Asked) -> Result<Page, ApiError> {
    roles::require(api.roles, Role::Deliver)?;
    let tenant = &caller.principal.tenant;
    let before = match asked.after {
        None => None,
        Some(id) => {
            let last = api.queries.delivery(tenant, id).await?.ok_or_else(|| {
                let message = "the cursor is none of this list; begin again without one";
                ApiError::new(Code::InvalidCursor, message)
            })?;
            Some((last.message.position, id))
        }
    };
    let Asked { endpoint, state, limit, .. } = asked;
    let wanted = MessagesAsked { endpoint, state, before };
    let mut messages = api.queries.deliveries(tenant, wanted, limit + 1).await?;
    let more = messages.len() > limit;
    messages.truncate(limit);
    caller.sees_access("deliveries", messages.len());
    let next = messages.last().filter(|_| more).map(|last| last.message.id);
    Ok(Page { messages, next })
}

/// The attempts at a message of the caller's tenant, oldest first.
pub(crate) async fn attempts(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
) -> Result<Vec<Attempt>, ApiError> {
    roles::require(api.roles, Role::Deliver)?;
    let not_found = || ApiError::not_found("delivery");
    let id = id.parse().map_err(|_| not_found())?;
    let found = api.queries.attempts(&caller.principal.tenant, id).await?;
    found.ok_or_else(not_found)
}

/// The word for where a message stands.
pub(crate) fn state_word(state: MessageState) -> &'static str {
    match state {
        MessageState::Waiting => "waiting",
        MessageState::Delivered => "delivered",
        MessageState::GivenUp => "given_up",
    }
}

/// The word for what came of an attempt.
pub(crate) fn outcome_word(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Delivered => "delivered",
        AttemptOutcome::Again(_) => "again",
        AttemptOutcome::GivenUp => "given_up",
    }
}

/// On which way a message goes, and to which endpoint. Addresses are not told.
pub(crate) fn way_of(message: &Outgoing) -> (&'static str, Option<Uuid>) {
    match &message.route {
        Route::Email { .. } => ("email", None),
        Route::Endpoint { id } => ("endpoint", Some(*id)),
        Route::Syslog => ("syslog", None),
    }
}
