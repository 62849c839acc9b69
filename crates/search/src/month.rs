//! A month of recording; names a partition.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::Offset;

/// A calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month that the instant lies in.
    pub(crate) fn of(instant: Timestamp) -> Self {
        let date = Offset::UTC.to_datetime(instant);
        Self { year: date.year(), month: date.month() }
    }

    /// Reads `2026-11`, the form that [`fmt::Display`] writes.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (year, month) = name.rsplit_once('-')?;
        let parsed = Self { year: year.parse().ok()?, month: month.parse().ok()? };
        let valid = (1..=12).contains(&parsed.month) && parsed.to_string() == name;
        valid.then_some(parsed)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}
