//! REST, GraphQL and live streams over one engine.
//!
//! Rights are checked here and become part of the query ([`auth`]); everything a request can do
//! wrong becomes one [`error::ApiError`].

pub mod auth;
mod caller;
pub mod context;
pub mod cursor;
pub mod error;
pub mod graphql;
mod ingest;
mod rate_limits;
mod rest;
mod roles;
pub mod router;
pub mod server;
mod sockets;
mod view;
mod weight;

pub use context::{Api, ApiParts};
pub use rate_limits::{RateLimitSettings, RateLimits};
