//! From which reading on something is wrong, and from which on it is right again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Condition;

/// When a condition is raised and when it is cleared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    bad: f64,
    good: f64,
    raise_after: Duration,
    clear_after: Duration,
}

/// A threshold that would raise and clear at once, or never.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a condition that is raised at {bad} cannot be cleared at {good}")]
pub struct InvalidThreshold {
    /// Where it would be raised.
    pub bad: f64,
    /// Where it would be cleared.
    pub good: f64,
}

impl Threshold {
    /// Bad from `bad` on, good from `good` on: upwards where `bad` is the larger one, downwards where it is
    /// the smaller one.
    pub fn new(bad: f64, good: f64) -> Result<Self, InvalidThreshold> {
        if bad.is_nan() || good.is_nan() || bad == good {
            return Err(InvalidThreshold { bad, good });
        }
        Ok(Self { bad, good, raise_after: Duration::ZERO, clear_after: Duration::ZERO })
    }

    /// Raised only once the reading has been bad for so long.
    #[must_use]
    pub fn raised_after(self, raise_after: Duration) -> Self {
        Self { raise_after, ..self }
    }

    /// Cleared only once the reading has been good for so long.
    #[must_use]
    pub fn cleared_after(self, clear_after: Duration) -> Self {
        Self { clear_after, ..self }
    }

    /// From which reading on it is bad.
    pub fn bad(&self) -> f64 {
        self.bad
    }

    pub(super) fn is_bad(&self, reading: f64) -> bool {
        if self.bad > self.good { reading >= self.bad } else { reading <= self.bad }
    }

    pub(super) fn is_good(&self, reading: f64) -> bool {
        if self.bad > self.good { reading <= self.good } else { reading >= self.good }
    }

    pub(super) fn patience(&self, is_raised: bool) -> Duration {
        if is_raised { self.clear_after } else { self.raise_after }
    }
}

/// The threshold of each condition; one without is never raised.
pub type Thresholds = BTreeMap<Condition, Threshold>;
