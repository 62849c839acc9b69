//! Which values are new in a period, and which are gone.

use annals_domain::filter::TimeRange;
use async_graphql::{Context, Object, Result, SimpleObject};

use super::failure::failed;
use super::filter::{AuditEventFilter, lowered};
use super::permissions::{Allowed, Root};
use super::query::{reader, wait_for};
use super::scalars::DateTime;
use super::statistics::StatisticsPrecision;
use crate::comparing::{self, Compared, ComparisonAsked};

#[derive(Default)]
pub(crate) struct ComparisonQuery;

/// The values of a field in one period against those of an earlier one.
#[derive(SimpleObject)]
struct Comparison {
    /// The field, as the query language calls it.
    field: String,
    /// The period that is asked about.
    period: Period,
    /// The earlier one.
    compared_with: Period,
    /// Values of the period that the earlier one does not have.
    new: ComparedValues,
    /// Values of the earlier period that are seen no more.
    vanished: ComparedValues,
    /// How far this can be relied upon: unless it is exact, a value may be missing, or stand here
    /// although the other period has it.
    precision: StatisticsPrecision,
}

/// A period of time.
#[derive(SimpleObject)]
struct Period {
    /// Where it begins.
    start: DateTime,
    /// Where it ends; what happened then does not belong to it.
    end: DateTime,
}

/// Values that one of two periods has.
#[derive(SimpleObject)]
struct ComparedValues {
    /// The most frequent ones.
    values: Vec<ComparedValue>,
    /// How many there are.
    total: u64,
}

/// A value that one of two periods has.
#[derive(SimpleObject)]
struct ComparedValue {
    /// As the query language compares it; lower case, unless it is an identifier.
    value: String,
    /// In how many events of its period.
    count: u64,
    /// When it was seen first in its period; null when time ran out.
    first_seen_at: Option<DateTime>,
    /// When it was seen last in its period; null when time ran out.
    last_seen_at: Option<DateTime>,
}

#[Object(guard = "Allowed(Root::Query)")]
impl ComparisonQuery {
    /// Which values of a field are new in a period, and which are gone: types, countries of an actor,
    /// devices. The period are the times that the conditions name; where they leave these open, it
    /// ends now and reaches back seven days.
    #[graphql(complexity = "200 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "each is something to choose")]
    async fn comparison(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Name of the field.", default_with = "\"type\".into()")] field: String,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
        #[graphql(desc = "Where the earlier period begins; as long as the other otherwise.")]
        compare_from: Option<DateTime>,
        #[graphql(desc = "How many values of each period, 1 to 100.", default = 10)] limit: usize,
        #[graphql(desc = "Wait until this position is visible.")] min_position: Option<String>,
    ) -> Result<Comparison> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let since = compare_from.map(|DateTime(from)| from.timestamp);
        let asked = ComparisonAsked { filter, field, since, limit: Some(limit) };
        let compared = comparing::compare(api, caller, asked).await.map_err(failed)?;
        let Compared { field, changes, current, before } = compared;
        Ok(Comparison {
            field: field.0,
            period: Period::from(current),
            compared_with: Period::from(before),
            new: ComparedValues::from(changes.new),
            vanished: ComparedValues::from(changes.vanished),
            precision: changes.precision.into(),
        })
    }
}

fn utc(instant: jiff::Timestamp) -> DateTime {
    DateTime(annals_domain::time::DateTime::utc(instant))
}

impl From<TimeRange> for Period {
    fn from(range: TimeRange) -> Self {
        let (least, greatest) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let (start, end) = (range.from.unwrap_or(least), range.until.unwrap_or(greatest));
        Self { start: utc(start), end: utc(end) }
    }
}

impl From<annals_engine::PeriodValues> for ComparedValues {
    fn from(values: annals_engine::PeriodValues) -> Self {
        let value = |one: annals_engine::ChangedValue| ComparedValue {
            value: one.value,
            count: one.count,
            first_seen_at: one.seen.map(|(first, _)| utc(first)),
            last_seen_at: one.seen.map(|(_, last)| utc(last)),
        };
        Self { total: values.total, values: values.values.into_iter().map(value).collect() }
    }
}
