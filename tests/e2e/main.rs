//! End-to-end tests: the real program, over HTTP and WebSocket, as its users meet it.
//!
//! Each test has a service and a data directory of its own, so they run beside each other. The
//! harness is the crate `annals-tests`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends, also within its functions")]

mod access;
mod at_rest;
mod backing_up;
mod bad_events;
mod bad_graphql;
mod bad_queries;
mod bad_tokens;
mod benchmarks;
mod command_line;
mod contracts;
mod credentials;
mod detecting;
mod endpoints;
mod erasing;
mod evidence;
mod exporting;
mod foreign_graphql;
mod foreign_rest;
mod full_disk;
mod graphql_abuse;
mod idempotency;
mod importing;
mod isolation;
mod keys;
mod killing;
mod killing_deliveries;
mod mending;
mod newcomer;
mod nodes;
mod operations_log;
mod overload;
mod proving;
mod quarantine;
mod reading_own_writes;
mod rebuilding;
mod retention;
mod sealing;
mod spooling;
mod stopping;
mod subscribing;
mod telling;
mod watching;
mod witnessing;

use annals_tests::{Program, TestService};

/// The program that cargo built before these tests.
const ANNALS: &str = env!("CARGO_BIN_EXE_annals");

/// A running service on a fresh data directory.
async fn service() -> TestService {
    TestService::start(ANNALS).await
}

/// The program, for commands without a service.
fn program() -> Program {
    Program::at(ANNALS)
}

/// A file of the repository.
fn in_repository(path: &str) -> std::path::PathBuf {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// The ids of a list of events, in order.
fn ids(events: &[serde_json::Value]) -> Vec<String> {
    let id = |event: &serde_json::Value| event["id"].as_str().expect("an id").to_owned();
    events.iter().map(id).collect()
}

/// A text of an answer.
fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("`{value}` must be a text")).to_owned()
}
