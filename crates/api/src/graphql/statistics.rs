//! Counts by the values of fields and over time, and the values there are.

use annals_domain::statistics;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use super::failure::failed;
use super::filter::{AuditEventFilter, lowered};
use super::permissions::{Allowed, Root};
use super::query::{reader, wait_for};
use super::scalars::DateTime;
use crate::counting::{self, Counts, CountsAsked, HistogramAsked};

#[derive(Default)]
pub(crate) struct StatisticsQuery;

/// The values of a field, most frequent first.
#[derive(SimpleObject)]
struct Facet {
    /// The field, as the query language calls it.
    field: String,
    /// The most frequent values.
    values: Vec<FacetValue>,
    /// Counts of all other values together. An event with several values counts for each.
    other: u64,
    /// Events without the field.
    missing: u64,
    /// How far the counts can be relied upon.
    precision: StatisticsPrecision,
}

/// A value, and how many events have it.
#[derive(SimpleObject)]
struct FacetValue {
    /// As the query language compares it; lower case, unless it is an identifier.
    value: String,
    /// How many events.
    count: u64,
}

/// Events by stretches of time, empty ones too.
#[derive(SimpleObject)]
struct Histogram {
    /// How long a stretch is.
    interval: HistogramInterval,
    /// One after the other.
    buckets: Vec<HistogramBucket>,
    /// How far the counts can be relied upon.
    precision: StatisticsPrecision,
}

/// A stretch of time.
#[derive(SimpleObject)]
struct HistogramBucket {
    /// Where it begins.
    start: DateTime,
    /// Where it ends; what happened then belongs to the next.
    end: DateTime,
    /// How many events.
    count: u64,
    /// How many have each of the most frequent values; empty when no field was named.
    values: Vec<FacetValue>,
    /// Counts of all other values together.
    other: u64,
    /// Events without the field.
    missing: u64,
}

/// Numbers of a field, summed up.
#[derive(SimpleObject)]
struct NumberStatistics {
    /// The field, as the query language calls it.
    field: String,
    /// How many numbers. One that an event holds twice counts once.
    count: u64,
    /// Their sum; null beyond what a number can tell.
    sum: Option<f64>,
    /// The least.
    min: Option<f64>,
    /// The greatest.
    max: Option<f64>,
    /// The mean.
    avg: Option<f64>,
    /// How far this can be relied upon.
    precision: StatisticsPrecision,
}

/// Values of a field.
#[derive(SimpleObject)]
struct Suggestions {
    /// The first ones in alphabetical order.
    values: Vec<String>,
    /// Whether there was time to look at all.
    complete: bool,
}

/// How far counts can be relied upon.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatisticsPrecision {
    /// Every event was counted.
    Exact,
    /// Time ran out: there may be more.
    AtLeast,
    /// The field has too many values to keep the rarest apart.
    Approximate,
}

/// How long a stretch of time is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum HistogramInterval {
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A calendar day of the time zone.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// Which of the times of an event.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
enum EventTime {
    /// When it happened.
    #[default]
    OccurredAt,
    /// When it was recorded.
    ReceivedAt,
}

impl From<statistics::Precision> for StatisticsPrecision {
    fn from(precision: statistics::Precision) -> Self {
        match precision {
            statistics::Precision::Exact => Self::Exact,
            statistics::Precision::AtLeast => Self::AtLeast,
            statistics::Precision::Approximate => Self::Approximate,
        }
    }
}

impl From<HistogramInterval> for statistics::Interval {
    fn from(interval: HistogramInterval) -> Self {
        match interval {
            HistogramInterval::Minute => Self::Minute,
            HistogramInterval::FiveMinutes => Self::FiveMinutes,
            HistogramInterval::Hour => Self::Hour,
            HistogramInterval::Day => Self::Day,
            HistogramInterval::Week => Self::Week,
            HistogramInterval::Month => Self::Month,
        }
    }
}

impl From<EventTime> for statistics::EventTime {
    fn from(time: EventTime) -> Self {
        match time {
            EventTime::OccurredAt => Self::Occurred,
            EventTime::ReceivedAt => Self::Received,
        }
    }
}

#[Object(guard = "Allowed(Root::Query)")]
impl StatisticsQuery {
    /// The most frequent values of up to 5 fields among the events that match.
    #[graphql(complexity = "100 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "each is something to choose")]
    async fn facets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
        #[graphql(desc = "Names of fields, such as `type` or `metadata.plan`.")] fields: Vec<
            String,
        >,
        #[graphql(desc = "How many values of each, 1 to 100.", default = 10)] limit: usize,
        #[graphql(desc = "Only values that begin so.")] search: Option<String>,
        #[graphql(desc = "Wait until this position is visible.")] min_position: Option<String>,
    ) -> Result<Vec<Facet>> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let (numbers, limit) = (Vec::new(), Some(limit));
        let asked = CountsAsked { filter, fields, numbers, limit, search, histogram: None };
        let counts = counting::count(api, caller, asked).await.map_err(failed)?;
        let Counts { fields, statistics, .. } = counts;
        Ok(fields.into_iter().zip(statistics.facets).map(|(field, f)| facet(field.0, f)).collect())
    }

    /// Events over time, of the times that the conditions name. Where they leave these open, they
    /// end now and reach back over the usual number of stretches.
    #[graphql(complexity = "100 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "each is something to choose")]
    async fn histogram(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
        #[graphql(desc = "How long a stretch is.")] interval: HistogramInterval,
        #[graphql(desc = "Whose calendar, such as `Europe/Amsterdam`; UTC otherwise.")]
        time_zone: Option<String>,
        #[graphql(desc = "By which time.", default)] time: EventTime,
        #[graphql(desc = "Tell the most frequent values of this field apart.")] by: Option<String>,
        #[graphql(desc = "Wait until this position is visible.")] min_position: Option<String>,
    ) -> Result<Histogram> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let histogram =
            HistogramAsked { interval: interval.into(), time: time.into(), time_zone, by };
        let asked = CountsAsked {
            filter,
            fields: Vec::new(),
            numbers: Vec::new(),
            limit: None,
            search: None,
            histogram: Some(histogram),
        };
        let counts = counting::count(api, caller, asked).await.map_err(failed)?;
        let buckets = 0..counts.statistics.buckets.len();
        Ok(Histogram {
            interval,
            buckets: buckets.filter_map(|at| bucket(&counts, at)).collect(),
            precision: counts.statistics.precision.into(),
        })
    }

    /// Least, greatest, sum and mean of the numbers of up to 5 fields among the events that match.
    #[graphql(complexity = "100 + child_complexity")]
    async fn numbers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
        #[graphql(desc = "Names of fields, such as `metadata.amount`.")] fields: Vec<String>,
        #[graphql(desc = "Wait until this position is visible.")] min_position: Option<String>,
    ) -> Result<Vec<NumberStatistics>> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let asked = CountsAsked {
            filter,
            fields: Vec::new(),
            numbers: fields,
            limit: None,
            search: None,
            histogram: None,
        };
        let counts = counting::count(api, caller, asked).await.map_err(failed)?;
        let precision = counts.statistics.precision.into();
        let numbers = counts.numbers.into_iter().zip(counts.statistics.numbers);
        Ok(numbers
            .map(|(field, numbers)| NumberStatistics {
                field: field.0,
                count: numbers.count,
                sum: numbers.finite_sum(),
                min: numbers.span.map(|(least, _)| least),
                max: numbers.span.map(|(_, greatest)| greatest),
                avg: numbers.mean(),
                precision,
            })
            .collect())
    }

    /// Up to 20 values of a field that begin with a text, among the events that match.
    #[graphql(complexity = 50)]
    async fn suggestions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Name of the field, such as `actor.id`.")] field: String,
        #[graphql(desc = "What the values begin with.", default)] prefix: String,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
    ) -> Result<Suggestions> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        let values = counting::suggest(api, caller, filter, &field, &prefix);
        let values = values.await.map_err(failed)?;
        Ok(Suggestions { values: values.values, complete: values.complete })
    }
}

fn facet(field: String, facet: statistics::Facet) -> Facet {
    let value =
        |value: statistics::FacetValue| FacetValue { value: value.value, count: value.count };
    Facet {
        field,
        values: facet.values.into_iter().map(value).collect(),
        other: facet.other,
        missing: facet.missing,
        precision: facet.precision.into(),
    }
}

fn bucket(counts: &Counts, at: usize) -> Option<HistogramBucket> {
    let (start, end) = counts.times_of(at)?;
    let tally = counts.statistics.buckets.get(at)?;
    let values = counts.statistics.split.iter().zip(&tally.values);
    let value =
        |(value, count): (&String, &u64)| FacetValue { value: value.clone(), count: *count };
    Some(HistogramBucket {
        start: DateTime(start),
        end: DateTime(end),
        count: tally.events,
        values: values.map(value).collect(),
        other: tally.other,
        missing: tally.missing,
    })
}
