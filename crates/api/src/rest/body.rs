//! Reading a body: bounded in bytes and time, and admitted before it is read.

use std::time::Duration;

use annals_engine::Permit;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::context::Api;
use crate::error::{ApiError, Code};

/// Reads a body of at most `bytes_max` and returns it with the permit for its bytes.
///
/// A body that tells no length takes permits for the most it may have.
pub(crate) async fn read(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<(Bytes, Permit), ApiError> {
    let told = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let size = told.unwrap_or(bytes_max);
    if size > bytes_max {
        return Err(too_large(bytes_max));
    }
    let permit = api.recorder.permits.take_bytes(size).ok_or_else(ApiError::busy)?;
    let patience = Duration::from_secs(api.limits.request.body_seconds_max);
    let bytes = tokio::time::timeout(patience, collect(body, bytes_max, told.unwrap_or(0)))
        .await
        .map_err(|_| ApiError::new(Code::Timeout, "the body did not arrive in time"))??;
    Ok((bytes, permit))
}

async fn collect(mut body: Body, bytes_max: usize, expected: usize) -> Result<Bytes, ApiError> {
    let mut collected = BytesMut::new();
    let mut first = None;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| ApiError::bad_request("the body ended before it was complete"))?;
        let Ok(data) = frame.into_data() else { continue };
        if collected.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        // Most bodies come in one piece, which needs no copy.
        if first.is_none() && data.len() == expected {
            first = Some(data);
            continue;
        }
        if collected.is_empty() {
            collected.reserve(expected.max(data.len()));
            if let Some(first) = first.take() {
                collected.extend_from_slice(&first);
            }
        }
        collected.extend_from_slice(&data);
    }
    Ok(first.unwrap_or_else(|| collected.freeze()))
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body is larger than {bytes_max} bytes"))
}

/// Refuses a body that is not of one of these media types.
pub(crate) fn require_media_type<'a>(
    headers: &HeaderMap,
    accepted: &[&'a str],
) -> Result<&'a str, ApiError> {
    let told = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = told.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    accepted.iter().find(|one| essence.eq_ignore_ascii_case(one)).copied().ok_or_else(|| {
        let accepted = accepted.join("` or `");
        ApiError::new(Code::UnsupportedMediaType, format!("send `Content-Type: {accepted}`"))
    })
}
