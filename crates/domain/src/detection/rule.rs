//! One rule: what it looks at and what makes it speak.

use super::parts::Part;
use crate::event::Severity;
use crate::filter::Filter;

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lasting(pub i64);

/// A rule of detection.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionRule {
    /// Names it: lower-case words joined by `-`.
    pub id: String,
    /// What it finds, for people.
    pub title: String,
    /// Why that deserves a look.
    pub why: String,
    /// How much attention a finding deserves.
    pub severity: Severity,
    /// The filter as it is written.
    pub query: String,
    /// Which events it looks at.
    pub filter: Filter,
    /// By what it counts, beside the tenant.
    pub key: Vec<Part>,
    /// How long it says nothing more about a key after a finding.
    pub cooldown: Lasting,
    /// What makes it speak.
    pub kind: Kind,
}

/// What makes a rule speak.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// So many events, or events with so many different values, within a time.
    Threshold {
        /// How many.
        times: u32,
        /// Between the first and the last.
        within: Lasting,
        /// What must be different; nothing: events are counted.
        distinct: Option<Part>,
    },
    /// Events, and then another one within a time of them.
    Sequence {
        /// How many events of the filter come first.
        times: u32,
        /// The filter of the other one, as it is written.
        then_query: String,
        /// What comes then.
        then: Filter,
        /// Between the first and that.
        within: Lasting,
    },
    /// A value that the key did not have before.
    FirstSeen {
        /// Of what; together they are one value.
        of: Vec<Part>,
        /// The key must be known by so many events …
        learn_events: u32,
        /// … and for so long.
        learn: Lasting,
    },
    /// Events that came regularly come no more.
    Vanished {
        /// So many came before.
        learn_events: u32,
        /// For so long none came, and for three times as long as ever before.
        silence: Lasting,
    },
    /// Many more in an hour than at this hour of other days.
    Rate {
        /// At least so many.
        least: u32,
        /// So many times as many as are usual.
        factor: u32,
        /// Days that are learned from first.
        learn_days: u8,
    },
    /// Two places, and no time to travel from one to the other.
    Travel {
        /// How fast somebody may be, kilometres an hour.
        speed_max: u32,
        /// Shorter ways are not looked at, kilometres.
        least: u32,
    },
    /// At an hour at which the key never acted, nor an hour or so before and after.
    OffHours {
        /// So many acts are learned from first.
        learn_events: u32,
        /// Hours before and after.
        margin: u8,
    },
    /// Outside of fixed hours, by the time zone that the event was told in.
    OutsideHours {
        /// First hour within.
        from: u8,
        /// First hour that is no longer within.
        until: u8,
    },
    /// Somebody does to themselves what others should do for them.
    SelfGrant,
}

impl Kind {
    /// The word for it in a file of rules.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Threshold { .. } => "threshold",
            Self::Sequence { .. } => "sequence",
            Self::FirstSeen { .. } => "first_seen",
            Self::Vanished { .. } => "vanished",
            Self::Rate { .. } => "rate",
            Self::Travel { .. } => "travel",
            Self::OffHours { .. } => "off_hours",
            Self::OutsideHours { .. } => "outside_hours",
            Self::SelfGrant => "self_grant",
        }
    }
}
