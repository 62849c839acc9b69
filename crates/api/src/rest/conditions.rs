//! `/api/v1/health/conditions`: what is wrong with Annals itself.

use annals_domain::event::Severity;
use annals_domain::watching::Condition;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::context::Api;
use crate::health::Shown;

#[derive(Serialize)]
struct ConditionBody {
    condition: Condition,
    severity: Severity,
    raised: bool,
    since: Option<Timestamp>,
    reading: Option<f64>,
    threshold: Option<f64>,
    unit: &'static str,
    means: &'static str,
    remedy: &'static str,
}

#[derive(Serialize)]
struct ListBody {
    checked_at: Option<Timestamp>,
    conditions: Vec<ConditionBody>,
}

/// `GET /api/v1/health/conditions`
pub(super) async fn list(State(api): State<Api>) -> Response {
    let shown = api.health.shown();
    let conditions = Condition::ALL.iter().map(|condition| body_of(*condition, &shown)).collect();
    Json(ListBody { checked_at: shown.checked_at, conditions }).into_response()
}

fn body_of(condition: Condition, shown: &Shown) -> ConditionBody {
    let definition = condition.definition();
    let raised = shown.standings.find(condition);
    ConditionBody {
        condition,
        severity: definition.severity,
        raised: raised.is_some(),
        since: raised.map(|raised| raised.since),
        reading: shown.readings.get(&condition).copied(),
        threshold: shown.thresholds.get(&condition).map(|threshold| threshold.bad()),
        unit: definition.unit,
        means: definition.means,
        remedy: definition.remedy,
    }
}
