//! A service in memory, and ways to speak to it.

mod carrier;
mod index;
mod limiter;
mod log;
mod service;
mod socket;
mod token;

pub(crate) use service::{Answer, Listening, Service, request};
pub(crate) use socket::{Socket, connect, subscribe};
pub(crate) use token::{SECRET, claims, in_seconds, signed, token, token_until};

use std::time::Duration;

/// What takes longer is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that must come.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it must not take that long")
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
