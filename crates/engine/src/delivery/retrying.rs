//! When a message that failed is tried again, and when it is given up.

use std::time::Duration;

use annals_domain::notification::{Outgoing, Route};
use annals_ports::DeliveryError;

/// Pauses after failures of an endpoint: three days in all, as Standard Webhooks has them.
const ENDPOINT: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(14 * 60 * 60),
    Duration::from_secs(20 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];
/// Pauses after failures of a mail server or of a syslog, which somebody looks after: half a day.
const RELAY: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
];
/// A receiver that asks to be left alone for longer is tried again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The pause after so many attempts, the last of them with this error; none: it is given up.
///
/// It is longer by up to a tenth, so that messages which failed together do not come back together. The
/// id is as good as a random number.
pub(super) fn pause(message: &Outgoing, tries: u32, error: &DeliveryError) -> Option<Duration> {
    if error.permanent {
        return None;
    }
    let schedule: &[Duration] = match &message.route {
        Route::Endpoint { .. } => &ENDPOINT,
        Route::Email { .. } | Route::Syslog => &RELAY,
    };
    let pause = *schedule.get(tries.saturating_sub(1) as usize)?;
    let chance = message.id.as_u128().rotate_left(tries.wrapping_mul(7)) as u16;
    let longer = (pause / 10).mul_f64(f64::from(chance) / f64::from(u16::MAX));
    Some((pause + longer).max(error.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX)))
}

#[cfg(test)]
mod tests;
