//! GraphQL over WebSocket: the protocol graphql-transport-ws, of the `graphql-ws` library.
//!
//! The driver is our own, because closing with the right code is what lets stock clients come back:
//! after 4403 (token expired) and 1012 (restart) they reconnect, after others they give up.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::Response;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::AnnalsSchema;
use super::failure::completed;
use super::http::{Operation, prepared};
use crate::auth::Principal;
use crate::context::Api;
use crate::error::ApiError;

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say who it is.
const INIT_PATIENCE: Duration = Duration::from_secs(3);
/// How often we ask whether the client is still there, and how often it may fail to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PINGS_UNANSWERED_MAX: u32 = 2;
/// Messages that wait for a slow client; beyond that its operations wait, and read on later.
const OUTBOX_MAX: usize = 16;
/// A client that does not take a message within this time is cut off; it can come back.
const SEND_PATIENCE: Duration = Duration::from_secs(30);

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    ConnectionInit { payload: Option<Value> },
    Subscribe { id: String, payload: Operation },
    Complete { id: String },
    Ping,
    Pong,
}

/// What we say.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ServerMessage {
    ConnectionAck,
    Next { id: String, payload: Box<Response> },
    Error { id: String, payload: Vec<async_graphql::ServerError> },
    Complete { id: String },
    Ping,
    Pong,
}

/// Why a socket is closed: code and reason.
type Close = (u16, &'static str);

const MALFORMED: Close = (4400, "Invalid message received");
const UNAUTHORIZED: Close = (4401, "Unauthorized");
const FORBIDDEN: Close = (4403, "Forbidden");
const INIT_TIMEOUT: Close = (4408, "Connection initialisation timeout");
const DUPLICATE: Close = (4409, "Subscriber already exists");
const TOO_MANY: Close = (4429, "Too many operations on one socket");
const TWICE: Close = (4429, "Too many initialisation requests");
const RESTART: Close = (1012, "The service is restarting");
const SILENT: Close = (4408, "The client no longer answers");

pub(super) async fn upgrade(
    State(api): State<Api>,
    Extension(schema): Extension<AnnalsSchema>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    let header_principal = match headers.contains_key(header::AUTHORIZATION) {
        false => None,
        true => match api.principal(&headers) {
            Ok(principal) => Some(principal),
            Err(error) => return axum::response::IntoResponse::into_response(error),
        },
    };
    let bytes_max = api.limits.request.graphql_bytes_max;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max);
    upgrade.on_upgrade(async move |mut socket| {
        let spoken = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
        let (code, reason) = match spoken {
            false => (4406, "Subprotocol not acceptable"),
            true => {
                let (outbox, outgoing) = mpsc::channel(OUTBOX_MAX);
                let mut session = Session {
                    api,
                    schema,
                    principal: None,
                    header_principal,
                    operations: HashMap::new(),
                    outbox,
                };
                match session.run(&mut socket, outgoing).await {
                    Some(close) => close,
                    None => return,
                }
            }
        };
        // The client may have gone already.
        let frame = CloseFrame { code, reason: reason.into() };
        let _ = socket.send(Message::Close(Some(frame))).await;
    })
}

struct Session {
    api: Api,
    schema: AnnalsSchema,
    /// Who speaks, once they have said so.
    principal: Option<Principal>,
    /// Who the headers of the upgrade say it is, for clients that can set them.
    header_principal: Option<Principal>,
    operations: HashMap<String, AbortHandle>,
    outbox: mpsc::Sender<ServerMessage>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.operations.values().for_each(AbortHandle::abort);
    }
}

impl Session {
    /// Serves the socket; returns how to close it, or nothing when the client has gone.
    async fn run(
        &mut self,
        socket: &mut WebSocket,
        mut outgoing: mpsc::Receiver<ServerMessage>,
    ) -> Option<Close> {
        let init_deadline = Instant::now() + INIT_PATIENCE;
        let mut pings = tokio::time::interval_at(init_deadline, PING_INTERVAL);
        let mut unanswered = 0;
        let api = self.api.clone();
        let stopping = crate::server::stopping(&api);
        tokio::pin!(stopping);
        loop {
            let expiry = match &self.principal {
                Some(principal) => deadline(principal.expires_at),
                None => init_deadline,
            };
            tokio::select! {
                () = &mut stopping => return Some(RESTART),
                () = tokio::time::sleep_until(expiry) => {
                    return Some(if self.principal.is_some() { FORBIDDEN } else { INIT_TIMEOUT });
                }
                _ = pings.tick(), if self.principal.is_some() => {
                    if unanswered == PINGS_UNANSWERED_MAX {
                        return Some(SILENT);
                    }
                    unanswered += 1;
                    send(socket, &ServerMessage::Ping).await?;
                }
                message = outgoing.recv() => {
                    let message = message?;
                    if let ServerMessage::Complete { id } | ServerMessage::Error { id, .. } = &message
                        && self.operations.remove(id).is_none()
                    {
                        // The client has completed it meanwhile.
                        continue;
                    }
                    send(socket, &message).await?;
                }
                message = socket.recv() => {
                    let text = match message {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Binary(_))) => return Some(MALFORMED),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    };
                    unanswered = 0;
                    match self.receive(&text) {
                        Ok(Some(answer)) => send(socket, &answer).await?,
                        Ok(None) => {}
                        Err(close) => return Some(close),
                    }
                }
            }
        }
    }

    fn receive(&mut self, text: &str) -> Result<Option<ServerMessage>, Close> {
        annals_domain::json::check_depth(text.as_bytes(), 64).map_err(|_| MALFORMED)?;
        match serde_json::from_str(text).map_err(|_| MALFORMED)? {
            ClientMessage::Ping => Ok(Some(ServerMessage::Pong)),
            ClientMessage::Pong => Ok(None),
            ClientMessage::ConnectionInit { payload } => {
                if self.principal.is_some() {
                    return Err(TWICE);
                }
                self.principal = Some(self.identify(payload.as_ref()).map_err(|_| FORBIDDEN)?);
                Ok(Some(ServerMessage::ConnectionAck))
            }
            ClientMessage::Complete { id } => {
                if let Some(operation) = self.operations.remove(&id) {
                    operation.abort();
                }
                Ok(None)
            }
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload).map(|()| None),
        }
    }

    /// The caller, by the token in the payload or in the headers of the upgrade.
    fn identify(&self, payload: Option<&Value>) -> Result<Principal, ApiError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let field = |name: &str| {
            let payload = payload?;
            payload.get(name).or_else(|| payload.get("headers")?.get(name)).and_then(text)
        };
        let told = field("Authorization").or_else(|| field("authorization"));
        let token = told
            .and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
            })
            .or_else(|| field("authToken"));
        match token {
            Some(token) => {
                let tenant = field(crate::auth::TENANT_HEADER);
                self.api.principal_of_token(&token, tenant.as_deref())
            }
            None => self.header_principal.clone().ok_or_else(ApiError::unauthenticated),
        }
    }

    fn subscribe(&mut self, id: String, operation: Operation) -> Result<(), Close> {
        let principal = self.principal.clone().ok_or(UNAUTHORIZED)?;
        if self.operations.contains_key(&id) {
            return Err(DUPLICATE);
        }
        if self.operations.len() >= self.api.limits.request.socket_operations_max {
            return Err(TOO_MANY);
        }
        let (schema, outbox) = (self.schema.clone(), self.outbox.clone());
        let prepared = prepared(&self.api, operation);
        let task = {
            let id = id.clone();
            tokio::spawn(async move {
                let outcome = match prepared {
                    Ok(request) => run(&schema, request.data(principal), &id, &outbox).await,
                    Err(refused) => Some(refused),
                };
                let last = match outcome {
                    Some(refused) => {
                        ServerMessage::Error { id, payload: completed(refused, None).errors }
                    }
                    None => ServerMessage::Complete { id },
                };
                // The socket may have been closed.
                let _ = outbox.send(last).await;
            })
        };
        self.operations.insert(id, task.abort_handle());
        Ok(())
    }
}

/// Runs an operation; returns the answer that refuses it, if it never ran.
async fn run(
    schema: &AnnalsSchema,
    request: async_graphql::Request,
    id: &str,
    outbox: &mpsc::Sender<ServerMessage>,
) -> Option<Response> {
    let mut responses = std::pin::pin!(schema.execute_stream(request));
    let mut ran = false;
    while let Some(response) = responses.next().await {
        let refused = response.data == async_graphql::Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| error.path.is_empty());
        if refused && !ran {
            return Some(response);
        }
        ran = true;
        let payload = Box::new(completed(response, None));
        let next = ServerMessage::Next { id: id.to_owned(), payload };
        if outbox.send(next).await.is_err() {
            return None;
        }
    }
    None
}

/// Sends a message; nothing when the client has gone or does not take it.
async fn send(socket: &mut WebSocket, message: &ServerMessage) -> Option<()> {
    let text = serde_json::to_string(message).ok()?;
    let sending = socket.send(Message::Text(text.into()));
    tokio::time::timeout(SEND_PATIENCE, sending).await.ok()?.ok()
}

fn deadline(instant: jiff::Timestamp) -> Instant {
    let left = instant.duration_since(jiff::Timestamp::now());
    let left = Duration::try_from(left).unwrap_or_default();
    // Far-off instants are out of the timer's reach.
    Instant::now() + left.min(Duration::from_secs(365 * 24 * 3600))
}
