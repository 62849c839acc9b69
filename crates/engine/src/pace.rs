//! Reading everything again at a bounded rate, so that it does not stand in the way.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Shorter pauses are saved up.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// After a pause of this length there is another look at whether the service stops.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// In a second.
const NANOSECONDS: u128 = 1_000_000_000;

/// Keeps a thread that reads to a rate, in bytes or records.
pub(crate) struct Pace {
    began: Instant,
    read: u64,
    per_second: u64,
}

impl Pace {
    pub(crate) fn begin(per_second: u64) -> Self {
        Self { began: Instant::now(), read: 0, per_second: per_second.max(1) }
    }

    /// Waits until it is time for more after so much was read; false when the service stops.
    pub(crate) fn keep(&mut self, read: u64, stopping: &CancellationToken) -> bool {
        self.read = self.read.saturating_add(read);
        while !stopping.is_cancelled() {
            let pause = pause(self.read, self.per_second, self.began.elapsed());
            if pause < PAUSE_MIN {
                return true;
            }
            std::thread::sleep(pause);
        }
        false
    }
}

/// How long to wait when so much was read in that time.
fn pause(read: u64, per_second: u64, elapsed: Duration) -> Duration {
    let due = u128::from(read) * NANOSECONDS / u128::from(per_second.max(1));
    let due = Duration::from_nanos(u64::try_from(due).unwrap_or(u64::MAX));
    due.saturating_sub(elapsed).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests;
