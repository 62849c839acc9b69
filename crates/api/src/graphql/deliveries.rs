//! Messages on their way out, and every attempt at them.

use annals_ports::outbox::{Attempt, AttemptOutcome, Message, MessageState};
use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};

use super::connection::{PageInfo, Window};
use super::failure::failed;
use super::query::caller;
use super::scalars::DateTime;
use crate::caller::Caller;
use crate::context::Api;
use crate::deliveries::{self, Asked};
use crate::error::ApiError;

/// Where a message stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "annals_ports::outbox::MessageState")]
pub(super) enum DeliveryState {
    /// It waits, or is on its way.
    Waiting,
    /// It was taken on.
    Delivered,
    /// It was given up.
    GivenUp,
}

/// What came of an attempt.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryOutcome {
    /// The receiver took it on.
    Delivered,
    /// It is tried again.
    Again,
    /// It is tried no more.
    GivenUp,
}

/// A message on its way out, without what it says and without whom it tells.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct NotificationDelivery {
    /// Stays the same however often it is sent; receivers know it again by that.
    id: ID,
    /// Where it stands.
    state: DeliveryState,
    /// How often it was tried.
    tries: u32,
    /// On which way it goes: `email`, `endpoint` or `syslog`.
    channel: String,
    /// To which endpoint.
    endpoint_id: Option<ID>,
    /// The rule that sends it; `test` when somebody tested the endpoint.
    rule: String,
    /// How serious the event is.
    severity: String,
    /// About which event.
    event_id: ID,
    /// Type of that event.
    event_type: String,
    /// When that event was recorded.
    recorded_at: DateTime,
    /// How many more events it sums up.
    more_count: u64,
}

/// One attempt at a message.
#[derive(SimpleObject)]
pub(super) struct DeliveryAttempt {
    /// When.
    at: DateTime,
    /// What came of it.
    outcome: DeliveryOutcome,
    /// When it is tried again, not before.
    next_at: Option<DateTime>,
    /// The code of the receiver's answer, if there was one.
    code: Option<u16>,
    /// Why it failed.
    cause: Option<String>,
}

/// A page of messages.
#[derive(SimpleObject)]
pub(super) struct NotificationDeliveryConnection {
    /// Messages with their cursors.
    edges: Vec<NotificationDeliveryEdge>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// A message with its cursor.
#[derive(SimpleObject)]
pub(super) struct NotificationDeliveryEdge {
    /// Where to go on.
    cursor: String,
    /// The message.
    node: NotificationDelivery,
}

#[ComplexObject]
impl NotificationDelivery {
    /// Every attempt at it, oldest first.
    #[graphql(complexity = "10 + child_complexity")]
    async fn attempts(&self, context: &Context<'_>) -> Result<Vec<DeliveryAttempt>> {
        let (api, caller) = caller(context)?;
        let attempts = deliveries::attempts(api, caller, &self.id).await.map_err(failed)?;
        Ok(attempts.into_iter().map(Into::into).collect())
    }
}

/// Messages of the caller's tenant, newest first.
pub(super) async fn list(
    api: &Api,
    caller: &Caller,
    (first, after): (Option<i32>, Option<String>),
    endpoint_id: Option<ID>,
    state: Option<DeliveryState>,
) -> Result<NotificationDeliveryConnection, ApiError> {
    let window = Window { first, after, ..Window::default() };
    let (limit, cursor, _) = window.checked(api)?;
    let none = |what: &'static str| move |_| ApiError::not_found(what);
    let after = cursor.map(|id| id.parse().map_err(none("place on this list"))).transpose()?;
    let endpoint = endpoint_id.map(|id| id.parse().map_err(none("endpoint"))).transpose()?;
    let state = state.map(MessageState::from);
    let asked = Asked { endpoint, state, after, limit };
    let page = deliveries::list(api, caller, asked).await?;
    let edges: Vec<NotificationDeliveryEdge> = page
        .messages
        .into_iter()
        .map(|one| NotificationDeliveryEdge {
            cursor: one.message.id.to_string(),
            node: one.into(),
        })
        .collect();
    let page_info = PageInfo {
        has_next_page: page.next.is_some(),
        has_previous_page: after.is_some(),
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
    };
    Ok(NotificationDeliveryConnection { edges, page_info })
}

impl From<Message> for NotificationDelivery {
    fn from(Message { message, state, tries }: Message) -> Self {
        let (channel, endpoint_id) = deliveries::way_of(&message);
        Self {
            id: ID(message.id.to_string()),
            state: state.into(),
            tries,
            channel: channel.into(),
            endpoint_id: endpoint_id.map(|id| ID(id.to_string())),
            rule: message.rule,
            severity: message.severity,
            event_id: ID(message.event.to_string()),
            event_type: message.event_type,
            recorded_at: message.recorded_at.into(),
            more_count: message.more.len() as u64,
        }
    }
}

impl From<Attempt> for DeliveryAttempt {
    fn from(attempt: Attempt) -> Self {
        let (outcome, next_at) = match attempt.outcome {
            AttemptOutcome::Delivered => (DeliveryOutcome::Delivered, None),
            AttemptOutcome::Again(next) => (DeliveryOutcome::Again, Some(next.into())),
            AttemptOutcome::GivenUp => (DeliveryOutcome::GivenUp, None),
        };
        let Attempt { at, code, cause, .. } = attempt;
        Self { at: at.into(), outcome, next_at, code, cause }
    }
}
