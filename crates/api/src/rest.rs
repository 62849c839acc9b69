//! REST: `/api/v1/…` (requirement X-06) and the service's own pages.

pub(crate) mod body;
mod bulk;
mod health;
mod logs;
mod parameters;
mod stream;

pub(crate) use parameters::parse_query;

use axum::Router;
use axum::routing::{get, post};

use crate::context::Api;
use crate::error::{ApiError, Code};

/// Every route. Handlers ask for the [`crate::auth::Principal`] and its permission themselves; a
/// test walks this table and shows that none answers without.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/logs", get(logs::list).post(logs::record))
        .route("/api/v1/logs/bulk", post(bulk::record))
        .route("/api/v1/logs/stream", get(stream::stream))
        .route("/api/v1/logs/{id}", get(logs::one))
        .route("/api/v1/limits", get(health::limits))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(async || ApiError::not_found("page"))
        .method_not_allowed_fallback(async || {
            ApiError::new(Code::MethodNotAllowed, "this address has no such method")
        })
}
