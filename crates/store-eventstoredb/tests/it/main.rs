//! The log on a server: its contract, and what it does when the server fails.
//!
//! With `ANNALS_TEST_EVENTSTORE_URL` the contracts run against a real server as well, unchanged.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test")]

mod contracts;
mod copying;
mod faults;
mod integrity;
mod limits;
mod random;
mod refusals;
mod removing;
mod rights;
mod support;
