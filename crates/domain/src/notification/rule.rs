//! Notification rules: which events tell whom, through which channels.

mod audience;
mod checking;
mod shipped;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use audience::{Audience, InvalidAudience, is_role_inbox, is_role_name, role_inbox};
pub use checking::{RuleError, read_rules};
pub use shipped::{SHIPPED, shipped_rules};

use super::outgoing::Channel;
use crate::event::Severity;

/// Rules of a tenant, beside the shipped ones.
pub const RULES_MAX: usize = 200;
/// How long the id of a rule may be, characters.
pub const RULE_ID_CHARS_MAX: usize = 64;
/// How long its name may be, characters.
pub const RULE_NAME_CHARS_MAX: usize = 200;
/// Entries of one audience.
pub const AUDIENCE_MAX: usize = 50;
/// Fields of one dedupe key.
pub const KEY_FIELDS_MAX: usize = 5;
/// The longest window of dedupe and throttle, seconds: 30 days.
pub const WINDOW_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;
/// The largest number that a throttle lets through in a window.
pub const THROTTLE_MAX: u32 = 10_000;
/// How often a digest goes out, seconds: every minute to every week.
pub const DIGEST_SECONDS: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 60 * 60;

/// Which events tell whom, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case; tells the rules of a tenant apart. What has the id of a shipped rule stands in its place.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it tells anybody.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which events, in the query language.
    pub filter: String,
    /// Whom.
    pub audience: Vec<Audience>,
    /// Through what.
    pub channels: BTreeSet<Channel>,
    /// Events below this severity tell nobody.
    #[serde(default = "info")]
    pub severity: Severity,
    /// Name of the template that words it.
    #[serde(default = "plain")]
    pub template: String,
    /// What is told once in a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<Dedupe>,
    /// How many messages a recipient gets in a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// Messages are gathered, and go out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Whether messages wait for the end of a person's quiet hours.
    #[serde(default = "yes")]
    pub quiet: bool,
    /// People cannot switch it off, and it waits for no quiet hours.
    #[serde(default)]
    pub mandatory: bool,
}

/// Events that agree in these fields are told once in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// Fields such as `client.ip`; none: all events of the rule are alike.
    #[serde(default)]
    pub key: Vec<String>,
    /// How long after the first one.
    pub window_seconds: u64,
}

/// A recipient gets so many messages of the rule in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// How many.
    pub messages: u32,
    /// In how long a time; it begins with the first of them.
    pub window_seconds: u64,
}

/// Messages of a while go out as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// How long after the first of them.
    pub every_seconds: u64,
}

fn yes() -> bool {
    true
}

fn info() -> Severity {
    Severity::Info
}

fn plain() -> String {
    "event".into()
}

#[cfg(test)]
mod tests;
