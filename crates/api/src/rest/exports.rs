//! `/api/v1/exports`: files of events that are written in the background.

use annals_engine::{ExportId, ExportJob, ExportStatus};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;

use super::body;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::exporting;

pub(super) mod direct;
pub(super) mod file;
mod order;
mod range;

use order::Asked;

/// An order is no longer.
const ORDER_BYTES_MAX: usize = 64 * 1024;

/// A job, as its requester sees it.
#[derive(Serialize)]
pub(super) struct JobBody<'a> {
    id: String,
    format: &'static str,
    query: &'a str,
    status: ExportStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    events: u64,
    bytes: u64,
    percent: u8,
    until_position: String,
    requested_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
}

impl<'a> JobBody<'a> {
    pub(super) fn new(job: &'a ExportJob, api: &Api) -> Self {
        let done = job.status == ExportStatus::Done;
        Self {
            id: job.id.to_string(),
            format: job.form.as_str(),
            query: &job.query,
            status: job.status,
            reason: job.reason.as_deref(),
            events: job.events,
            bytes: job.bytes,
            percent: job.percent,
            until_position: api.cursors.position(job.until),
            requested_at: job.requested_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            expires_at: job.expires_at,
            sha256: job.sha256.as_deref(),
            file: done.then(|| format!("{}/file", address(job.id))),
            manifest: done.then(|| format!("{}/manifest", address(job.id))),
        }
    }
}

#[derive(Serialize)]
struct ListBody<'a> {
    exports: Vec<JobBody<'a>>,
}

/// `POST /api/v1/exports`
pub(super) async fn request(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    body::require_media_type(&headers, &["application/json"])?;
    let bytes = body::read_question(&api, &headers, body, ORDER_BYTES_MAX).await?;
    let Asked { form, filter, min_position } = Asked::of_json(&bytes, &api)?;
    let (order, shape) = exporting::order(&api, &caller, filter, form, min_position).await?;
    let job = exporting::request(&api, &caller, order, shape).await?;
    let place = [(header::LOCATION, address(job.id))];
    Ok((StatusCode::ACCEPTED, place, Json(JobBody::new(&job, &api))).into_response())
}

/// `GET /api/v1/exports`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let jobs = exporting::exports(&api)?.list(&exporting::requester(&caller)?);
    let exports = jobs.iter().map(|job| JobBody::new(job, &api)).collect();
    Ok(Json(ListBody { exports }).into_response())
}

/// `GET /api/v1/exports/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let job = find(&api, &caller, id)?;
    Ok(Json(JobBody::new(&job, &api)).into_response())
}

/// `DELETE /api/v1/exports/{id}`: ends a job that is under way, and removes an ended one.
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let job = find(&api, &caller, id)?;
    let requester = exporting::requester(&caller)?;
    let after = exporting::exports(&api)?.cancel(&requester, job.id).await;
    let after = after.ok_or_else(not_found)?;
    Ok(Json(JobBody::new(&after, &api)).into_response())
}

/// `GET /api/v1/exports/{id}/manifest`
pub(super) async fn manifest(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let job = find(&api, &caller, id)?;
    require_same_rights(&caller, &job)?;
    let requester = exporting::requester(&caller)?;
    let manifest = exporting::exports(&api)?.manifest(&requester, job.id).await;
    let manifest = manifest.ok_or_else(not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], manifest).into_response())
}

/// The caller's job; of others' there is none.
fn find(
    api: &Api,
    caller: &Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<ExportJob, ApiError> {
    let exports = exporting::exports(api)?;
    // What is not even text is no job's id either.
    let id = id.ok().and_then(|Path(id)| id.parse::<ExportId>().ok()).ok_or_else(not_found)?;
    exports.find(&exporting::requester(caller)?, id).ok_or_else(not_found)
}

/// Refuses what was written for somebody who saw more, or other events.
fn require_same_rights(caller: &Caller, job: &ExportJob) -> Result<(), ApiError> {
    if exporting::may_have(caller, job) {
        return Ok(());
    }
    let message = "your rights have changed since this export was asked for; ask for it anew";
    Err(ApiError::forbidden(message))
}

fn not_found() -> ApiError {
    ApiError::not_found("export")
}

fn address(id: ExportId) -> String {
    format!("/api/v1/exports/{id}")
}
