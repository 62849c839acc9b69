//! The times that a filter can match at all, so that segments outside are not opened.

use std::ops::RangeInclusive;

use annals_domain::Filter;
use annals_domain::filter::TimeRange;

/// Microseconds; a bound is absent where the filter has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Window {
    occurred: Microseconds,
    received: Microseconds,
}

/// From inclusive, until exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Microseconds {
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
}

impl Window {
    /// What every match must lie in. Looks only at what must hold; the query itself is exact.
    pub(crate) fn of(filter: &Filter) -> Self {
        let mut window = Self::default();
        window.narrow(filter);
        window
    }

    fn narrow(&mut self, filter: &Filter) {
        match filter {
            Filter::And(filters) => filters.iter().for_each(|filter| self.narrow(filter)),
            Filter::Occurred(range) => self.occurred.narrow(range),
            Filter::Received(range) => self.received.narrow(range),
            Filter::All
            | Filter::Or(_)
            | Filter::Not(_)
            | Filter::Field(..)
            | Filter::Text(_)
            | Filter::Near(_) => {}
        }
    }

    /// Whether anything with such times can match.
    pub(crate) fn may_hold(
        &self,
        occurred: &RangeInclusive<i64>,
        received: &RangeInclusive<i64>,
    ) -> bool {
        self.occurred.overlaps(occurred) && self.received.overlaps(received)
    }
}

impl Microseconds {
    /// The microseconds of which the range is made.
    ///
    /// Times are kept in whole microseconds, cut down; a bound between two of them lies before the
    /// later one.
    pub(crate) fn of(range: &TimeRange) -> Self {
        let round_up = |instant: jiff::Timestamp| {
            let up = -((-instant.as_nanosecond()).div_euclid(1000));
            i64::try_from(up).expect("the microseconds of any timestamp fit in 64 bits")
        };
        Self { from: range.from.map(round_up), until: range.until.map(round_up) }
    }

    fn narrow(&mut self, range: &TimeRange) {
        let range = Self::of(range);
        self.from = self.from.max(range.from);
        self.until = match (self.until, range.until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// Whether everything with such times lies within.
    pub(crate) fn hold(&self, span: &RangeInclusive<i64>) -> bool {
        self.from.is_none_or(|from| from <= *span.start())
            && self.until.is_none_or(|until| until > *span.end())
    }

    fn overlaps(&self, span: &RangeInclusive<i64>) -> bool {
        self.from.is_none_or(|from| from <= *span.end())
            && self.until.is_none_or(|until| until > *span.start())
    }
}
