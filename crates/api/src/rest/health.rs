//! The service's own pages: is it alive, is it ready, its numbers, its limits.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::auth::Permission;
use crate::context::Api;
use crate::error::ApiError;

/// A projection that is more events behind than this is not current.
const LAG_MAX: u64 = 50_000;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: whether events are taken, whether searches are current, and how far each
/// projection is behind.
pub(super) async fn readyz(State(api): State<Api>) -> Response {
    let head = api.queries.head();
    let mut lag = serde_json::Map::new();
    let mut parked = 0;
    for progress in api.queries.progress() {
        let behind = head.0.saturating_sub(progress.position().0);
        lag.insert(progress.name().into(), behind.into());
        parked += progress.parked().len();
    }
    let ingest = !api.stopping.is_cancelled() && api.recorder.is_taking();
    let search = lag.values().all(|behind| behind.as_u64().is_some_and(|lag| lag <= LAG_MAX));
    let body = json!({ "ingest": ingest, "search": search, "lag": lag, "parked": parked });
    let status = if ingest { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// `GET /metrics`: for Prometheus. No names of tenants or people are in it.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let (bytes, events) = api.recorder.permits.under_way();
    metrics::gauge!("annals_ingest_bytes_under_way").set(bytes as f64);
    metrics::gauge!("annals_ingest_events_under_way").set(events as f64);
    metrics::gauge!("annals_log_head").set(api.queries.head().0 as f64);
    let text = api.metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// `GET /api/v1/limits`
pub(super) async fn limits(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    api.principal(&headers)?.require(Permission::ReadCatalogue)?;
    Ok(Json(&*api.limits).into_response())
}
