//! How long a delivery that failed rests before it is tried again.

use std::time::Duration;

use annals_ports::DeliveryError;
use uuid::Uuid;

/// Rest after the first failure.
const FIRST: Duration = Duration::from_millis(200);
/// Rest after many failures.
const LONGEST: Duration = Duration::from_secs(30);
/// A receiver that asks to be left alone for longer is tried again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The rest after so many attempts failed, the last of them with this error.
///
/// It doubles, and differs from delivery to delivery by up to half, so that those which failed
/// together do not come back together. The id is as good as a random number.
pub(super) fn rest(id: Uuid, attempts: u32, error: &DeliveryError) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST);
    let chance = id.as_u128().rotate_left(attempts.wrapping_mul(7)) as u16;
    let rest = doubled / 2 + (doubled / 2).mul_f64(f64::from(chance) / f64::from(u16::MAX));
    rest.max(error.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests;
