//! The engine's clock: wall time that never runs backwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time in whole milliseconds; when the system's clock is set back, it stands still until
/// that has caught up, so that times in the log never fall.
#[derive(Debug, Default)]
pub struct Clock {
    newest_ms: AtomicI64,
}

impl Clock {
    /// A clock that never tells less than `newest`, the newest time in the log.
    pub fn starting_at(newest: Timestamp) -> Self {
        Self { newest_ms: AtomicI64::new(newest.as_millisecond()) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        let told = self.told(Timestamp::now().as_millisecond());
        Timestamp::from_millisecond(told).unwrap_or(Timestamp::MAX)
    }

    /// From now on it tells no less than this: what is newer was seen elsewhere.
    pub fn catch_up(&self, newest: Timestamp) {
        self.told(newest.as_millisecond());
    }

    fn told(&self, wall_ms: i64) -> i64 {
        self.newest_ms.fetch_max(wall_ms, Ordering::Relaxed).max(wall_ms)
    }
}

/// What the system's clock tells at the moment, also when it was set back: what must not go by a time that was
/// wrong once looks here.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl WallClock {
    /// The system's.
    pub fn system() -> Self {
        Self::telling(Timestamp::now)
    }

    /// One that tells what it is told to.
    pub fn telling(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still() {
        let clock = Clock::starting_at(Timestamp::from_millisecond(1_000).unwrap());
        assert_eq!(clock.told(400), 1_000);
        assert_eq!(clock.told(1_500), 1_500);
        assert_eq!(clock.told(1_400), 1_500);
    }
}
