//! REST, GraphQL and live streams over one engine.
//!
//! Rights are checked here and become part of the query ([`auth`]); everything a request can do
//! wrong becomes one [`error::ApiError`].

mod addresses;
mod archived;
pub mod auth;
mod caller;
mod comparing;
mod completing;
pub mod context;
mod correlating;
mod counting;
mod credentials;
pub mod cursor;
mod deliveries;
mod disputes;
mod endpoints;
pub mod error;
mod exporting;
pub mod graphql;
mod health;
mod inboxes;
mod ingest;
mod layers;
pub mod lifecycle;
pub mod links;
mod live;
mod masking;
mod notification_rules;
mod notifying;
mod one_state;
mod own_facts;
mod preferences;
mod promising;
mod proving;
mod quarantine;
mod rate_limits;
mod rebuilding;
pub mod rest;
mod roles;
pub mod router;
mod seen;
mod self_audit;
pub mod server;
mod sockets;
mod tenant_keys;
mod view;
mod views;
mod watching;
mod weight;

pub use context::{Api, ApiParts};
pub use credentials::Credentials;
pub use endpoints::EndpointParts;
pub use exporting::export_desk;
pub use health::{HealthBoard, Shown};
pub use layers::{AllowedOrigins, WebSettings, WrongOrigin};
pub use live::LiveParts;
pub use notifying::NotifyingParts;
pub use rate_limits::{RateLimitSettings, RateLimits};
