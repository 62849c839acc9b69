//! The time by which events expire. A clock that jumps ahead must not have them go early, for what is gone
//! stays gone.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The time that can be trusted: what somebody vouched for, and what was measured since.
///
/// Time that passes while the service is stopped is not measured, so it falls behind by that; everything
/// expires so much later, until somebody confirms what the clock tells. It never runs ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrustedTime {
    /// What time it is, as far as was measured.
    at: Timestamp,
}

/// What time it is for retention. Neither is ever ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionNow {
    /// By which events expire: never later than the wall clock tells, which may have been put right since.
    pub expiry: Timestamp,
    /// By which policies come into force. It never falls when a clock is put back: what is in force once
    /// does not cease to be, and no delay ends earlier than it was meant to.
    pub policy: Timestamp,
}

impl From<Timestamp> for RetentionNow {
    /// A time that all clocks agree on.
    fn from(at: Timestamp) -> Self {
        Self { expiry: at, policy: at }
    }
}

impl TrustedTime {
    /// The time that somebody vouches for: at the first start, or by confirming the clock.
    pub fn confirmed(wall: Timestamp) -> Self {
        Self { at: wall }
    }

    /// A moment later, by what a monotonic clock measured since.
    pub fn advanced(self, measured: SignedDuration) -> Self {
        let measured = measured.max(SignedDuration::ZERO);
        Self { at: self.at.checked_add(measured).unwrap_or(self.at) }
    }

    /// What time it is.
    pub fn now(self, wall: Timestamp) -> RetentionNow {
        RetentionNow { expiry: self.at.min(wall), policy: self.at }
    }

    /// How far it is behind the wall clock.
    pub fn behind(self, wall: Timestamp) -> SignedDuration {
        wall.duration_since(self.at).max(SignedDuration::ZERO)
    }
}
