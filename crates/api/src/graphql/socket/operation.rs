//! One operation on a socket, running beside the others.

use std::panic::AssertUnwindSafe;

use async_graphql::Response;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::messages::ServerMessage;
use crate::auth::Principal;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::graphql::AnnalsSchema;
use crate::graphql::failure::{completed, refusal};
use crate::graphql::http::{Operation, prepared};
use crate::rate_limits::Usage;

/// An operation as it was asked for.
pub(super) struct Asked {
    pub(super) id: String,
    /// Tells it from others that the client gave the same id, one after the other.
    pub(super) serial: u64,
    pub(super) operation: Operation,
    pub(super) principal: Principal,
}

/// A message of an operation, on its way to the client.
pub(super) struct Outgoing {
    pub(super) serial: u64,
    pub(super) message: ServerMessage,
}

impl Asked {
    /// Runs the operation and sends what comes of it. A panic is the end of the operation alone.
    pub(super) async fn run(self, api: Api, schema: AnnalsSchema, outbox: mpsc::Sender<Outgoing>) {
        let Self { id, serial, operation, principal } = self;
        let speaker = Speaker { id, serial, outbox };
        let ran = AssertUnwindSafe(async {
            let caller = match Caller::counted(&api, principal, Usage::default()).await {
                Ok(caller) => caller,
                Err(error) => return Some(refusal(&error)),
            };
            match prepared(&api, operation) {
                Ok(request) => speaker.answer(&schema, request.data(caller)).await,
                Err(refused) => Some(*refused),
            }
        });
        let refused = ran.catch_unwind().await.unwrap_or_else(|_| {
            let error = ApiError::new(Code::Internal, "a fault on our side; please tell us");
            Some(refusal(&error))
        });
        let id = speaker.id.clone();
        let last = match refused {
            Some(refused) => ServerMessage::Error { id, payload: completed(refused, None).errors },
            None => ServerMessage::Complete { id },
        };
        speaker.say(last).await;
    }
}

/// Speaks for an operation.
struct Speaker {
    id: String,
    serial: u64,
    outbox: mpsc::Sender<Outgoing>,
}

impl Speaker {
    /// Sends the answers; returns the one that refuses the operation, if it never ran.
    async fn answer(
        &self,
        schema: &AnnalsSchema,
        request: async_graphql::Request,
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
            if !self.say(ServerMessage::Next { id: self.id.clone(), payload }).await {
                return None;
            }
        }
        None
    }

    /// Whether there is still a socket to say it on.
    async fn say(&self, message: ServerMessage) -> bool {
        self.outbox.send(Outgoing { serial: self.serial, message }).await.is_ok()
    }
}
