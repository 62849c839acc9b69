//! Stretches of time by the calendar of a time zone.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Stretches of one histogram.
pub const BUCKETS_MAX: usize = 1000;

const SECOND_US: i64 = 1_000_000;

/// How long a stretch is.
///
/// Days and longer follow the calendar of a time zone, so that a day may have 23 or 25 hours.
/// Shorter ones are equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A calendar day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// A histogram would have more stretches than [`BUCKETS_MAX`], or its times cannot be counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "these times have more than {BUCKETS_MAX} stretches of that length; take longer ones, or \
     narrower times"
)]
pub struct TooManyBuckets;

impl Interval {
    /// Every length.
    pub const ALL: &'static [Self] =
        &[Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The word it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "1w",
            Self::Month => "1mo",
        }
    }

    /// The length that `word` means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|interval| interval.as_str() == word)
    }

    /// How long a time is shown when nobody says how long.
    pub fn usual_span(self) -> Duration {
        const HOUR: u64 = 3600;
        const DAY: u64 = 24 * HOUR;
        Duration::from_secs(match self {
            Self::Minute => HOUR,
            Self::FiveMinutes => 6 * HOUR,
            Self::Hour => DAY,
            Self::Day => 30 * DAY,
            Self::Week => 26 * 7 * DAY,
            Self::Month => 365 * DAY,
        })
    }
}

/// Where the stretches begin that together hold everything from `from` up to `until`, and at last
/// where they end; microseconds since 1970.
pub fn edges(
    interval: Interval,
    from: Timestamp,
    until: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<i64>, TooManyBuckets> {
    match interval {
        Interval::Minute => equal(60, from, until, zone),
        Interval::FiveMinutes => equal(300, from, until, zone),
        Interval::Hour => equal(3600, from, until, zone),
        Interval::Day => {
            calendar(from, until, zone, |date| date, |date, n| date.checked_add(n.days()).ok())
        }
        Interval::Week => {
            calendar(from, until, zone, monday_before, |date, n| date.checked_add(n.weeks()).ok())
        }
        Interval::Month => calendar(from, until, zone, Date::first_of_month, |date, n| {
            date.checked_add(n.months()).ok()
        }),
    }
}

fn monday_before(date: Date) -> Date {
    let days = date.weekday().since(Weekday::Monday);
    date.checked_sub(i64::from(days).days()).unwrap_or(Date::MIN)
}

/// Equally long stretches, which begin at full minutes or hours of the zone.
fn equal(
    seconds: i64,
    from: Timestamp,
    until: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<i64>, TooManyBuckets> {
    let offset = i64::from(zone.to_offset(from).seconds());
    let local = from.as_microsecond().div_euclid(SECOND_US) + offset;
    let first = (local.div_euclid(seconds) * seconds - offset) * SECOND_US;
    let width = seconds * SECOND_US;
    // The edge of the last one is not within the times any more.
    let last = until.as_microsecond().saturating_sub(1).max(first);
    let buckets = (last - first) / width + 1;
    if buckets > BUCKETS_MAX as i64 {
        return Err(TooManyBuckets);
    }
    Ok((0..=buckets).map(|bucket| first + bucket * width).collect())
}

/// Stretches of whole days, each beginning when its first day does.
fn calendar(
    from: Timestamp,
    until: Timestamp,
    zone: &TimeZone,
    floor: impl Fn(Date) -> Date,
    later: impl Fn(Date, i64) -> Option<Date>,
) -> Result<Vec<i64>, TooManyBuckets> {
    let first = floor(zone.to_datetime(from).date());
    let mut edges = Vec::new();
    for bucket in 0_i64.. {
        let begins = later(first, bucket).and_then(|date| date.to_zoned(zone.clone()).ok());
        let begins = begins.ok_or(TooManyBuckets)?.timestamp();
        edges.push(begins.as_microsecond());
        if bucket > 0 && begins >= until {
            break;
        }
        if edges.len() > BUCKETS_MAX {
            return Err(TooManyBuckets);
        }
    }
    Ok(edges)
}

#[cfg(test)]
mod tests;
