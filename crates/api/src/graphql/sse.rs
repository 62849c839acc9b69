//! GraphQL over events (`text/event-stream`): the protocol of the `graphql-sse` library, with one
//! connection for each operation.
//!
//! It passes proxies that know no WebSocket. Events are `next` and `complete`; a comment now and
//! then keeps the connection. When the token ends, the last `next` says so and `complete` follows.
//! When the service stops, the stream just ends, which clients take for a fault of the network: they
//! come back.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Response;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue, header};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::AnnalsSchema;
use super::execution::{Executed, Prepared, execute};
use super::failure::{completed, refusal};
use super::http::Shown;
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::live::OpenStream;
use crate::sockets;

/// How often a comment is sent when nothing else is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A client that does not take an event within this time is cut off; it can come back.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// Events that wait for a slow client; beyond that its operation waits, and reads on later.
const OUTBOX_MAX: usize = 2;

const COMPLETE: &str = "event: complete\ndata:\n\n";
const COMMENT: &str = ":\n\n";

/// Answers an operation that has one answer.
pub(super) fn told(response: &Response) -> axum::response::Response {
    with_headers(Body::from(format!("{}{COMPLETE}", next(response))))
}

/// Answers a subscription.
pub(super) async fn stream(
    api: &Api,
    schema: &AnnalsSchema,
    caller: Caller,
    prepared: Prepared,
) -> Result<axum::response::Response, ApiError> {
    let open = api.open_stream(&caller.principal)?;
    let expiry = sockets::timer_of(caller.principal.expires_at);
    let (principal, watching) = (caller.principal.clone(), api.clone());
    let lost = Box::pin(async move { credentials::lost(&watching, &principal).await });
    let responses = match execute(api, schema, caller, prepared).await {
        Executed::Answer(response) => return Ok(told(&completed(*response, None))),
        Executed::Stream(responses) => responses,
    };
    let (outbox, inbox) = mpsc::channel(OUTBOX_MAX);
    let speaker = Speaker { outbox, expiry, stopping: api.stopping.clone(), _open: open };
    tokio::spawn(speaker.run(responses, lost));
    let body = futures_util::stream::unfold(inbox, async |mut inbox| {
        let bytes: Bytes = inbox.recv().await?;
        Some((Ok::<_, Infallible>(bytes), inbox))
    });
    Ok(with_headers(Body::from_stream(body)))
}

fn with_headers(body: Body) -> axum::response::Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        (header::VARY, HeaderValue::from_static("accept")),
        // nginx would gather events before it passes them on.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

/// JSON has no line ends of its own, so one line holds it.
fn next(response: &Response) -> String {
    let json = serde_json::to_string(&Shown::of(response)).unwrap_or_default();
    format!("event: next\ndata: {json}\n\n")
}

struct Speaker {
    outbox: mpsc::Sender<Bytes>,
    expiry: Instant,
    stopping: CancellationToken,
    /// Held for its end alone.
    _open: OpenStream,
}

impl Speaker {
    /// Sends the responses until they end, the client goes, or the client may no longer listen.
    async fn run(
        self,
        mut responses: BoxStream<'static, Response>,
        mut lost: BoxFuture<'static, ()>,
    ) {
        loop {
            let begun = Instant::now();
            let event = tokio::select! {
                () = self.outbox.closed() => return,
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep_until(self.expiry) => break self.end().await,
                () = &mut lost => break self.end().await,
                () = tokio::time::sleep_until(begun + HEARTBEAT) => COMMENT.to_owned(),
                // A panic is the end of the operation alone.
                response = std::panic::AssertUnwindSafe(responses.next()).catch_unwind() => {
                    match response {
                        Ok(Some(response)) => next(&completed(response, None)),
                        Ok(None) => COMPLETE.to_owned(),
                        Err(_) => format!("{}{COMPLETE}", next(&fault())),
                    }
                }
            };
            let is_last = event.ends_with(COMPLETE);
            let told = tokio::select! {
                told = self.say(event) => told,
                () = &mut lost => break self.end().await,
            };
            if !told || is_last {
                return;
            }
        }
    }

    /// Tells that the token has ended; who still does not take events does not hear of it.
    async fn end(&self) {
        let message = "the token has ended; come back with another and the last cursor";
        let error = ApiError::new(Code::Unauthenticated, message);
        let last = format!("{}{COMPLETE}", next(&completed(refusal(&error), None)));
        let _ = self.outbox.try_send(last.into());
    }

    /// Whether the client took it in time.
    async fn say(&self, event: String) -> bool {
        let patience = Instant::now() + SEND_PATIENCE;
        tokio::select! {
            sent = self.outbox.send(event.into()) => sent.is_ok(),
            () = self.stopping.cancelled() => false,
            () = tokio::time::sleep_until(patience.min(self.expiry)) => false,
        }
    }
}

fn fault() -> Response {
    let error = ApiError::new(Code::Internal, "a fault on our side; please tell us");
    completed(refusal(&error), None)
}

#[cfg(test)]
mod tests;
