//! The double as the real client sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::future::Future;
use std::time::Duration;

use annals_eventstoredb_double::Server;
use bytes::Bytes;
use eventstore::{AppendToStreamOptions, Client, EventData, ExpectedRevision};
use uuid::Uuid;

mod access;
mod appending;
mod cluster;
mod faults;
mod following;
mod reading;

/// A client of its own for each test; the client crate caches what it learned of a server.
fn client(url: &str) -> Client {
    Client::new(url.parse().unwrap()).unwrap()
}

fn client_of(server: &Server) -> Client {
    client(&server.url())
}

fn event(id: u128) -> EventData {
    EventData::binary("noted", Bytes::from_static(b"data")).id(Uuid::from_u128(id))
}

fn expecting(expected: ExpectedRevision) -> AppendToStreamOptions {
    AppendToStreamOptions::default().expected_revision(expected)
}

/// Nothing here may take long.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("this came to no end")
}

/// Whether something still has no answer after a while.
async fn hangs<T>(what: impl Future<Output = T>) -> bool {
    tokio::time::timeout(Duration::from_millis(150), what).await.is_err()
}
