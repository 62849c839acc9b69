//! `GET /api/v1/logs/comparison`: which values are new in a period, and which are gone.

use annals_domain::filter::TimeRange;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::{ChangedValue, PeriodValues};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::stats::{Asked, number, wait_for};
use crate::caller::Caller;
use crate::comparing::{self, Compared, ComparisonAsked};
use crate::context::Api;
use crate::error::ApiError;

const PARAMETERS: &[&str] = &["field", "limit", "compare_from", "min_position"];

#[derive(Serialize)]
struct ComparisonBody {
    field: String,
    period: PeriodBody,
    compared_with: PeriodBody,
    new: ValuesBody,
    vanished: ValuesBody,
    precision: &'static str,
}

#[derive(Serialize)]
struct PeriodBody {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Serialize)]
struct ValuesBody {
    total: u64,
    values: Vec<ValueBody>,
}

#[derive(Serialize)]
struct ValueBody {
    value: String,
    count: u64,
    first_seen_at: Option<String>,
    last_seen_at: Option<String>,
}

/// `GET /api/v1/logs/comparison`
pub(super) async fn compare(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), PARAMETERS, &api)?;
    let since = asked.value("compare_from").map(instant).transpose()?;
    let limit = asked.value("limit").map(number).transpose()?;
    wait_for(&api, asked.min_position(&api)?).await?;
    let field = asked.value("field").unwrap_or("type").to_owned();
    let asked = ComparisonAsked { filter: asked.filter, field, since, limit };
    let compared = comparing::compare(&api, &caller, asked).await?;
    Ok(Json(body_of(compared)).into_response())
}

fn body_of(compared: Compared) -> ComparisonBody {
    let Compared { field, changes, current, before } = compared;
    ComparisonBody {
        field: field.0,
        period: period(current),
        compared_with: period(before),
        new: values(changes.new),
        vanished: values(changes.vanished),
        precision: changes.precision.as_str(),
    }
}

fn period(range: TimeRange) -> PeriodBody {
    let text = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    PeriodBody { start: text(range.from), end: text(range.until) }
}

fn values(values: PeriodValues) -> ValuesBody {
    let value = |ChangedValue { value, count, seen }| ValueBody {
        value,
        count,
        first_seen_at: seen.map(|(first, _)| first.to_string()),
        last_seen_at: seen.map(|(_, last)| last.to_string()),
    };
    ValuesBody { total: values.total, values: values.values.into_iter().map(value).collect() }
}

fn instant(text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        let message = "must be an instant (RFC 3339), such as 2026-03-01T00:00:00Z";
        ApiError::field(FieldError::new("compare_from", ErrorCode::Malformed, message))
    })
}
