//! `/api/v1/me/disputes`, `/api/v1/notifications/disputes`: "this wasn't me".

use annals_domain::EventId;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::disputes;
use crate::error::ApiError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    event: Uuid,
}

/// Whether it was said before.
#[derive(Serialize)]
struct RaisedBody {
    event: Uuid,
    new: bool,
}

#[derive(Serialize)]
struct DisputeBody {
    id: EventId,
    about: EventId,
    person: String,
    at: String,
}

#[derive(Serialize)]
struct ListBody {
    disputes: Vec<DisputeBody>,
}

/// `POST /api/v1/me/disputes`
pub(super) async fn raise(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Wanted { event } = bodies::read(&api, &headers, body).await?;
    let new = disputes::raise(&api, &caller, EventId(event)).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(RaisedBody { event, new })).into_response())
}

/// `GET /api/v1/notifications/disputes`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let all = disputes::list(&api, &caller)?;
    caller.sees_access("disputes", all.len());
    let disputes = all.into_iter().map(|dispute| DisputeBody {
        id: dispute.event,
        about: dispute.about,
        person: dispute.person,
        at: dispute.at.to_string(),
    });
    Ok(Json(ListBody { disputes: disputes.collect() }).into_response())
}
