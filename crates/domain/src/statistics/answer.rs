//! What is told of a tally.

use std::cmp::Reverse;

use super::{FacetTally, Tally};

/// How far counts can be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Every event was counted.
    Exact,
    /// Time ran out before every event was counted: there may be more.
    AtLeast,
    /// The field has so many values that the rarest were not kept apart: a value may have more
    /// than its count, and a rarer one may stand in its place.
    Approximate,
}

impl Precision {
    /// The word it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at_least",
            Self::Approximate => "approximate",
        }
    }
}

/// The most frequent values of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Most frequent first, equally frequent ones by the alphabet.
    pub values: Vec<FacetValue>,
    /// Counts of all other values.
    pub other: u64,
    /// Events without the field.
    pub missing: u64,
    /// How far this can be relied upon.
    pub precision: Precision,
}

/// A value, and how many events have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// As filters compare it.
    pub value: String,
    /// How many events.
    pub count: u64,
}

impl Tally {
    /// How far counts of events can be relied upon.
    pub fn precision(&self) -> Precision {
        if self.complete { Precision::Exact } else { Precision::AtLeast }
    }

    /// The `limit` most frequent values of each field, in the order of the question.
    pub fn top(&self, limit: usize) -> Vec<Facet> {
        self.facets.iter().map(|facet| facet.top(limit, self.precision())).collect()
    }
}

impl FacetTally {
    fn top(&self, limit: usize, counted: Precision) -> Facet {
        let all: u64 = self.counts.values().sum();
        let mut counts: Vec<(&String, &u64)> =
            self.counts.iter().filter(|(_, count)| **count > 0).collect();
        counts.sort_unstable_by_key(|(value, count)| (Reverse(**count), *value));
        counts.truncate(limit);
        let shown: u64 = counts.iter().map(|(_, count)| **count).sum();
        let value =
            |(value, count): (&String, &u64)| FacetValue { value: value.clone(), count: *count };
        Facet {
            values: counts.into_iter().map(value).collect(),
            other: all - shown + self.dropped,
            missing: self.missing,
            precision: if self.dropped > 0 { Precision::Approximate } else { counted },
        }
    }
}
