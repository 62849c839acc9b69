//! GraphQL over WebSocket: the protocol graphql-transport-ws, of the `graphql-ws` library.
//!
//! The driver is our own, because closing with the right code is what lets stock clients come back:
//! after 4403 (token expired) and 1012 (restart) they reconnect, after others they give up.

mod messages;
mod operation;
mod operations;
mod origin;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use http::header;
use http::request::Parts;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use messages::{ClientMessage, ServerMessage};
use operation::{Asked, Outgoing};
use operations::Operations;

use super::AnnalsSchema;
use super::operation::{Operation, check_values};
use crate::auth::Principal;
use crate::caller::Caller;
use crate::context::{Api, token_of};
use crate::error::ApiError;
use crate::live::OpenStream;
use crate::rate_limits::Usage;
use crate::server::{Peer, Place};
use crate::sockets::{self, Close, EXPIRED, RESTART, Unsent};

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say who it is.
const INIT_PATIENCE: Duration = Duration::from_secs(3);
/// How often we ask whether the client is still there, and how often it may fail to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PINGS_UNANSWERED_MAX: u32 = 2;
/// Messages that wait for a slow client; beyond that its operations wait, and read on later.
const OUTBOX_MAX: usize = 2;
/// Nesting of a message.
const DEPTH_MAX: usize = 64;
/// Longer names of operations are refused; each is kept as long as its operation runs.
const ID_BYTES_MAX: usize = 256;

const MALFORMED: Close = (4400, "Invalid message received");
const UNAUTHORIZED: Close = (4401, "Unauthorized");
const FORBIDDEN: Close = (4403, "Forbidden");
const UNSPOKEN: Close = (4406, "Subprotocol not acceptable");
const INIT_TIMEOUT: Close = (4408, "Connection initialisation timeout");
const SILENT: Close = (4408, "The client no longer answers");
const DUPLICATE: Close = (4409, "Subscriber already exists");
const TOO_MANY_SOCKETS: Close = (4429, "Too many sockets of one caller");
const TOO_MANY: Close = (4429, "Too many operations on one socket");
const TWICE: Close = (4429, "Too many initialisation requests");

/// Begins a socket.
pub(super) async fn upgrade(
    api: Api,
    schema: AnnalsSchema,
    parts: &mut Parts,
) -> Result<axum::response::Response, ApiError> {
    if !origin::may_open(&api.web.allowed_origins, &parts.headers) {
        let message = "pages of this origin may not open sockets; `[server] allowed_origins` names \
                       those that may";
        return Err(ApiError::forbidden(message));
    }
    let place = parts.extensions.get::<Place>().cloned();
    let peer = parts.extensions.get::<Peer>().copied();
    let header_principal = match parts.headers.contains_key(header::AUTHORIZATION) {
        false => None,
        true => Some(recognised_by_headers(&api, parts, peer).await?),
    };
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|_| {
        let message = "the upgrade is not one to WebSocket, version 13, over HTTP/1.1";
        ApiError::bad_request(message)
    })?;
    let bytes_max = api.limits.request.graphql_reader_bytes_max;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .read_buffer_size(crate::sockets::READ_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _place = place;
        let spoken = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
        let close = match spoken {
            false => Some(UNSPOKEN),
            true => {
                let (outbox, outgoing) = mpsc::channel(OUTBOX_MAX);
                let mut session = Session {
                    api: api.clone(),
                    schema,
                    principal: None,
                    open: None,
                    header_principal,
                    peer,
                    operations: Operations::default(),
                    outbox,
                };
                tokio::select! {
                    () = api.stopping.cancelled() => Some(RESTART),
                    close = session.run(&mut socket, outgoing) => close,
                }
            }
        };
        if let Some(close) = close {
            sockets::close(&mut socket, close).await;
        }
    }))
}

/// Who a client is that says so before there is a socket.
async fn recognised_by_headers(
    api: &Api,
    parts: &Parts,
    peer: Option<Peer>,
) -> Result<Principal, ApiError> {
    let shown = parts.headers.get(header::AUTHORIZATION);
    let shown = shown.map(http::HeaderValue::as_bytes).unwrap_or_default();
    let verify = api.principal(&parts.headers);
    let principal = api.rate_limits.recognise(peer, shown, verify).await?;
    let usage = parts.extensions.get::<Usage>().cloned().unwrap_or_default();
    Ok(Caller::counted(api, principal, usage).await?.principal)
}

/// Resolves when a caller who has said who they are may no longer be served.
async fn lost(api: &Api, principal: Option<&Principal>) {
    match principal {
        Some(principal) => crate::credentials::lost(api, principal).await,
        None => std::future::pending().await,
    }
}

struct Session {
    api: Api,
    schema: AnnalsSchema,
    /// Who speaks, once they have said so.
    principal: Option<Principal>,
    /// The socket's place among those of its caller.
    open: Option<OpenStream>,
    /// Who the headers of the upgrade say it is, for clients that can set them.
    header_principal: Option<Principal>,
    /// From where the socket comes.
    peer: Option<Peer>,
    operations: Operations,
    outbox: mpsc::Sender<Outgoing>,
}

impl Session {
    /// Serves the socket; returns how to close it, or nothing when the client has gone.
    async fn run(
        &mut self,
        socket: &mut WebSocket,
        mut outgoing: mpsc::Receiver<Outgoing>,
    ) -> Option<Close> {
        let init_deadline = Instant::now() + INIT_PATIENCE;
        let mut pings = tokio::time::interval_at(init_deadline, PING_INTERVAL);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let (expiry, expired) = match &self.principal {
                Some(principal) => (sockets::timer_of(principal.expires_at), EXPIRED),
                None => (init_deadline, INIT_TIMEOUT),
            };
            let message = tokio::select! {
                () = tokio::time::sleep_until(expiry) => return Some(expired),
                () = lost(&self.api, self.principal.as_ref()) => return Some(EXPIRED),
                _ = pings.tick(), if self.principal.is_some() => {
                    if unanswered == PINGS_UNANSWERED_MAX {
                        return Some(SILENT);
                    }
                    unanswered += 1;
                    Some(ServerMessage::Ping)
                }
                message = outgoing.recv() => self.operations.still_asked_for(message?),
                message = socket.recv() => {
                    let text = match message {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Binary(_))) => return Some(MALFORMED),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    };
                    unanswered = 0;
                    match self.receive(&text).await {
                        Ok(answer) => answer,
                        Err(close) => return Some(close),
                    }
                }
            };
            let Some(message) = message else { continue };
            let text = serde_json::to_string(&message).ok()?;
            let sent = tokio::select! {
                sent = sockets::send(socket, text, expiry) => sent,
                () = lost(&self.api, self.principal.as_ref()) => return Some(EXPIRED),
            };
            match sent {
                Ok(()) => {}
                Err(Unsent::Gone) => return None,
                Err(Unsent::Expired) => return Some(expired),
            }
        }
    }

    async fn receive(&mut self, text: &str) -> Result<Option<ServerMessage>, Close> {
        annals_domain::json::check_depth(text.as_bytes(), DEPTH_MAX).map_err(|_| MALFORMED)?;
        check_values(text.as_bytes()).map_err(|_| MALFORMED)?;
        // The reader would also take a list.
        if !text.trim_start().starts_with('{') {
            return Err(MALFORMED);
        }
        match serde_json::from_str(text).map_err(|_| MALFORMED)? {
            ClientMessage::Ping => Ok(Some(ServerMessage::Pong)),
            ClientMessage::Pong => Ok(None),
            ClientMessage::ConnectionInit { payload } => {
                if self.principal.is_some() {
                    return Err(TWICE);
                }
                let principal = self.identify(payload.as_ref()).await.map_err(|_| FORBIDDEN)?;
                let open = self.api.open_stream(&principal).map_err(|_| TOO_MANY_SOCKETS)?;
                self.open = Some(open);
                self.principal = Some(principal);
                Ok(Some(ServerMessage::ConnectionAck))
            }
            ClientMessage::Complete { id } => {
                self.operations.complete(&id);
                Ok(None)
            }
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload).map(|()| None),
        }
    }

    /// The caller, by the token in the payload or in the headers of the upgrade.
    async fn identify(&self, payload: Option<&Value>) -> Result<Principal, ApiError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let field = |name: &str| {
            let payload = payload?;
            payload.get(name).or_else(|| payload.get("headers")?.get(name)).and_then(text)
        };
        let told = field("Authorization").or_else(|| field("authorization"));
        let token = told.as_deref().and_then(token_of).map(str::to_owned);
        let token = token.or_else(|| field("authToken"));
        match token {
            Some(token) => {
                let tenant = field(crate::auth::TENANT_HEADER);
                let verify = self.api.principal_of_token(&token, tenant.as_deref());
                self.api.rate_limits.recognise(self.peer, token.as_bytes(), verify).await
            }
            None => self.header_principal.clone().ok_or_else(ApiError::unauthenticated),
        }
    }

    fn subscribe(&mut self, id: String, operation: Operation) -> Result<(), Close> {
        let principal = self.principal.clone().ok_or(UNAUTHORIZED)?;
        if id.len() > ID_BYTES_MAX {
            return Err(MALFORMED);
        }
        if self.operations.contains(&id) {
            return Err(DUPLICATE);
        }
        if self.operations.len() >= self.api.limits.request.socket_operations_max {
            return Err(TOO_MANY);
        }
        let (api, schema, outbox) = (self.api.clone(), self.schema.clone(), self.outbox.clone());
        self.operations.begin(id.clone(), |serial| {
            let operation = Asked { id, serial, operation, principal };
            tokio::spawn(operation.run(api, schema, outbox)).abort_handle()
        });
        Ok(())
    }
}
