//! Months of the calendar in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A month in UTC, written `2026-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

/// A text that names no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no month; write it as in `2026-03`")]
pub struct InvalidMonth(pub String);

impl Month {
    /// The month of an instant.
    pub fn of(instant: Timestamp) -> Self {
        let date = instant.to_zoned(TimeZone::UTC).date();
        Self { year: date.year(), month: date.month() }
    }

    /// The instant it begins at.
    pub fn begins(self) -> Timestamp {
        let first = Date::new(self.year, self.month, 1).and_then(|it| it.to_zoned(TimeZone::UTC));
        first.map_or(Timestamp::MIN, |first| first.timestamp())
    }

    /// The instant that the next one begins at.
    pub fn ends(self) -> Timestamp {
        match self.next() {
            Some(next) => next.begins(),
            None => Timestamp::MAX,
        }
    }

    /// The one after it; none at the end of the calendar.
    pub fn next(self) -> Option<Self> {
        let Self { year, month } = self;
        match (year, month) {
            (9999, 12) => None,
            (year, 12) => Some(Self { year: year + 1, month: 1 }),
            (year, month) => Some(Self { year, month: month + 1 }),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let invalid = || InvalidMonth(text.chars().take(20).collect());
        let (year, month) = text.split_once('-').ok_or_else(invalid)?;
        let month = match (year.parse(), month.parse()) {
            (Ok(year @ 0..=9999), Ok(month @ 1..=12)) => Self { year, month },
            _ => return Err(invalid()),
        };
        // Each month has one name.
        if month.to_string() == text { Ok(month) } else { Err(invalid()) }
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;

    fn try_from(text: String) -> Result<Self, InvalidMonth> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_that_of_utc_and_ends_where_the_next_begins() {
        let last: Timestamp = "2026-03-01T01:59:59.999+02:00".parse().unwrap();
        assert_eq!(Month::of(last), month("2026-02"));
        assert_eq!(month("2026-12").next(), Some(month("2027-01")));
        assert_eq!(month("2026-12").ends(), "2027-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(month("2026-02").begins(), "2026-02-01T00:00:00Z".parse().unwrap());
        assert_eq!(month("9999-12").next(), None);
        assert!(month("2025-12") < month("2026-01"));
    }

    #[test]
    fn what_is_written_otherwise_is_no_month() {
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "+026-01", "2026-01-01"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
