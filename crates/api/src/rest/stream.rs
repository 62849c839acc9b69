//! `WS /api/v1/logs/stream?query=…&after=…`: events as they come.
//!
//! Each message is `{"events": […], "cursor": "…", "backlog": 0}`. Whoever is cut off comes back
//! with `after` set to the last cursor and misses nothing.

use std::sync::Arc;

use annals_engine::{LiveBatch, LiveEvents};
use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};

use super::parameters::ListParameters;
use crate::auth::{Principal, TENANT_HEADER};
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::rate_limits::Usage;
use crate::self_audit::Interface;
use crate::server::{Peer, Place};
use crate::sockets::{self, Close, EXPIRED, RESTART, Unsent};
use crate::watching::Watch;

/// Events in one message at most.
const BATCH_MAX: usize = 100;
/// The subprotocol; browsers, which cannot set headers, name `bearer.<token>` beside it, and
/// `tenant.<name>` when the token holds several.
const PROTOCOL: &str = "annals.v1";
/// Nothing but control frames is expected from the client.
const CLIENT_BYTES_MAX: usize = 4096;

const UNREADABLE: Close = (1011, "the log cannot be read");
/// The client comes back after a while.
const UNRECORDED: Close = (1013, "that you watch others cannot be recorded now; try again later");

#[derive(Serialize)]
struct BatchBody<'a> {
    events: Vec<&'a RawValue>,
    cursor: String,
    backlog: u64,
}

/// `GET /api/v1/logs/stream`
pub(super) async fn stream(
    State(api): State<Api>,
    usage: Usage,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    (place, peer): (Option<Extension<Place>>, Option<Extension<Peer>>),
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let principal = principal(&api, &headers, peer.map(|Extension(peer)| peer)).await?;
    let caller = Caller::counted(&api, principal, usage).await?;
    api.require_reading()?;
    let asked = ListParameters::read(query.as_deref().unwrap_or_default(), &api)?;
    let question = caller.asks(&api, asked.filter)?;
    let upgrade = upgrade.map_err(|_| {
        ApiError::bad_request("this address speaks WebSocket (version 13, over HTTP/1.1) only")
    })?;
    let after = asked.cursor.map(Cursor::position);
    let open = api.open_stream(&caller.principal)?;
    let live = api.queries.live(&question.scope, question.filter, after, BATCH_MAX);
    let watch = Watch::open(&api, &caller, Interface::Live, question.shape).await?;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(CLIENT_BYTES_MAX)
        .max_frame_size(CLIENT_BYTES_MAX)
        .read_buffer_size(sockets::READ_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _counted = (place, open);
        let expiry = sockets::timer_of(caller.principal.expires_at);
        let ended = tokio::select! {
            () = sleep_until(expiry) => Some(EXPIRED),
            () = credentials::lost(&api, &caller.principal) => Some(EXPIRED),
            () = api.stopping.cancelled() => Some(RESTART),
            ended = serve(&mut socket, &api, live, watch, expiry) => ended,
        };
        if let Some(close) = ended {
            sockets::close(&mut socket, close).await;
        }
    }))
}

/// Who asks, unless too many from there showed what did not hold.
async fn principal(
    api: &Api,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> Result<Principal, ApiError> {
    let offered = |prefix: &str| {
        headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(|protocol| protocol.trim().strip_prefix(prefix))
    };
    let Some(token) = offered("bearer.") else {
        let shown = headers.get(header::AUTHORIZATION);
        let shown = shown.map(HeaderValue::as_bytes).unwrap_or_default();
        return api.rate_limits.recognise(peer, shown, api.principal(headers)).await;
    };
    let header = headers.get(TENANT_HEADER).map(|name| name.to_str().unwrap_or_default());
    let verify = api.principal_of_token(token, header.or_else(|| offered("tenant.")));
    api.rate_limits.recognise(peer, token.as_bytes(), verify).await
}

/// Returns how to close the socket, or nothing when the client has gone.
async fn serve(
    socket: &mut WebSocket,
    api: &Api,
    mut live: LiveEvents,
    mut watch: Watch,
    expiry: Instant,
) -> Option<Close> {
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            },
            batch = live.next() => match batch {
                Ok(batch) => {
                    let Ok(events) = watch.sees(batch.events).await else { return Some(UNRECORDED) };
                    let batch = LiveBatch { events, ..batch };
                    match sockets::send(socket, text(&batch, api), expiry).await {
                        Ok(()) => {}
                        Err(Unsent::Gone) => return None,
                        Err(Unsent::Expired) => return Some(EXPIRED),
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a live stream ended");
                    return Some(UNREADABLE);
                }
            },
        }
    }
}

fn text(batch: &LiveBatch, api: &Api) -> String {
    let events: Vec<Arc<RawValue>> =
        batch.events.iter().map(|recorded| api.body_of(recorded)).collect();
    let body = BatchBody {
        events: events.iter().map(|body| &**body).collect(),
        cursor: api.cursors.position(batch.cursor),
        backlog: batch.backlog,
    };
    serde_json::to_string(&body).expect("an event is made of text keys and JSON values")
}
