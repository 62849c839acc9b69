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
use crate::graphql::execution::{Executed, Prepared, execute, prepared};
use crate::graphql::failure::{completed, did_not_run, refusal};
use crate::graphql::operation::Operation;
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
            match prepared(&api, &schema, operation, &caller.principal.tenant) {
                Ok(prepared) => speaker.answer(&api, &schema, caller, prepared).await,
                Err(refused) => Some(refused.response()),
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
        api: &Api,
        schema: &AnnalsSchema,
        caller: Caller,
        prepared: Prepared,
    ) -> Option<Response> {
        let mut responses = match execute(api, schema, caller, prepared).await {
            Executed::Answer(response) => futures_util::stream::iter([*response]).boxed(),
            Executed::Stream(responses) => responses,
        };
        let mut ran = false;
        while let Some(response) = responses.next().await {
            if did_not_run(&response) && !ran {
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
