//! `WS /api/v1/logs/stream?query=…&after=…`: events as they come.
//!
//! Each message is `{"events": […], "cursor": "…", "backlog": 0}`. Whoever is cut off comes back
//! with `after` set to the last cursor and misses nothing.

use std::time::Duration;

use annals_engine::{LiveBatch, LiveEvents};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, header};
use serde::Serialize;

use super::parameters::ListParameters;
use crate::auth::Principal;
use crate::context::Api;
use crate::error::ApiError;
use crate::view::EventBody;

/// Events in one message at most.
const BATCH_MAX: usize = 100;
/// The subprotocol; browsers, which cannot set headers, name `bearer.<token>` beside it.
const PROTOCOL: &str = "annals.v1";
/// A client that does not take a message within this time is cut off; it can come back.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// Nothing but control frames is expected from the client.
const CLIENT_BYTES_MAX: usize = 4096;

#[derive(Serialize)]
struct BatchBody<'a> {
    events: Vec<EventBody<'a>>,
    cursor: String,
    backlog: u64,
}

/// `GET /api/v1/logs/stream`
pub(super) async fn stream(
    State(api): State<Api>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let principal = principal(&api, &headers)?;
    let scope = principal.scope()?;
    let asked = ListParameters::read(query.as_deref().unwrap_or_default(), &api)?;
    let after = asked.cursor.map(|key| key.position);
    let live = api.queries.live(&scope, asked.filter, after, BATCH_MAX);
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(CLIENT_BYTES_MAX)
        .max_frame_size(CLIENT_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, api, live, principal)))
}

fn principal(api: &Api, headers: &HeaderMap) -> Result<Principal, ApiError> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let token = offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|protocol| protocol.trim().strip_prefix("bearer."));
    match token {
        Some(token) => api.principal_of_token(token, None),
        None => api.principal(headers),
    }
}

async fn serve(mut socket: WebSocket, api: Api, mut live: LiveEvents, principal: Principal) {
    let expiry = time_until(principal.expires_at);
    tokio::pin!(expiry);
    let (code, reason) = loop {
        tokio::select! {
            () = &mut expiry => break (4403, "the token has expired; come back with a fresh one"),
            () = crate::server::stopping(&api) => break (1012, "the service is restarting"),
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            batch = live.next() => match batch {
                Ok(batch) => {
                    let sending = socket.send(Message::Text(text(&batch, &api).into()));
                    match tokio::time::timeout(SEND_PATIENCE, sending).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) | Err(_) => return,
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a live stream ended");
                    break (1011, "the log cannot be read");
                }
            },
        }
    };
    // The client may have gone already.
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = socket.send(Message::Close(Some(frame))).await;
}

fn text(batch: &LiveBatch, api: &Api) -> String {
    let body = BatchBody {
        events: batch.events.iter().map(|event| EventBody::new(event, api)).collect(),
        cursor: api.cursors.position(batch.cursor),
        backlog: batch.backlog,
    };
    serde_json::to_string(&body).expect("an event is made of text keys and JSON values")
}

async fn time_until(instant: jiff::Timestamp) {
    let left = instant.duration_since(jiff::Timestamp::now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}
