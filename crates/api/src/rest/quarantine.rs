//! `/api/v1/quarantine`: refused events.

use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::{KeptError, Quarantined};
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::body;
use super::logs::ReceiptBody;
use super::parameters::pairs;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::quarantine;

/// More parameters than there are make no sense.
const PARAMETERS_MAX: usize = 8;

/// A refused event without what was sent.
#[derive(Serialize)]
struct EntryBody {
    id: Uuid,
    reason: &'static str,
    message: String,
    errors: Vec<KeptError>,
    sender: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    first_at: String,
    last_at: String,
    times: u64,
}

impl EntryBody {
    fn new(entry: Quarantined) -> Self {
        Self {
            id: entry.id,
            reason: entry.reason.as_str(),
            message: entry.facts.message,
            errors: entry.facts.errors,
            sender: entry.facts.sender,
            event_id: entry.facts.event.map(|id| id.to_string()),
            first_at: entry.first_at.to_string(),
            last_at: entry.last_at.to_string(),
            times: entry.times,
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    entries: Vec<EntryBody>,
    next_cursor: Option<Uuid>,
}

/// A refused event with what was sent: as JSON if it is, else as text.
#[derive(Serialize)]
struct WholeBody {
    #[serde(flatten)]
    entry: EntryBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<String>,
}

/// `GET /api/v1/quarantine`
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut limit = api.limits.query.page_default;
    let (mut before, mut reason) = (None, None);
    for (name, value) in pairs(query.as_deref().unwrap_or_default(), PARAMETERS_MAX)? {
        match &*name {
            "limit" => {
                let max = api.limits.query.page_max;
                limit = value.parse().ok().filter(|limit| (1..=max).contains(limit)).ok_or_else(
                    || wrong("limit", ErrorCode::OutOfRange, format!("is not 1 to {max}")),
                )?;
            }
            "cursor" => {
                let cursor = value.parse::<Uuid>();
                let told = |_| wrong("cursor", ErrorCode::Malformed, "is not one of this list");
                before = Some(cursor.map_err(told)?);
            }
            "reason" => {
                let told = |error: annals_ports::quarantine::UnknownReason| {
                    wrong("reason", ErrorCode::Malformed, error.to_string())
                };
                reason = Some(value.parse().map_err(told)?);
            }
            other => {
                let known = "is not known; known are limit, cursor and reason";
                return Err(wrong(other, ErrorCode::UnknownField, known));
            }
        }
    }
    let page = quarantine::list(&api, &caller, reason, before, limit).await?;
    let entries = page.entries.into_iter().map(EntryBody::new).collect();
    Ok(Json(ListBody { entries, next_cursor: page.next }).into_response())
}

/// `GET /api/v1/quarantine/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let (entry, content) = quarantine::one(&api, &caller, read_id(id)?).await?;
    let (content, content_text) = shown(content);
    let body = WholeBody { entry: EntryBody::new(entry), content, content_text };
    Ok(Json(body).into_response())
}

/// `POST /api/v1/quarantine/{id}/replay`, with a corrected event as body or with none.
pub(super) async fn replay(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = read_id(id)?;
    if !body.is_end_stream() {
        body::require_media_type(&headers, &["application/json"])?;
    }
    let (tenant, bytes_max) = (&caller.principal.tenant, api.limits.event.bytes_max);
    let (bytes, permit) = body::read(&api, tenant, &headers, body, bytes_max).await?;
    let corrected = Some(bytes).filter(|bytes| !bytes.trim_ascii().is_empty());
    let receipt = quarantine::replay(&api, &caller, id, corrected, permit).await?;
    let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    let place = [(header::LOCATION, format!("/api/v1/logs/{}", receipt.id))];
    Ok((status, place, Json(ReceiptBody::new(&receipt, &api))).into_response())
}

/// `DELETE /api/v1/quarantine/{id}`
pub(super) async fn discard(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    quarantine::discard(&api, &caller, read_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What is not even text is no entry's id either.
fn read_id(id: Result<Path<String>, PathRejection>) -> Result<Uuid, ApiError> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or_else(|| ApiError::not_found("refused event"))
}

fn shown(content: Vec<u8>) -> (Option<Box<RawValue>>, Option<String>) {
    let text = String::from_utf8_lossy(&content).into_owned();
    match serde_json::from_slice::<serde::de::IgnoredAny>(&content) {
        // It was read once, so it is JSON all through.
        Ok(_) => (RawValue::from_string(text).ok(), None),
        Err(_) => (None, Some(text)),
    }
}

fn wrong(parameter: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(parameter, code, message)])
}
