//! `GET /api/v1/logs/stats` and `GET /api/v1/logs/suggest`: counts by values and times, and the
//! values there are.

use std::time::Duration;

use annals_domain::Position;
use annals_domain::filter::Filter;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query;
use annals_domain::statistics::{EventTime, Facet, Interval, NumberTally};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::parameters::{context, pairs, parse_query};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::counting::{self, Counts, CountsAsked, HistogramAsked};
use crate::error::ApiError;

/// Parameters that may be given again.
const LISTS: &[&str] = &["by", "numbers"];

/// What was asked for beside the filter, as the query string has it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) filter: Filter,
    named: Vec<(String, String)>,
}

impl Asked {
    /// Takes the parameters of these names apart; all others must be conditions.
    pub(super) fn read(text: &str, names: &[&str], api: &ApiParts) -> Result<Self, ApiError> {
        let mut asked = Self { filter: Filter::All, named: Vec::new() };
        let mut conditions = Vec::new();
        for (name, value) in pairs(text, api.limits.query.terms_max)? {
            match name.as_str() {
                "q" | "query" => asked.filter = asked.filter.and(parse_query(&value, api)?),
                own if names.contains(&own) => {
                    if asked.value(own).is_some() && !LISTS.contains(&own) {
                        let message = "is given twice; there can be only one";
                        return Err(wrong(own, ErrorCode::Contradiction, message));
                    }
                    asked.named.push((name, value));
                }
                _ => conditions.push((name, value)),
            }
        }
        let filter = query::filter_from_parameters(&conditions, &context(api));
        asked.filter = asked.filter.and(filter.map_err(ApiError::fields)?);
        Ok(asked)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Names separated by commas, or given under the same name again.
    fn list(&self, name: &str) -> Vec<String> {
        let given = self.named.iter().filter(|(known, _)| known == name);
        let names = given.flat_map(|(_, value)| value.split(','));
        names.map(|name| name.trim().to_owned()).collect()
    }

    pub(super) fn min_position(&self, api: &ApiParts) -> Result<Option<Position>, ApiError> {
        self.value("min_position").map(|text| Ok(api.cursors.read(text)?.position())).transpose()
    }
}

#[derive(Serialize)]
struct StatsBody {
    count: CountBody,
    facets: Vec<FacetBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<NumbersBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<HistogramBody>,
}

#[derive(Serialize)]
struct CountBody {
    value: u64,
    precision: &'static str,
}

#[derive(Serialize)]
struct FacetBody {
    field: String,
    values: Vec<ValueBody>,
    other: u64,
    missing: u64,
    precision: &'static str,
}

#[derive(Serialize)]
struct ValueBody {
    value: String,
    count: u64,
}

#[derive(Serialize)]
struct NumbersBody {
    field: String,
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    avg: Option<f64>,
    precision: &'static str,
}

#[derive(Serialize)]
struct HistogramBody {
    interval: &'static str,
    precision: &'static str,
    buckets: Vec<BucketBody>,
}

#[derive(Serialize)]
struct BucketBody {
    start: String,
    end: String,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<SplitBody>,
}

#[derive(Serialize)]
struct SplitBody {
    values: Vec<ValueBody>,
    other: u64,
    missing: u64,
}

const STATS_PARAMETERS: &[&str] =
    &["by", "numbers", "limit", "search", "interval", "time", "time_zone", "split", "min_position"];

/// `GET /api/v1/logs/stats`
pub(super) async fn stats(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), STATS_PARAMETERS, &api)?;
    let interval = asked.value("interval").map(interval).transpose()?;
    let min_position = asked.min_position(&api)?;
    let histogram = histogram(&asked, interval)?;
    let counts = CountsAsked {
        fields: asked.list("by"),
        numbers: asked.list("numbers"),
        limit: asked.value("limit").map(number).transpose()?,
        search: asked.value("search").map(str::to_owned),
        histogram,
        filter: asked.filter,
    };
    wait_for(&api, min_position).await?;
    let counts = counting::count(&api, &caller, counts).await?;
    Ok(Json(stats_body(&counts, interval)).into_response())
}

fn histogram(
    asked: &Asked,
    interval: Option<Interval>,
) -> Result<Option<HistogramAsked>, ApiError> {
    let time = match asked.value("time") {
        None | Some("occurred") => EventTime::Occurred,
        Some("received") => EventTime::Received,
        Some(_) => {
            let message = "must be `occurred` or `received`";
            return Err(wrong("time", ErrorCode::Malformed, message));
        }
    };
    let text = |name| asked.value(name).map(str::to_owned);
    let Some(interval) = interval else {
        let idle = ["time", "time_zone", "split"].into_iter().find(|n| asked.value(n).is_some());
        return match idle {
            Some(name) => {
                Err(wrong(name, ErrorCode::Contradiction, "says something about `interval` only"))
            }
            None => Ok(None),
        };
    };
    let (time_zone, by) = (text("time_zone"), text("split"));
    Ok(Some(HistogramAsked { interval, time, time_zone, by }))
}

fn stats_body(counts: &Counts, interval: Option<Interval>) -> StatsBody {
    let statistics = &counts.statistics;
    let precision = statistics.precision.as_str();
    let histogram = interval.map(|interval| HistogramBody {
        interval: interval.as_str(),
        precision,
        buckets: (0..statistics.buckets.len()).filter_map(|at| bucket(counts, at)).collect(),
    });
    let facets = counts.fields.iter().zip(&statistics.facets);
    let numbers = counts.numbers.iter().zip(&statistics.numbers);
    StatsBody {
        count: CountBody { value: statistics.events, precision },
        facets: facets.map(|(field, facet)| facet_body(&field.0, facet)).collect(),
        numbers: numbers
            .map(|(field, numbers)| numbers_body(&field.0, numbers, precision))
            .collect(),
        histogram,
    }
}

fn facet_body(field: &str, facet: &Facet) -> FacetBody {
    let value = |value: &annals_domain::statistics::FacetValue| ValueBody {
        value: value.value.clone(),
        count: value.count,
    };
    FacetBody {
        field: field.to_owned(),
        values: facet.values.iter().map(value).collect(),
        other: facet.other,
        missing: facet.missing,
        precision: facet.precision.as_str(),
    }
}

fn numbers_body(field: &str, numbers: &NumberTally, precision: &'static str) -> NumbersBody {
    NumbersBody {
        field: field.to_owned(),
        count: numbers.count,
        sum: numbers.finite_sum(),
        min: numbers.span.map(|(least, _)| least),
        max: numbers.span.map(|(_, greatest)| greatest),
        avg: numbers.mean(),
        precision,
    }
}

fn bucket(counts: &Counts, at: usize) -> Option<BucketBody> {
    let (start, end) = counts.times_of(at)?;
    let Counts { statistics, .. } = counts;
    let tally = statistics.buckets.get(at)?;
    let values = statistics.split.iter().zip(&tally.values);
    let values: Vec<ValueBody> =
        values.map(|(value, count)| ValueBody { value: value.clone(), count: *count }).collect();
    let told_apart = counts.is_split();
    Some(BucketBody {
        start: start.to_string(),
        end: end.to_string(),
        count: tally.events,
        split: told_apart.then_some(SplitBody {
            values,
            other: tally.other,
            missing: tally.missing,
        }),
    })
}

#[derive(Serialize)]
struct SuggestBody {
    values: Vec<String>,
    complete: bool,
}

/// `GET /api/v1/logs/suggest`
pub(super) async fn suggest(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let names = &["field", "prefix", "min_position"];
    let asked = Asked::read(query.as_deref().unwrap_or_default(), names, &api)?;
    wait_for(&api, asked.min_position(&api)?).await?;
    let field = asked.value("field").unwrap_or("type");
    let prefix = asked.value("prefix").unwrap_or_default();
    let values = counting::suggest(&api, &caller, asked.filter.clone(), field, prefix).await?;
    let body = SuggestBody { values: values.values, complete: values.complete };
    Ok(Json(body).into_response())
}

/// Waits until a position is visible.
pub(super) async fn wait_for(api: &ApiParts, position: Option<Position>) -> Result<(), ApiError> {
    let Some(position) = position else { return Ok(()) };
    let patience = Duration::from_millis(api.limits.query.wait_ms_max);
    Ok(api.queries.wait_for(position, patience).await?)
}

fn interval(word: &str) -> Result<Interval, ApiError> {
    Interval::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Interval::ALL.iter().map(|interval| interval.as_str()).collect();
        wrong("interval", ErrorCode::Malformed, &format!("must be one of {}", words.join(", ")))
    })
}

pub(super) fn number(text: &str) -> Result<usize, ApiError> {
    text.parse().map_err(|_| wrong("limit", ErrorCode::Malformed, "must be a number"))
}

fn wrong(parameter: &str, code: ErrorCode, message: &str) -> ApiError {
    ApiError::field(FieldError::new(parameter, code, message))
}
