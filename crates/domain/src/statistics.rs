//! Counting events: by the values of a field, over time, and numbers summed up.
//!
//! The index and the memory of the newest events are asked the same [`Question`]; each answers a
//! [`Tally`], and tallies add up. [`Tally::add`] counts one event and so defines what is meant; the
//! index is tested against it.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::facts::{fold, is_folded};
use crate::filter::{Field, Filter, TimeRange};

mod answer;
mod buckets;
mod comparison;
mod tally;

pub use answer::{Facet, FacetValue, Precision};
pub use buckets::{BUCKETS_MAX, Interval, TooManyBuckets, edges};
pub use comparison::{ChangedValues, Comparison, Periods, periods};
pub use tally::{BucketTally, FacetTally, NumberTally, Tally, first_values, values_of};

/// Fields counted at once.
pub const FIELDS_MAX: usize = 5;
/// Values shown of a field.
pub const VALUES_SHOWN_MAX: usize = 100;
/// Values that a histogram is split into.
pub const SPLIT_VALUES_MAX: usize = 20;
/// Values kept of a field while counting. Where there are more, the rarest are counted as others,
/// and the answer says that it is approximate.
pub const VALUES_KEPT_MAX: usize = 50_000;
/// Values suggested at once.
pub const SUGGESTIONS_MAX: usize = 20;

/// What to count.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Fields whose values are counted.
    pub fields: Vec<Field>,
    /// Fields whose numbers are summed up.
    pub numbers: Vec<Field>,
    /// Stretches of time that events are counted in.
    pub timeline: Option<Timeline>,
    /// Only values of the fields that begin so are counted; folded where the field is.
    pub beginning: String,
}

impl Question {
    /// What counted values of the field begin with.
    pub fn beginning_of(&self, Field(path): &Field) -> Cow<'_, str> {
        match is_folded(path) {
            true => Cow::Owned(fold(&self.beginning)),
            false => Cow::Borrowed(&self.beginning),
        }
    }
}

/// Stretches of time, one after the other.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// By which of its times an event falls into a stretch.
    pub time: EventTime,
    /// Where stretches begin, and at last where the last one ends; microseconds since 1970.
    pub edges: Vec<i64>,
    /// Each stretch is told apart by these values.
    pub split: Option<Split>,
}

/// Values of a field that are told apart.
#[derive(Debug, Clone)]
pub struct Split {
    /// The field.
    pub field: Field,
    /// Its values, as [`values_of`] writes them.
    pub values: Vec<String>,
}

/// Which of the two times of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventTime {
    /// When it happened.
    #[default]
    Occurred,
    /// When it was recorded.
    Received,
}

impl Timeline {
    /// In which stretch the instant lies. `near` is a guess: events that follow one another mostly
    /// lie in the same stretch.
    pub fn bucket(&self, instant_us: i64, near: usize) -> Option<usize> {
        let holds = |bucket: usize| {
            let from = self.edges.get(bucket)?;
            let until = self.edges.get(bucket + 1)?;
            (*from <= instant_us && instant_us < *until).then_some(bucket)
        };
        holds(near).or_else(|| {
            holds(self.edges.partition_point(|edge| *edge <= instant_us).checked_sub(1)?)
        })
    }

    /// How many stretches there are.
    pub fn buckets(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }
}

/// The times that every match of the filter lies in, as far as the filter says so outright.
pub fn range_of(filter: &Filter, time: EventTime) -> TimeRange {
    match (filter, time) {
        (Filter::Occurred(range), EventTime::Occurred)
        | (Filter::Received(range), EventTime::Received) => *range,
        (Filter::And(filters), _) => {
            let ranges = filters.iter().map(|filter| range_of(filter, time));
            ranges.fold(TimeRange::default(), |one, other| TimeRange {
                from: one.from.max(other.from),
                until: match (one.until, other.until) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                },
            })
        }
        _ => TimeRange::default(),
    }
}

/// The times that a histogram shows: those of the filter. Where it leaves them open, they end now
/// and reach back over the usual number of stretches.
pub fn shown_range(
    filter: &Filter,
    time: EventTime,
    interval: Interval,
    now: Timestamp,
) -> (Timestamp, Timestamp) {
    let range = range_of(filter, time);
    // An event of this very moment belongs to it.
    let soon = || now.saturating_add(Duration::from_millis(1)).unwrap_or(now);
    let until = range.until.unwrap_or_else(soon);
    let back = || until.saturating_sub(interval.usual_span()).unwrap_or(Timestamp::MIN);
    (range.from.unwrap_or_else(back), until)
}

#[cfg(test)]
mod tests;
