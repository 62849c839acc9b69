//! Detection: what looks suspicious in the stream of events, found by rules as they come.
//!
//! A [`Detector`] takes events in the order of the log and tells [`Finding`]s. It knows no clock: time is
//! what the events say ([`moment`]). Its memory is bounded, whatever comes: each rule keeps at most
//! [`CELLS_MAX`] cells, and forgets what was not touched for longest, of the tenant that holds most.

mod countries;
mod detector;
mod finding;
mod generations;
mod hashing;
mod kinds;
mod parts;
mod quick;
mod reading;
mod routes;
mod rule;

pub use detector::{Detector, InvalidState, SavedRule};
pub use finding::Finding;
pub use parts::Part;
pub use reading::{InvalidDetection, RuleSet};
pub use rule::{DetectionRule, Kind, Lasting};

/// Rules of one set.
pub const RULES_MAX: usize = 500;
/// Cells that one rule keeps: a key that is watched takes one, and so does each event or value that is
/// remembered of it. Of the tenant that holds most, the keys that were not touched for longest are forgotten.
pub const CELLS_MAX: usize = 65_536;
/// Events or values that a rule may ask for.
pub const TIMES_MAX: u32 = 1_000;
/// Values that are remembered of one key. Who has more is too varied for a new one to mean anything.
pub const VALUES_MAX: usize = 256;
/// Series of events whose end would be noticed, of one rule.
pub const SERIES_MAX: usize = 4_096;
/// Event types whose rules are remembered; more are looked up anew.
pub const TYPES_MAX: usize = 4_096;
/// Events that a finding names.
pub const FINDING_EVENTS_MAX: usize = 20;
/// Findings of one rule for one tenant within an hour; the rest is one attack, and is only counted.
pub const FINDINGS_AN_HOUR_MAX: u32 = 100;

/// When an event happened, as detection sees it, milliseconds since 1970: as it says itself, but not
/// later than Annals heard of it, so that a wrong clock cannot move what comes after out of sight.
pub fn moment(event: &crate::Event) -> i64 {
    event.occurred_at.timestamp.min(event.received_at.timestamp).as_millisecond()
}

#[cfg(test)]
mod tests;
