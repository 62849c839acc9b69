//! The messages of graphql-transport-ws.

use async_graphql::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::graphql::operation::Operation;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit { payload: Option<Value> },
    Subscribe { id: String, payload: Operation },
    Complete { id: String },
    Ping,
    Pong,
}

/// What we say.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage {
    ConnectionAck,
    Next { id: String, payload: Box<Response> },
    Error { id: String, payload: Vec<async_graphql::ServerError> },
    Complete { id: String },
    Ping,
    Pong,
}

impl ServerMessage {
    /// Id of the operation that it belongs to.
    pub(super) fn operation(&self) -> Option<&str> {
        match self {
            Self::Next { id, .. } | Self::Error { id, .. } | Self::Complete { id } => Some(id),
            Self::ConnectionAck | Self::Ping | Self::Pong => None,
        }
    }
}
