//! Small JSON bodies of the addresses about access.

use annals_domain::EventId;
use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body;
use crate::context::Api;
use crate::error::ApiError;

/// Nothing that is asked for here is longer.
const BYTES_MAX: usize = 64 * 1024;

/// Reads a JSON object; what is wrong in it is told.
pub(super) async fn read<T: DeserializeOwned>(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, ApiError> {
    body::require_media_type(headers, &["application/json"])?;
    let bytes = body::read_question(api, headers, body, BYTES_MAX).await?;
    // A list would also be taken for an object, its items in the order of the fields.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::bad_request("the body is not a JSON object"));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(format!("the body cannot be taken: {}", cut(&error)))
    })
}

/// The reader's message without the values that it may quote.
fn cut(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Data if text.starts_with("invalid") => {
            format!(
                "a value is of the wrong kind, at line {} column {}",
                error.line(),
                error.column()
            )
        }
        _ => text,
    }
}

/// The segment of a path; what is not even text names nothing.
pub(super) fn segment(
    id: Result<Path<String>, PathRejection>,
    what: &str,
) -> Result<String, ApiError> {
    id.map(|Path(id)| id).map_err(|_| ApiError::not_found(what))
}

/// The id of an event in a path.
pub(super) fn event_id(
    id: Result<Path<String>, PathRejection>,
    what: &str,
) -> Result<EventId, ApiError> {
    let id = segment(id, what)?;
    id.parse().map(EventId).map_err(|_| ApiError::not_found(what))
}

/// Something that was made.
pub(super) fn created(body: impl Serialize) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}
