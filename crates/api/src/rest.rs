//! REST: `/api/v1/…` (requirement X-06) and the service's own pages.

pub(crate) mod body;
mod bulk;
mod health;
mod logs;
mod parameters;
mod stream;

pub(crate) use parameters::parse_query;

use axum::routing::{get, post};

use crate::router::Route;

/// Every address. Handlers ask for the [`crate::auth::Principal`] and its permission themselves; a
/// test walks this table and shows that none answers without.
pub(crate) const ROUTES: &[Route] = &[
    Route { path: "/api/v1/logs", open: false, handlers: || get(logs::list).post(logs::record) },
    Route { path: "/api/v1/logs/bulk", open: false, handlers: || post(bulk::record) },
    Route { path: "/api/v1/logs/stream", open: false, handlers: || get(stream::stream) },
    Route { path: "/api/v1/logs/{id}", open: false, handlers: || get(logs::one) },
    Route { path: "/api/v1/limits", open: false, handlers: || get(health::limits) },
    Route { path: "/healthz", open: true, handlers: || get(health::healthz) },
    Route { path: "/readyz", open: true, handlers: || get(health::readyz) },
    Route { path: "/metrics", open: true, handlers: || get(health::metrics) },
];
