//! `/api/v1/break-glass`: emergency access.

use annals_domain::EventId;
use annals_domain::access::state::BreakGlass;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials::break_glass::{self, Wanted};
use crate::error::ApiError;

/// How many are listed: the newest. Each is an event, and all are found as such.
const LIST_MAX: usize = 100;

/// Emergency access; the reason stands in its event.
#[derive(Serialize)]
struct GlassBody {
    id: String,
    person: String,
    witness: Option<String>,
    opened_at: String,
    until: String,
    closed_at: Option<String>,
    open: bool,
}

impl GlassBody {
    fn new(opened: BreakGlass, now: Timestamp) -> Self {
        Self {
            open: opened.is_open(now),
            id: opened.event.to_string(),
            person: opened.person,
            witness: opened.witness,
            opened_at: opened.opened_at.to_string(),
            until: opened.until.to_string(),
            closed_at: opened.closed_at.map(|at| at.to_string()),
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    break_glass: Vec<GlassBody>,
}

/// `POST /api/v1/break-glass`
pub(super) async fn open(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let opened = break_glass::open(&api, &caller, wanted).await?;
    Ok(bodies::created(GlassBody::new(opened, api.clock.now())))
}

/// `GET /api/v1/break-glass`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let now = api.clock.now();
    let all = break_glass::list(&api, &caller, LIST_MAX)?;
    caller.sees_access("break glass", all.len());
    let break_glass = all.into_iter().map(|opened| GlassBody::new(opened, now)).collect();
    Ok(Json(ListBody { break_glass }).into_response())
}

/// `DELETE /api/v1/break-glass/{id}`
pub(super) async fn close(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "emergency access")?;
    let id = id.parse().map_err(|_| ApiError::not_found("emergency access"))?;
    break_glass::close(&api, &caller, EventId(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
