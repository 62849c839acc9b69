//! Times in a query: dates, instants, and durations counted from now.

use jiff::civil::Date;
use jiff::fmt::temporal::{Pieces, SpanParser};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::filter::TimeRange;

/// Longest text of a time, bytes.
const BYTES_MAX: usize = 64;

pub(super) const EXPECTED: &str = "a date such as `2026-01-31`, an instant such as \
     `2026-01-31T09:30:00+01:00`, or a duration from now such as `-P7D` or `-PT1H`";

/// A stretch of time that a text names: a day, or a microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Its first instant.
    pub(super) start: Timestamp,
    /// The instant behind it.
    pub(super) end: Timestamp,
}

impl Moment {
    /// The moment that `text` names: a date is a day, UTC; a time without a zone is UTC.
    pub(super) fn read(text: &str, now: Timestamp) -> Option<Self> {
        // A zone in brackets has no place here: how much it is off may change later.
        if text.len() > BYTES_MAX || text.contains('[') {
            return None;
        }
        if text.trim_start_matches(['+', '-']).starts_with(['P', 'p']) {
            let span = SpanParser::new().parse_span(text).ok()?;
            let zoned = now.to_zoned(TimeZone::UTC).checked_add(span).ok()?;
            return Self::microsecond(zoned.timestamp());
        }
        let pieces = Pieces::parse(text).ok()?;
        let Some(time) = pieces.time() else {
            return pieces.offset().is_none().then(|| Self::day(pieces.date()))?;
        };
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        Self::microsecond(offset.to_timestamp(pieces.date().to_datetime(time)).ok()?)
    }

    fn day(date: Date) -> Option<Self> {
        let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        let next = date.checked_add(1.day()).ok()?;
        Some(Self { start: midnight(date)?, end: midnight(next)? })
    }

    /// Times are compared by the microsecond, as the index keeps them.
    fn microsecond(instant: Timestamp) -> Option<Self> {
        let start = instant.as_microsecond();
        let timestamp = |us: i64| Timestamp::from_microsecond(us).ok();
        Some(Self { start: timestamp(start)?, end: timestamp(start + 1)? })
    }
}

/// What is wrong with a range of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongRange {
    /// One of the ends is no time.
    NoTime,
    /// It ends before it begins, or as it begins.
    Empty,
}

/// The time or range that `text` names: `2026-01-31`, `2026-01-01..2026-02-01`, `2026-01-01..`, `*`.
/// Of a range the end does not belong to it, as with `before:`.
pub(super) fn range(text: &str, now: Timestamp) -> Result<TimeRange, WrongRange> {
    let read = |text: &str| Moment::read(text, now).ok_or(WrongRange::NoTime);
    let Some((from, until)) = text.split_once("..") else {
        if text == "*" {
            return Ok(TimeRange::default());
        }
        let moment = read(text)?;
        return Ok(TimeRange { from: Some(moment.start), until: Some(moment.end) });
    };
    let end = |text: &str| match text {
        "" | "*" => Ok(None),
        text => read(text).map(|moment| Some(moment.start)),
    };
    let range = TimeRange { from: end(from)?, until: end(until)? };
    match (range.from, range.until) {
        (None, None) if text == ".." => Err(WrongRange::NoTime),
        (Some(from), Some(until)) if from >= until => Err(WrongRange::Empty),
        _ => Ok(range),
    }
}
