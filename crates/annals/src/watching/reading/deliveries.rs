//! How many attempts to deliver fail.

use std::time::Duration;

use annals_domain::watching::{Increase, Moment};
use annals_engine::{DELIVERIES, DeliveryOutcome};

use super::Numbers;

/// Attempts within this time are looked at.
const WINDOW: Duration = Duration::from_secs(300);
/// Fewer failures say nothing: the next attempt may pass.
const FAILURES_MIN: f64 = 3.0;

/// The attempts of late.
pub(super) struct Deliveries {
    delivered: Increase,
    failed: Increase,
    given_up: Increase,
}

impl Default for Deliveries {
    fn default() -> Self {
        let increase = || Increase::over(WINDOW);
        Self { delivered: increase(), failed: increase(), given_up: increase() }
    }
}

impl Deliveries {
    /// How many of a hundred attempts failed. A delivery that was given up counts as all of them: it will not
    /// arrive.
    pub(super) fn failed_percent(&mut self, now: Moment, numbers: &Numbers) -> f64 {
        let count = |outcome: DeliveryOutcome| {
            numbers.sum_of(DELIVERIES, DeliveryOutcome::LABEL, outcome.as_str())
        };
        let delivered = self.delivered.tell(now.steady, count(DeliveryOutcome::Delivered));
        let failed = self.failed.tell(now.steady, count(DeliveryOutcome::Failed));
        let given_up = self.given_up.tell(now.steady, count(DeliveryOutcome::Parked));
        if given_up > 0.0 {
            return 100.0;
        }
        if failed < FAILURES_MIN { 0.0 } else { 100.0 * failed / (failed + delivered) }
    }
}

#[cfg(test)]
mod tests;
