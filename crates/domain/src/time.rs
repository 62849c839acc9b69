//! When something happened, with the offset that the caller wrote.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// An instant and the offset from UTC it was told in, so that "09:00 in Tokyo" stays that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The instant.
    pub timestamp: Timestamp,
    /// The caller's offset from UTC.
    pub offset: Offset,
}

/// The text is not a date and time with a zone.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a date and time with a zone; write RFC 3339, such as 2026-11-21T09:30:00Z or 2026-11-21T09:30:00+09:00"
)]
pub struct InvalidDateTime(pub String);

impl DateTime {
    /// An instant told in UTC.
    pub fn utc(timestamp: Timestamp) -> Self {
        Self { timestamp, offset: Offset::UTC }
    }

    /// Reads RFC 3339; the zone is required.
    pub fn parse(text: &str) -> Result<Self, InvalidDateTime> {
        let invalid = || InvalidDateTime(text.chars().take(64).collect());
        if text.len() > 64 || text.contains('[') {
            return Err(invalid());
        }
        let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|_| invalid())?;
        let time = pieces.time().ok_or_else(invalid)?;
        let offset = pieces.to_numeric_offset().ok_or_else(invalid)?;
        // RFC 3339 has no seconds in an offset, so they could not be written back, and less than a
        // day of hours.
        const DAY_SECONDS: i32 = 24 * 60 * 60;
        if offset.seconds() % 60 != 0 || offset.seconds().abs() >= DAY_SECONDS {
            return Err(invalid());
        }
        let timestamp =
            offset.to_timestamp(pieces.date().to_datetime(time)).map_err(|_| invalid())?;
        Ok(Self { timestamp, offset })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.offset == Offset::UTC {
            return self.timestamp.fmt(f);
        }
        self.timestamp.display_with_offset(self.offset).fmt(f)
    }
}

impl Serialize for DateTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        // What was sent is not repeated: complaints about events are logged, their contents never.
        Self::parse(&text).map_err(|_| {
            serde::de::Error::custom(
                "not a date and time with a zone; write RFC 3339, such as 2026-11-21T09:30:00Z",
            )
        })
    }
}

#[cfg(test)]
mod tests;
