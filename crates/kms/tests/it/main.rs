//! The services that wrap root keys, against servers that speak their protocol.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends, also within its functions")]

mod aws;
mod double;
mod vault;
