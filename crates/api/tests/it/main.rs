//! The API from outside, in one process: the whole router over stores in memory.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test")]

mod addresses;
mod attacks;
mod bodies;
mod bulk;
mod connections;
mod graphql_forms;
mod graphql_limits;
mod graphql_paging;
mod graphql_recording;
mod graphql_socket;
mod keys;
mod log_stream;
mod permissions;
mod rate_limits;
mod rest_forms;
mod roles;
mod support;
mod tokens;
