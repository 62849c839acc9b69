//! What is new and what is gone: the values of a field in one period of time against those of an
//! earlier one.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{EventTime, FacetTally, FacetValue, Precision, Tally, range_of};
use crate::filter::{Filter, TimeRange};

/// How far a period reaches back when nobody says.
const PERIOD_USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Two periods, the one right before the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Periods {
    /// What is asked for beside times.
    pub filter: Filter,
    /// The period that is asked about.
    pub current: TimeRange,
    /// The earlier one, which ends where that begins.
    pub before: TimeRange,
}

/// The periods that a filter means: its times are the one that is asked about. Where it leaves them
/// open, it ends now and reaches back seven days. The earlier one begins at `since`, or is as long.
///
/// # Errors
/// In words, when a period would be empty.
pub fn periods(
    filter: &Filter,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Periods, String> {
    let asked = range_of(filter, EventTime::Occurred);
    let soon = || now.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now);
    let until = asked.until.unwrap_or_else(soon);
    let back = |from: Timestamp, by| from.saturating_sub(by).unwrap_or(Timestamp::MIN);
    let from = asked.from.unwrap_or_else(|| back(until, PERIOD_USUAL));
    if from >= until {
        return Err("the period is empty: it ends before it begins".into());
    }
    let since = since.unwrap_or_else(|| back(from, from.duration_until(until)));
    if since >= from {
        return Err("there is nothing to compare with: the earlier period must begin before \
                    the one that is asked about"
            .into());
    }
    Ok(Periods {
        filter: without_times(filter),
        current: TimeRange { from: Some(from), until: Some(until) },
        before: TimeRange { from: Some(since), until: Some(from) },
    })
}

/// The filter without the times that all its matches lie in.
fn without_times(filter: &Filter) -> Filter {
    match filter {
        Filter::Occurred(_) => Filter::All,
        Filter::And(filters) => {
            filters.iter().map(without_times).fold(Filter::All, |one, other| one.and(other))
        }
        filter => filter.clone(),
    }
}

/// What is new and what is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Values of the period that the earlier one does not have.
    pub new: ChangedValues,
    /// Values of the earlier one that the period does not have.
    pub vanished: ChangedValues,
    /// How far this can be relied upon. Unless it is exact, a value may be missing, or stand here
    /// although the other period has it.
    pub precision: Precision,
}

/// Values that one of two periods has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedValues {
    /// Most frequent first, equally frequent ones by the alphabet.
    pub values: Vec<FacetValue>,
    /// How many there are.
    pub total: u64,
}

impl Comparison {
    /// Compares what was counted of the first field of a question, in the period and in the earlier
    /// one; tells at most `limit` values of each.
    pub fn of(current: &Tally, before: &Tally, limit: usize) -> Self {
        let none = FacetTally::default();
        let of_first = |tally: &'_ Tally| tally.facets.first().unwrap_or(&none).clone();
        let (now, then) = (of_first(current), of_first(before));
        let precision = match (now.dropped + then.dropped, current.complete && before.complete) {
            (1.., _) => Precision::Approximate,
            (0, true) => Precision::Exact,
            (0, false) => Precision::AtLeast,
        };
        Self {
            new: only_in(&now.counts, &then.counts, limit),
            vanished: only_in(&then.counts, &now.counts, limit),
            precision,
        }
    }
}

fn only_in(
    these: &HashMap<String, u64>,
    others: &HashMap<String, u64>,
    limit: usize,
) -> ChangedValues {
    let has = |counts: &HashMap<String, u64>, value| counts.get(value).is_some_and(|n| *n > 0);
    let mut only: Vec<(&String, u64)> = these
        .iter()
        .filter(|(value, count)| **count > 0 && !has(others, value.as_str()))
        .map(|(value, count)| (value, *count))
        .collect();
    let total = only.len() as u64;
    only.sort_unstable_by_key(|(value, count)| (Reverse(*count), *value));
    only.truncate(limit);
    let told = |(value, count): (&String, u64)| FacetValue { value: value.clone(), count };
    ChangedValues { values: only.into_iter().map(told).collect(), total }
}

#[cfg(test)]
mod tests;
