//! `/api/v1/holds`: legal holds.

use annals_domain::lifecycle::{Approval, Hold, HoldStatus};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::lifecycle::Decision;
use crate::lifecycle::holds::{self, Wanted};

/// A hold as it is shown.
#[derive(Serialize)]
struct HoldBody {
    id: String,
    status: HoldStatus,
    matter: String,
    query: String,
    placed: Approval,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_asked: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Approval>,
}

impl From<Hold> for HoldBody {
    fn from(hold: Hold) -> Self {
        Self {
            id: hold.event.to_string(),
            status: hold.status(),
            matter: hold.matter,
            query: hold.query,
            placed: hold.placed,
            approved: hold.approved,
            release_asked: hold.release_asked,
            released: hold.released,
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    holds: Vec<HoldBody>,
}

/// `POST /api/v1/holds`
pub(super) async fn place(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let hold = holds::place(&api, &caller, wanted).await?;
    Ok(bodies::created(HoldBody::from(hold)))
}

/// `GET /api/v1/holds`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let page = holds::page(&api, &caller, None, usize::MAX)?;
    let holds = page.items.into_iter().map(HoldBody::from).collect();
    Ok(Json(ListBody { holds }).into_response())
}

/// `GET /api/v1/holds/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let hold = holds::one(&api, &caller, bodies::event_id(id, "hold")?)?;
    Ok(Json(HoldBody::from(hold)).into_response())
}

/// `POST /api/v1/holds/{id}/approve`
pub(super) async fn approve(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "hold")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    Ok(Json(HoldBody::from(holds::approve(&api, &caller, id, &reason).await?)).into_response())
}

/// `POST /api/v1/holds/{id}/release`
pub(super) async fn release(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "hold")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    Ok(Json(HoldBody::from(holds::release(&api, &caller, id, &reason).await?)).into_response())
}
