//! `/api/v1/search/rebuild`: filling the search index anew while it answers.

use annals_engine::RebuildStatus;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::ApiError;
use crate::rebuilding::{self, word};

#[derive(Serialize)]
struct RebuildBody {
    state: &'static str,
    percent: u8,
    position: String,
    head: String,
    events: u64,
    events_left: u64,
    events_per_second: f64,
    started_at: Option<Timestamp>,
    estimated_end: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    reason: Option<String>,
}

impl RebuildBody {
    fn new(status: RebuildStatus, api: &ApiParts) -> Self {
        Self {
            state: word(status.state),
            percent: status.percent(),
            position: api.cursors.position(status.position),
            head: api.cursors.position(status.head),
            events: status.events,
            events_left: status.left,
            events_per_second: status.events_per_second.round(),
            started_at: status.started_at,
            estimated_end: status.estimated_end(api.clock.now()),
            ended_at: status.ended_at,
            reason: status.cause,
        }
    }
}

/// `POST /api/v1/search/rebuild`
pub(super) async fn begin(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let status = rebuilding::begin(&api, &caller, None).await?;
    Ok((StatusCode::ACCEPTED, Json(RebuildBody::new(status, &api))).into_response())
}

/// `GET /api/v1/search/rebuild`
pub(super) async fn status(State(api): State<Api>) -> Result<Response, ApiError> {
    Ok(Json(RebuildBody::new(rebuilding::status(&api)?, &api)).into_response())
}

/// `DELETE /api/v1/search/rebuild`
pub(super) async fn cancel(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let status = rebuilding::cancel(&api, &caller, None).await?;
    Ok(Json(RebuildBody::new(status, &api)).into_response())
}
