//! `/api/v1/notifications/deliveries`: messages on their way out.

use annals_domain::problem::{ErrorCode, FieldError};
use annals_ports::outbox::{Attempt, AttemptOutcome, Message, MessageState};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::bodies;
use super::parameters::pairs;
use crate::caller::Caller;
use crate::context::Api;
use crate::deliveries::{self, Asked};
use crate::error::ApiError;

/// More parameters than there are make no sense.
const PARAMETERS_MAX: usize = 8;

/// A message without what it says, and without whom it tells.
#[derive(Serialize)]
struct DeliveryBody {
    id: Uuid,
    state: &'static str,
    tries: u32,
    channel: &'static str,
    endpoint_id: Option<Uuid>,
    rule: String,
    severity: String,
    event_id: String,
    event_type: String,
    recorded_at: String,
    more_count: usize,
}

impl From<Message> for DeliveryBody {
    fn from(Message { message, state, tries }: Message) -> Self {
        let (channel, endpoint_id) = deliveries::way_of(&message);
        Self {
            id: message.id,
            state: deliveries::state_word(state),
            tries,
            channel,
            endpoint_id,
            rule: message.rule,
            severity: message.severity,
            event_id: message.event.to_string(),
            event_type: message.event_type,
            recorded_at: message.recorded_at.to_string(),
            more_count: message.more.len(),
        }
    }
}

#[derive(Serialize)]
struct PageBody {
    deliveries: Vec<DeliveryBody>,
    next_cursor: Option<Uuid>,
}

#[derive(Serialize)]
struct AttemptBody {
    at: String,
    outcome: &'static str,
    next_at: Option<String>,
    code: Option<u16>,
    cause: Option<String>,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        let next_at = match attempt.outcome {
            AttemptOutcome::Again(next) => Some(next.to_string()),
            AttemptOutcome::Delivered | AttemptOutcome::GivenUp => None,
        };
        Self {
            at: attempt.at.to_string(),
            outcome: deliveries::outcome_word(attempt.outcome),
            next_at,
            code: attempt.code,
            cause: attempt.cause,
        }
    }
}

#[derive(Serialize)]
struct AttemptsBody {
    attempts: Vec<AttemptBody>,
}

/// `GET /api/v1/notifications/deliveries`
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut asked = Asked { limit: api.limits.query.page_default, ..Asked::default() };
    for (name, value) in pairs(query.as_deref().unwrap_or_default(), PARAMETERS_MAX)? {
        let id = || {
            let told = |_| wrong(&name, ErrorCode::Malformed, "is not an id".into());
            value.parse::<Uuid>().map(Some).map_err(told)
        };
        match &*name {
            "limit" => {
                let max = api.limits.query.page_max;
                let limit = value.parse().ok().filter(|limit| (1..=max).contains(limit));
                asked.limit = limit.ok_or_else(|| {
                    wrong("limit", ErrorCode::OutOfRange, format!("is not 1 to {max}"))
                })?;
            }
            "cursor" => asked.after = id()?,
            "endpoint_id" => asked.endpoint = id()?,
            "state" => {
                let all = [MessageState::Waiting, MessageState::Delivered, MessageState::GivenUp];
                let state = all.into_iter().find(|it| deliveries::state_word(*it) == value);
                let message = "is not waiting, delivered or given_up";
                let told = || wrong("state", ErrorCode::Malformed, message.into());
                asked.state = Some(state.ok_or_else(told)?);
            }
            other => {
                let known = "is not known; known are limit, cursor, endpoint_id and state";
                return Err(wrong(other, ErrorCode::UnknownField, known.into()));
            }
        }
    }
    let page = deliveries::list(&api, &caller, asked).await?;
    let deliveries = page.messages.into_iter().map(DeliveryBody::from).collect();
    Ok(Json(PageBody { deliveries, next_cursor: page.next }).into_response())
}

/// `GET /api/v1/notifications/deliveries/{id}/attempts`
pub(super) async fn attempts(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "delivery")?;
    let attempts = deliveries::attempts(&api, &caller, &id).await?;
    let attempts = attempts.into_iter().map(AttemptBody::from).collect();
    Ok(Json(AttemptsBody { attempts }).into_response())
}

fn wrong(parameter: &str, code: ErrorCode, message: String) -> ApiError {
    ApiError::fields(vec![FieldError::new(parameter, code, message)])
}
