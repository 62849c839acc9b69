//! The service's own pages: is it alive, is it ready, its numbers, its limits.

use std::collections::BTreeMap;

use annals_engine::Role;
use annals_engine::tiles::TILES;
use annals_ports::LogHealth;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::context::Api;
use crate::rebuilding::word;
use crate::roles::names;

/// A projection that is more events behind than this is not current.
const LAG_MAX: u64 = 50_000;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: what this node does, whether events are taken and if not why, whether searches
/// are current, and how far each projection is behind. 503 when it does not do what it is for.
pub(super) async fn readyz(State(api): State<Api>) -> Response {
    let mut lag = BTreeMap::new();
    let mut parked = 0;
    for progress in api.queries.progress() {
        lag.insert(progress.name(), api.queries.lag(progress));
        parked += progress.parked().len();
    }
    let (roles, stopping) = (api.roles, api.stopping.is_cancelled());
    let LogHealth { trouble, catching_up, incomplete } = api.log.health();
    let takes = !stopping && trouble.is_none() && api.recorder.is_taking();
    let follows = is_current(&lag);
    let mending = api.queries.is_incomplete();
    let mut body = json!({
        "roles": names(roles),
        "ingest": roles.has(Role::Ingest) && takes,
        "search": roles.has(Role::Query) && follows && !catching_up && !mending,
        "mending": mending,
        "catching_up": catching_up,
        "access": api.knows_access(),
        "lag": lag,
        "parked": parked,
        "spooled": api.recorder.spooled(),
        "delivery": {
            "takes_part": api.delivery.takes_part(),
            "holds_lease": api.delivery.holds_lease(),
        },
    });
    if let Some(rebuild) = api.rebuilding.as_ref().map(|rebuilding| rebuilding.status()) {
        body["index_rebuild"] = json!({
            "state": word(rebuild.state),
            "percent": rebuild.percent(),
            "events_left": rebuild.left,
            "events_per_second": rebuild.events_per_second.round(),
            "estimated_end": rebuild.estimated_end(api.clock.now()),
        });
    }
    if let Some(trouble) = trouble {
        body["trouble"] = trouble.into();
    }
    // A node that only answers questions is ready without a log to write to; one that has yet to copy
    // the log for the first time would answer with less than there is.
    let records = takes || !roles.has(Role::Ingest);
    let answers = !incomplete || !roles.has(Role::Query);
    let ready = !stopping && records && answers && api.knows_access();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// `GET /metrics`: for Prometheus. No names of tenants or people are in it.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    api.recorder.permits.tell_metrics();
    metrics::gauge!("annals_log_head").set(api.queries.head().0 as f64);
    let text = api.metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// `GET /api/v1/limits`
pub(super) async fn limits(State(api): State<Api>) -> Response {
    Json(&*api.limits).into_response()
}

/// Whether everything that answers shows what questions are about. Proofs that come late keep nobody from
/// finding events.
fn is_current(lag: &BTreeMap<&str, u64>) -> bool {
    lag.iter().all(|(name, behind)| *name == TILES || *behind <= LAG_MAX)
}

#[cfg(test)]
mod tests;
