//! Counting events for callers, by REST and by GraphQL: what may be asked, within what they may
//! see, and the note that they learn it.

use annals_domain::facts::{fold, is_folded};
use annals_domain::filter::{Field, Filter, TimeRange};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::{counted_field, number_field};
use annals_domain::statistics::{
    EventTime, FIELDS_MAX, Interval, VALUES_SHOWN_MAX, edges, shown_range,
};
use annals_domain::time::DateTime;
use annals_engine::{HistogramRequest, Statistics, StatisticsRequest};
use annals_ports::Values;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::caller::{Caller, Question};
use crate::context::ApiParts;
use crate::error::ApiError;

/// Values shown of a field when the caller names no number.
pub(crate) const VALUES_SHOWN: usize = 10;
/// A longer beginning of a value begins none.
const PREFIX_BYTES_MAX: usize = 256;

/// What a caller wants to have counted.
#[derive(Debug)]
pub(crate) struct CountsAsked {
    pub(crate) filter: Filter,
    /// Names of fields whose values are counted.
    pub(crate) fields: Vec<String>,
    /// Names of fields whose numbers are summed up.
    pub(crate) numbers: Vec<String>,
    /// How many values of each field.
    pub(crate) limit: Option<usize>,
    /// Only values that begin so.
    pub(crate) search: Option<String>,
    pub(crate) histogram: Option<HistogramAsked>,
}

/// Over which stretches of time.
#[derive(Debug)]
pub(crate) struct HistogramAsked {
    pub(crate) interval: Interval,
    pub(crate) time: EventTime,
    pub(crate) time_zone: Option<String>,
    /// Name of the field whose values are told apart.
    pub(crate) by: Option<String>,
}

/// What was counted, and how to show its times.
pub(crate) struct Counts {
    pub(crate) statistics: Statistics,
    /// Paths of the counted fields.
    pub(crate) fields: Vec<Field>,
    /// Paths of the fields with numbers.
    pub(crate) numbers: Vec<Field>,
    zone: TimeZone,
    edges: Vec<i64>,
    is_split: bool,
}

impl Counts {
    /// Whether values are told apart in each stretch of time.
    pub(crate) fn is_split(&self) -> bool {
        self.is_split
    }

    /// Where the stretch begins, and where it ends, by the clocks of the zone.
    pub(crate) fn times_of(&self, bucket: usize) -> Option<(DateTime, DateTime)> {
        let shown = |edge: usize| {
            let timestamp = Timestamp::from_microsecond(*self.edges.get(edge)?).ok()?;
            Some(DateTime { timestamp, offset: self.zone.to_offset(timestamp) })
        };
        Some((shown(bucket)?, shown(bucket + 1)?))
    }
}

/// Counts what a caller asked for.
pub(crate) async fn count(
    api: &ApiParts,
    caller: &Caller,
    asked: CountsAsked,
) -> Result<Counts, ApiError> {
    let Question { scope, filter, shape } = caller.asks(api, asked.filter)?;
    let fields = visible(api, caller, "by", &asked.fields, counted_field)?;
    let numbers = visible(api, caller, "numbers", &asked.numbers, number_field)?;
    let limit = checked_limit(asked.limit)?;
    let beginning = asked.search.unwrap_or_default();
    require_beginning("search", &beginning)?;
    let (filter, zone, histogram) = match asked.histogram {
        None => (filter, TimeZone::UTC, None),
        Some(asked) => {
            let by = match &asked.by {
                Some(name) => Some(one_visible(api, caller, "split", name, counted_field)?),
                None => None,
            };
            let zone = zone(asked.time_zone.as_deref())?;
            let now = api.clock.now();
            let (from, until) = shown_range(&filter, asked.time, asked.interval, now);
            let range = TimeRange { from: Some(from), until: Some(until) };
            let edges = edges(asked.interval, from, until, &zone)
                .map_err(|error| wrong("interval", error.to_string()))?;
            let range = match asked.time {
                EventTime::Occurred => Filter::Occurred(range),
                EventTime::Received => Filter::Received(range),
            };
            let request = HistogramRequest { time: asked.time, edges, by };
            (filter.and(range), zone, Some(request))
        }
    };
    let is_split = histogram.as_ref().is_some_and(|asked| asked.by.is_some());
    let edges = histogram.as_ref().map(|asked| asked.edges.clone()).unwrap_or_default();
    let named = asked.fields.iter().chain(&asked.numbers).map(String::as_str);
    let shape = [shape.as_str(), "by"].into_iter().chain(named).collect::<Vec<_>>().join(" ");
    let asked_of = (scope.clone(), filter.clone());
    let request = StatisticsRequest {
        scope,
        filter,
        fields: fields.clone(),
        limit,
        beginning,
        numbers: numbers.clone(),
        histogram,
    };
    let statistics = caller.queries(api).statistics(request).await?;
    let values: usize = statistics.facets.iter().map(|facet| facet.values.len()).sum();
    let returned = values + statistics.buckets.len() + numbers.len();
    let (scope, filter) = asked_of;
    caller.learns_from(api, "statistics", &shape, returned, (&scope, filter)).await?;
    Ok(Counts { statistics, fields, numbers, zone, edges, is_split })
}

/// Values of a field that begin so, among the events that match.
pub(crate) async fn suggest(
    api: &ApiParts,
    caller: &Caller,
    filter: Filter,
    field: &str,
    prefix: &str,
) -> Result<Values, ApiError> {
    let Question { scope, filter, shape } = caller.asks(api, filter)?;
    let path = one_visible(api, caller, "field", field, counted_field)?;
    require_beginning("prefix", prefix)?;
    let prefix = if is_folded(&path.0) { fold(prefix) } else { prefix.to_owned() };
    let queries = caller.queries(api);
    let values = queries.suggestions(&scope, filter.clone(), path, prefix).await?;
    let (shape, found) = (format!("{shape} {field}:?*"), values.values.len());
    caller.learns_from(api, "suggestions", &shape, found, (&scope, filter)).await?;
    Ok(values)
}

fn require_beginning(parameter: &str, beginning: &str) -> Result<(), ApiError> {
    match beginning.len() {
        0..=PREFIX_BYTES_MAX => Ok(()),
        _ => Err(wrong(parameter, format!("is longer than {PREFIX_BYTES_MAX} bytes"))),
    }
}

/// The fields of these names, none of which is hidden from the caller.
fn visible(
    api: &ApiParts,
    caller: &Caller,
    parameter: &str,
    names: &[String],
    read: fn(&str) -> Result<Field, String>,
) -> Result<Vec<Field>, ApiError> {
    if names.len() > FIELDS_MAX {
        return Err(wrong(parameter, format!("names more than {FIELDS_MAX} fields")));
    }
    names.iter().map(|name| one_visible(api, caller, parameter, name, read)).collect()
}

pub(crate) fn one_visible(
    api: &ApiParts,
    caller: &Caller,
    parameter: &str,
    name: &str,
    read: fn(&str) -> Result<Field, String>,
) -> Result<Field, ApiError> {
    let field = read(name).map_err(|message| {
        ApiError::field(FieldError::new(parameter, ErrorCode::UnknownField, message))
    })?;
    caller.require_field(api, &field.0)?;
    Ok(field)
}

pub(crate) fn checked_limit(limit: Option<usize>) -> Result<usize, ApiError> {
    let limit = limit.unwrap_or(VALUES_SHOWN);
    match (1..=VALUES_SHOWN_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(wrong("limit", format!("must be a number from 1 to {VALUES_SHOWN_MAX}"))),
    }
}

/// The time zone of that name, such as `Europe/Amsterdam`; UTC when none is named.
fn zone(name: Option<&str>) -> Result<TimeZone, ApiError> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        let message = "is no time zone; write a name of the IANA database, such as Europe/Paris";
        wrong("time_zone", message.into())
    })
}

fn wrong(parameter: &str, message: String) -> ApiError {
    ApiError::field(FieldError::new(parameter, ErrorCode::OutOfRange, message))
}
