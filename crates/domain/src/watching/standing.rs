//! How the conditions stand, and what a round of readings changes about that.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Condition, Thresholds};

/// When readings were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By a clock that nobody sets, from any beginning.
    pub steady: Duration,
    /// By the clock of the machine.
    pub wall: Timestamp,
}

/// What was read; what is missing is not known.
pub type Readings = BTreeMap<Condition, f64>;

/// How all conditions stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standings(BTreeMap<Condition, Standing>);

/// How one stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Standing {
    raised: Option<Raised>,
    /// Since when the readings speak for a change.
    turning_since: Option<Duration>,
}

/// A condition that is raised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raised {
    /// Since when.
    pub since: Timestamp,
    /// The reading it was raised by.
    pub reading: f64,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Of which condition.
    pub condition: Condition,
    /// Whether it was raised; else it was cleared.
    pub is_raised: bool,
    /// The reading that decided.
    pub reading: f64,
    /// Since when it was raised.
    pub since: Timestamp,
}

impl Standings {
    /// As they were left.
    pub fn of(raised: impl IntoIterator<Item = (Condition, Raised)>) -> Self {
        let standing = |raised| Standing { raised: Some(raised), turning_since: None };
        Self(raised.into_iter().map(|(condition, raised)| (condition, standing(raised))).collect())
    }

    /// Those that are raised.
    pub fn raised(&self) -> impl Iterator<Item = (Condition, Raised)> {
        self.0.iter().filter_map(|(condition, standing)| Some((*condition, standing.raised?)))
    }

    /// Whether one is raised.
    pub fn find(&self, condition: Condition) -> Option<Raised> {
        self.0.get(&condition)?.raised
    }
}

/// How the conditions stand after a round of readings, and what that changed.
///
/// A condition changes only by readings that spoke for it all the time that its threshold wants; one that
/// is not known begins that time anew. So it is never raised twice without having been cleared.
pub fn judge(
    before: &Standings,
    thresholds: &Thresholds,
    readings: &Readings,
    at: Moment,
) -> (Standings, Vec<Change>) {
    let mut after = before.clone();
    let mut changes = Vec::new();
    for (condition, threshold) in thresholds {
        let standing = after.0.entry(*condition).or_default();
        let is_raised = standing.raised.is_some();
        let turning = readings.get(condition).copied().filter(|reading| match is_raised {
            true => threshold.is_good(*reading),
            false => threshold.is_bad(*reading),
        });
        let Some(reading) = turning else {
            standing.turning_since = None;
            continue;
        };
        // A steady clock that runs backwards is another one: it is waited anew.
        let since = standing.turning_since.filter(|since| *since <= at.steady);
        let since = *standing.turning_since.insert(since.unwrap_or(at.steady));
        if at.steady - since < threshold.patience(is_raised) {
            continue;
        }
        let raised = standing.raised.unwrap_or(Raised { since: at.wall, reading });
        let change =
            Change { condition: *condition, is_raised: !is_raised, reading, since: raised.since };
        *standing = Standing { raised: (!is_raised).then_some(raised), turning_since: None };
        changes.push(change);
    }
    (after, changes)
}
