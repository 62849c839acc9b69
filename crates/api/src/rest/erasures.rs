//! `/api/v1/erasures`: requests to erase a person.

use annals_domain::lifecycle::{Approval, Erasure, ErasureStatus};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::bodies;
use super::exports::JobBody;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::lifecycle::Decision;
use crate::lifecycle::erasures::{self, Wanted};
use crate::lifecycle::person_rights::{self, WantedCopy, WantedRectification};

/// How many are listed: the newest.
const LIST_MAX: usize = 500;

/// A request as it is shown.
#[derive(Serialize)]
struct ErasureBody {
    id: String,
    status: ErasureStatus,
    /// Who; not there once they were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// The pseudonym, once the key is to be destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<String>,
    requested: Approval,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    /// The event that holds the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

impl From<Erasure> for ErasureBody {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.event.to_string(),
            status: erasure.status(),
            person: erasure.person,
            pseudonym: erasure.started.map(|started| started.person),
            requested: erasure.requested,
            approved: erasure.approved,
            refused: erasure.refused,
            completed_at: erasure.completed_at,
            certificate: erasure.completed.map(|event| event.to_string()),
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    erasures: Vec<ErasureBody>,
}

/// `POST /api/v1/erasures`
pub(super) async fn request(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let erasure = erasures::request(&api, &caller, wanted).await?;
    Ok(bodies::created(ErasureBody::from(erasure)))
}

/// `GET /api/v1/erasures`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let page = erasures::page(&api, &caller, None, None, LIST_MAX)?;
    let erasures = page.items.into_iter().map(ErasureBody::from).collect();
    Ok(Json(ListBody { erasures }).into_response())
}

/// `GET /api/v1/erasures/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let erasure = erasures::one(&api, &caller, bodies::event_id(id, "erasure")?)?;
    Ok(Json(ErasureBody::from(erasure)).into_response())
}

/// `POST /api/v1/erasures/{id}/approve`
pub(super) async fn approve(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "erasure")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    let erasure = erasures::approve(&api, &caller, id, &reason).await?;
    Ok((StatusCode::ACCEPTED, Json(ErasureBody::from(erasure))).into_response())
}

/// `POST /api/v1/erasures/{id}/reject`
pub(super) async fn reject(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::event_id(id, "erasure")?;
    let Decision { reason } = bodies::read(&api, &headers, body).await?;
    let erasure = erasures::refuse(&api, &caller, id, &reason).await?;
    Ok(Json(ErasureBody::from(erasure)).into_response())
}

/// `POST /api/v1/access-requests`: a copy of all that is kept about a person.
pub(super) async fn copy(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: WantedCopy = bodies::read(&api, &headers, body).await?;
    let job = person_rights::copy(&api, &caller, wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(JobBody::new(&job, &api))).into_response())
}

/// `POST /api/v1/rectifications`
pub(super) async fn rectify(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: WantedRectification = bodies::read(&api, &headers, body).await?;
    let receipt = person_rights::rectify(&api, &caller, wanted).await?;
    let position = api.cursors.position(receipt.position);
    Ok(bodies::created(json!({ "id": receipt.id.to_string(), "position": position })))
}
