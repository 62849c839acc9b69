//! The API from outside, in one process: the whole router over stores in memory.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test")]

mod addresses;
mod api_keys;
mod attacks;
mod bodies;
mod break_glass;
mod browsers;
mod bulk;
mod cleanup;
mod compressed_answers;
mod compressed_bodies;
mod connections;
mod connections_http2;
mod connections_slow;
mod correlation;
mod entity_tags;
mod exports;
mod graphql_events;
mod graphql_forms;
mod graphql_http;
mod graphql_limits;
mod graphql_paging;
mod graphql_recording;
mod graphql_socket;
mod idempotency_key;
mod keys;
mod leaks;
mod log_stream;
mod matrix;
mod overload;
mod permissions;
mod policy;
mod quarantine;
mod rate_limits;
mod rate_limits_strangers;
mod relay;
mod rest_forms;
mod revocation;
mod roles;
mod self_audit;
mod spooling;
mod statistics;
mod support;
mod tokens;
