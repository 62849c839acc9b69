//! How long events are kept: each belongs to a class, and each class has a span.
//!
//! Spans are calendar spans from `received_at`, in UTC. An event is due at the same time of day on
//! the day they lead to, never before: where that day does not exist (29 February, seven years on)
//! it is the day after, 1 March.

use std::collections::BTreeMap;
use std::fmt;

use jiff::fmt::temporal::SpanParser;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;

/// The class of types that name none. It always has a span.
pub const STANDARD: &str = "standard";

/// Annals' own events that are kept whatever the policy says, by how their types begin: who may come
/// in and who is told of what are made of them when they are made anew, and what was removed and why is
/// told by nothing else.
const KEPT: &[&str] = &[
    "annals.access.",
    "annals.api_key.",
    "annals.break_glass.",
    "annals.configuration.",
    "annals.erasure.",
    "annals.hold.",
    "annals.integrity.",
    "annals.notification.address_",
    "annals.notification.endpoint_",
    "annals.notification.preferences_",
    "annals.notification.rule_",
    "annals.retention.",
    "annals.view.",
];

/// How long a class is kept.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSpan(Span);

impl PartialEq for RetentionSpan {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for RetentionSpan {}

/// As [`RetentionSpan::parse`] reads it.
impl fmt::Display for RetentionSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span that is none to keep events for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetention {
    /// Not ISO 8601.
    #[error("`{0}` is no span of time; write ISO 8601 such as P7Y, P18M or P90D")]
    Malformed(String),
    /// Zero, or backwards.
    #[error("`{0}` would remove events as soon as they are recorded; the span must be above zero")]
    NotPositive(String),
    /// The class that most events have is missing.
    #[error("the class `{STANDARD}` needs a span, such as P7Y")]
    NoStandard,
}

impl RetentionSpan {
    /// Reads ISO 8601.
    pub fn parse(text: &str) -> Result<Self, InvalidRetention> {
        let span = SpanParser::new().parse_span(text.as_bytes());
        let span = span.map_err(|_| InvalidRetention::Malformed(text.to_owned()))?;
        if span.signum() < 1 {
            return Err(InvalidRetention::NotPositive(text.to_owned()));
        }
        Ok(Self(span))
    }

    /// When what was received then is due; none when that is beyond all time.
    pub fn end(self, received_at: Timestamp) -> Option<Timestamp> {
        let begin = received_at.to_zoned(TimeZone::UTC).datetime();
        let months = Span::new()
            .try_years(self.0.get_years())
            .and_then(|span| span.try_months(self.0.get_months()))
            .ok()?;
        let mut end = begin.checked_add(months).ok()?;
        if end.day() != begin.day() {
            // The month is too short to have that day, and its last would be too early.
            end = end.checked_add(Span::new().days(1)).ok()?;
        }
        let rest = self.0.try_years(0).and_then(|span| span.try_months(0)).ok()?;
        let end = end.checked_add(rest).ok()?;
        Some(end.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Whether it ends no earlier than the other, whatever day it begins on; false where that depends on
    /// the day.
    pub fn is_at_least(self, other: Self) -> bool {
        let months = |span: Span| 12 * i64::from(span.get_years()) + i64::from(span.get_months());
        let (own, others) = (months(self.0), months(other.0));
        if own == others {
            return self.seconds() >= other.seconds();
        }
        let day = 24 * 60 * 60;
        let least = (own / 12 * 365 + own % 12 * 28) * day + self.seconds();
        let most = (others / 12 * 366 + others % 12 * 31) * day + other.seconds();
        (own > others && self.seconds() >= other.seconds()) || least >= most
    }

    /// What it has beside years and months; in UTC all days are alike.
    fn seconds(self) -> i64 {
        let days = 7 * i64::from(self.0.get_weeks()) + i64::from(self.0.get_days());
        let hours = 24 * days + i64::from(self.0.get_hours());
        let minutes = 60i64.saturating_mul(hours).saturating_add(self.0.get_minutes());
        60i64.saturating_mul(minutes).saturating_add(self.0.get_seconds())
    }

    fn is_over(self, received_at: Timestamp, now: Timestamp) -> bool {
        self.end(received_at).is_some_and(|end| end <= now)
    }
}

/// How long the events of each class are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct RetentionPolicy {
    spans: BTreeMap<String, RetentionSpan>,
}

impl Default for RetentionPolicy {
    /// Seven years.
    fn default() -> Self {
        let seven_years = RetentionSpan(Span::new().years(7));
        Self { spans: BTreeMap::from([(STANDARD.to_owned(), seven_years)]) }
    }
}

impl TryFrom<BTreeMap<String, String>> for RetentionPolicy {
    type Error = InvalidRetention;

    fn try_from(spans: BTreeMap<String, String>) -> Result<Self, InvalidRetention> {
        let parse = |(class, text): (String, String)| Ok((class, RetentionSpan::parse(&text)?));
        let spans: BTreeMap<String, RetentionSpan> =
            spans.into_iter().map(parse).collect::<Result<_, InvalidRetention>>()?;
        match spans.contains_key(STANDARD) {
            true => Ok(Self { spans }),
            false => Err(InvalidRetention::NoStandard),
        }
    }
}

impl RetentionPolicy {
    /// How long a class is kept; none: for ever.
    pub fn span(&self, class: &str) -> Option<RetentionSpan> {
        self.spans.get(class).copied()
    }

    /// Names of the classes that have a span.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.spans.keys().map(String::as_str)
    }

    /// Whether an event of this class is due. A class without a span is kept.
    pub fn due(&self, received_at: Timestamp, class: &str, now: Timestamp) -> bool {
        self.spans.get(class).is_some_and(|span| span.is_over(received_at, now))
    }

    /// Whether an event of any class could be due. What is received later is not due then either.
    pub fn any_due(&self, received_at: Timestamp, now: Timestamp) -> bool {
        self.spans.values().any(|span| span.is_over(received_at, now))
    }
}

/// Whether events of a type are kept whatever the policy says.
pub fn is_always_kept(event_type: &str) -> bool {
    KEPT.iter().any(|beginning| event_type.starts_with(beginning))
}

#[cfg(test)]
mod tests;
