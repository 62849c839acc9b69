//! What both kinds of sockets have in common: who may speak how long, and closing in order.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::Instant;

/// A client that does not take a message within this time is cut off; it can come back.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to answer that it is closed.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);
/// Far-off instants are out of the timer's reach.
const TIMER_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// What comes is read in pieces of this size. It is taken from memory for every socket, and most say
/// little; the library would take sixteen times that.
pub(crate) const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Why a socket is closed: code and reason.
pub(crate) type Close = (u16, &'static str);

/// Clients come back after these two, with a fresh token or after a moment.
pub(crate) const EXPIRED: Close = (4403, "Forbidden");
pub(crate) const RESTART: Close = (1012, "The service is restarting");

/// A message could not be sent.
pub(crate) enum Unsent {
    /// The client has gone, or takes nothing.
    Gone,
    /// The client may no longer be served.
    Expired,
}

/// Sends a message to a client who may be served until `expiry`.
pub(crate) async fn send(
    socket: &mut WebSocket,
    text: String,
    expiry: Instant,
) -> Result<(), Unsent> {
    let patience = expiry.min(Instant::now() + SEND_PATIENCE);
    match tokio::time::timeout_at(patience, socket.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        Err(_) if Instant::now() >= expiry => Err(Unsent::Expired),
        Ok(Err(_)) | Err(_) => Err(Unsent::Gone),
    }
}

/// Tells the client why, and waits for its answer: what is closed while the client still speaks
/// may never tell it the reason. A client that takes nothing is not waited for.
pub(crate) async fn close(socket: &mut WebSocket, (code, reason): Close) {
    let frame = CloseFrame { code, reason: reason.into() };
    let closing = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // In time or not, the socket ends here.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, closing).await;
}

/// When an instant comes, as timers count.
pub(crate) fn timer_of(instant: jiff::Timestamp) -> Instant {
    let left = instant.duration_since(jiff::Timestamp::now());
    Instant::now() + Duration::try_from(left).unwrap_or_default().min(TIMER_MAX)
}
