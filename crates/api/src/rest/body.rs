//! Reading a body: bounded in bytes and time, and admitted before it is read.

use std::time::Duration;

use annals_domain::TenantId;
use annals_engine::Permit;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::layers::decompression::{self, Encoding};
use crate::server::is_too_slow;

/// Reads a body of at most `bytes_max` that a tenant sends and returns it with the permit for its
/// bytes.
///
/// A body that tells no length takes permits for the most it may have, and one that is compressed
/// for the most that may come out of it, beside itself.
pub(crate) async fn read(
    api: &Api,
    tenant: &TenantId,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<(Bytes, Permit), ApiError> {
    let size = size(headers, bytes_max)?;
    let Some(encoding) = Encoding::of(headers)? else {
        let permit = take(api, tenant, size)?;
        return Ok((read_in_time(api, body, size).await?, permit));
    };
    let room = size.saturating_add(decompression::unpacked_max(size, bytes_max));
    let room = room.min(api.limits.request.in_flight_bytes_max);
    let mut permit = take(api, tenant, room)?;
    let compressed = read_in_time(api, body, size).await?;
    let bytes = decompression::unpack(encoding, compressed, bytes_max).await?;
    permit.shrink_to(bytes.len());
    Ok((bytes, permit))
}

fn take(api: &Api, tenant: &TenantId, bytes: usize) -> Result<Permit, ApiError> {
    api.recorder.permits.take_bytes_for(tenant, bytes).ok_or_else(ApiError::busy)
}

/// Reads a body of at most `bytes_max` without a permit: those are for what is to be recorded, and
/// whoever only asks must not be able to hold them.
pub(crate) async fn read_question(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, ApiError> {
    let size = size(headers, bytes_max)?;
    let encoding = Encoding::of(headers)?;
    let bytes = read_in_time(api, body, size).await?;
    match encoding {
        None => Ok(bytes),
        Some(encoding) => decompression::unpack(encoding, bytes, bytes_max).await,
    }
}

/// As many bytes as the headers tell, or as there may be.
fn size(headers: &HeaderMap, bytes_max: usize) -> Result<usize, ApiError> {
    let told = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match told {
        Some(told) if told > bytes_max => Err(too_large(bytes_max)),
        told => Ok(told.unwrap_or(bytes_max)),
    }
}

async fn read_in_time(api: &Api, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let patience = Duration::from_secs(api.limits.request.body_seconds_max);
    tokio::time::timeout(patience, collect(body, bytes_max))
        .await
        .map_err(|_| ApiError::new(Code::Timeout, "the body did not arrive in time"))?
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    // Most bodies come in one piece, which needs no copy.
    let first = next(&mut body).await?.unwrap_or_default();
    let Some(second) = next(&mut body).await? else { return within(first, bytes_max) };
    let mut collected = BytesMut::from(&*first);
    let mut further = Some(second);
    while let Some(data) = further {
        if collected.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        collected.extend_from_slice(&data);
        further = next(&mut body).await?;
    }
    Ok(collected.freeze())
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match is_too_slow(&error) {
            true => ApiError::new(Code::Timeout, "the body came too slowly"),
            false => ApiError::bad_request("the body ended before it was complete"),
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn within(bytes: Bytes, bytes_max: usize) -> Result<Bytes, ApiError> {
    if bytes.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(bytes) }
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
