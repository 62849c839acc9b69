//! `/api/v1/relay`: browsers record a few events themselves.

use annals_domain::input::EventInput;
use annals_domain::json::check_depth;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{bodies, body, bulk};
use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::credentials::relay::{self, Content, Seen, Wanted};
use crate::error::ApiError;
use crate::ingest::{self, Incoming};
use crate::server::Peer;

const BYTES_MAX: usize = 64 * 1024;
/// Events in one request.
const EVENTS_MAX: usize = 20;
/// Of a longer user agent the beginning is kept.
const USER_AGENT_CHARS_MAX: usize = 512;

#[derive(Serialize)]
struct TokenBody {
    token: String,
    id: String,
    expires_at: String,
}

/// `POST /api/v1/relay/tokens`
pub(super) async fn issue(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let issued = relay::issue(&api, &caller, wanted)?;
    let expires_at = issued.expires_at.to_string();
    Ok(bodies::created(TokenBody { token: issued.token, id: issued.id, expires_at }))
}

/// `POST /api/v1/relay`
pub(super) async fn record(
    State(api): State<Api>,
    caller: Caller,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let content = relay::opened(&api, &headers)?;
    content.require_origin(&headers)?;
    api.require_intake()?;
    body::require_media_type(&headers, &["application/json"])?;
    let tenant = &caller.principal.tenant;
    let (bytes, permit) = body::read(&api, tenant, &headers, body, BYTES_MAX).await?;
    let events = events(&api, &bytes)?;
    relay::count(&api, &content, events.len())?;
    let seen = Seen {
        ip: peer.map(|Extension(Peer(address))| address),
        user_agent: headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.chars().take(USER_AGENT_CHARS_MAX).collect()),
    };
    let incoming = events.iter().map(|event| incoming(&api, &content, &seen, event)).collect();
    let mut recording = caller.clone();
    recording.principal.grants.allow(Permission::RecordEvents);
    let outcomes = ingest::record(&api, &recording, incoming, permit).await?;
    Ok(bulk::answer(&outcomes, &api))
}

/// One event, or an array of some.
fn events(api: &ApiParts, bytes: &Bytes) -> Result<Vec<Box<RawValue>>, ApiError> {
    check_depth(bytes, api.limits.event.json_depth_max + 1).map_err(ApiError::field)?;
    let wrong = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        ApiError::bad_request(format!("the body is not JSON, at line {line} column {column}"))
    };
    let events = match bytes.trim_ascii_start().first() {
        Some(b'[') => serde_json::from_slice(bytes).map_err(wrong)?,
        _ => vec![serde_json::from_slice(bytes).map_err(wrong)?],
    };
    match events.len() {
        1..=EVENTS_MAX => Ok(events),
        _ => Err(ApiError::bad_request(format!("send 1 to {EVENTS_MAX} events at once"))),
    }
}

/// What is not an event, or not one that the token allows, is refused and kept nowhere: it was made
/// up in a browser.
fn incoming(api: &ApiParts, content: &Content, seen: &Seen, event: &RawValue) -> Incoming {
    let bytes = event.get().as_bytes();
    let input = check_depth(bytes, api.limits.event.json_depth_max)
        .and_then(|()| EventInput::from_json(bytes))
        .and_then(|input| content.bind(input, seen));
    match input {
        Ok(input) => Incoming::Input(Box::new(input)),
        Err(error) => Incoming::Refused(error, None),
    }
}
