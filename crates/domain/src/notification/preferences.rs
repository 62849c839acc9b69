//! What people wish to be told, how, and when not; and the addresses that are theirs.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::outgoing::Channel;
use super::rule::{DIGEST_SECONDS, RULES_MAX};
use crate::identifiers::EventId;

/// Addresses of one person.
pub const ADDRESSES_MAX: usize = 10;
/// How long an address may be, bytes.
pub const ADDRESS_BYTES_MAX: usize = 320;
/// How long the tag of a language may be, bytes.
const LANGUAGE_BYTES_MAX: usize = 35;

/// What a person, or a tenant for all of its people, wishes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// Whether a kind of message, by the id of its rule, comes through a channel; what is not here comes.
    #[serde(default)]
    pub kinds: BTreeMap<String, BTreeMap<Channel, bool>>,
    /// Language, a BCP 47 tag such as `de` or `en-GB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When nothing that can wait is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
    /// What leaves Annals is gathered for so long, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_seconds: Option<u64>,
}

/// Hours of each day; they may go over midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From when on.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// Where the clock hangs, such as `Europe/Berlin`.
    pub zone: String,
}

/// An address of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Which one.
    pub id: Uuid,
    /// Whose.
    pub person: String,
    /// The mail address.
    pub address: String,
    /// Keyed digest of the one-use code that was sent there, in hex; gone once it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_digest: Option<String>,
    /// When it was named; the code ends some time after.
    #[serde(default)]
    pub added_at: Timestamp,
    /// When the person proved that it is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The event that tells of the last change.
    pub event: EventId,
}

/// Leaves the address out: it is personal, and this stands in logs.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verified = self.verified_at.is_some();
        f.debug_struct("Address").field("id", &self.id).field("verified", &verified).finish()
    }
}

impl Preferences {
    /// What is wrong with them, if something is.
    pub fn problem(&self) -> Option<String> {
        if self.kinds.len() > RULES_MAX {
            return Some(format!("preferences may name {RULES_MAX} kinds at most"));
        }
        let tag = |text: &String| {
            (1..=LANGUAGE_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !self.language.as_ref().is_none_or(tag) {
            return Some("`language` must be a BCP 47 tag, such as `de` or `en-GB`".into());
        }
        if self.digest_seconds.is_some_and(|seconds| !DIGEST_SECONDS.contains(&seconds)) {
            let (from, to) = (DIGEST_SECONDS.start(), DIGEST_SECONDS.end());
            return Some(format!("`digest_seconds` must be {from} to {to}"));
        }
        let quiet = self.quiet.as_ref();
        let known = quiet.is_none_or(|quiet| TimeZone::get(&quiet.zone).is_ok());
        (!known).then(|| "`quiet.zone` must be a time zone, such as `Europe/Berlin`".into())
    }

    /// Whether a kind of message may come through a channel, if they say anything about it.
    pub fn allows(&self, kind: &str, channel: Channel) -> Option<bool> {
        self.kinds.get(kind)?.get(&channel).copied()
    }
}

impl QuietHours {
    /// When the quiet hours end that this moment lies in; none outside of them.
    pub fn end_at(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::get(&self.zone).ok()?;
        let local = now.to_zoned(zone.clone());
        let (time, date) = (local.time(), local.date());
        let ends_on = match (self.from <= self.to, time >= self.from, time < self.to) {
            (true, true, true) => date,
            (false, true, _) => date.checked_add(1.day()).ok()?,
            (false, _, true) => date,
            _ => return None,
        };
        let end = ends_on.to_datetime(self.to).to_zoned(zone).ok()?.timestamp();
        // On the night of a change of clocks the end may lie behind already.
        (end > now).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_follow_the_clock_of_their_place() {
        let night = QuietHours {
            from: "22:00".parse().unwrap(),
            to: "07:00".parse().unwrap(),
            zone: "Europe/Berlin".into(),
        };
        let cases = [
            ("2026-01-10T20:59:59Z", None),
            ("2026-01-10T21:00:00Z", Some("2026-01-11T06:00:00Z")),
            ("2026-01-11T05:59:59Z", Some("2026-01-11T06:00:00Z")),
            ("2026-01-11T06:00:00Z", None),
            // In summer an hour earlier.
            ("2026-07-10T20:00:00Z", Some("2026-07-11T05:00:00Z")),
            ("2026-07-11T05:00:00Z", None),
        ];
        for (now, end) in cases {
            assert_eq!(night.end_at(at(now)), end.map(at), "{now}");
        }
        let noon = QuietHours {
            from: "12:00".parse().unwrap(),
            to: "13:00".parse().unwrap(),
            zone: "UTC".into(),
        };
        assert_eq!(noon.end_at(at("2026-01-10T12:30:00Z")), Some(at("2026-01-10T13:00:00Z")));
        assert_eq!(noon.end_at(at("2026-01-10T13:00:00Z")), None);
    }

    #[test]
    fn preferences_that_make_no_sense_are_refused() {
        let wrong = [
            Preferences { language: Some("Deutsch, bitte".into()), ..Preferences::default() },
            Preferences { digest_seconds: Some(1), ..Preferences::default() },
            Preferences {
                quiet: Some(QuietHours {
                    from: Time::midnight(),
                    to: Time::midnight(),
                    zone: "Mars/Olympus".into(),
                }),
                ..Preferences::default()
            },
        ];
        for preferences in wrong {
            assert!(preferences.problem().is_some(), "{preferences:?}");
        }
        assert_eq!(Preferences::default().problem(), None);
    }

    #[test]
    fn addresses_do_not_reach_logs() {
        let address = Address {
            id: Uuid::nil(),
            person: "ada".into(),
            address: "ada@example.org".into(),
            code_digest: None,
            added_at: Timestamp::UNIX_EPOCH,
            verified_at: None,
            event: EventId(Uuid::nil()),
        };
        assert!(!format!("{address:?}").contains("example"));
    }
}
