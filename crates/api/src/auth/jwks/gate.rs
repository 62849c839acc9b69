//! How often the issuer is asked because somebody's token names an unknown key.

use jiff::{SignedDuration, Timestamp};

/// Whatever callers send, the issuer is not asked again within this time.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Lets one through in each [`PAUSE`].
#[derive(Debug, Default)]
pub(super) struct Gate {
    newest: Option<Timestamp>,
}

impl Gate {
    /// Whether the issuer may be asked now; if so, that is noted.
    pub(super) fn passes(&mut self, now: Timestamp) -> bool {
        // A clock that was set back must not close the gate until it has caught up.
        let rested =
            self.newest.is_none_or(|newest| now < newest || now.duration_since(newest) >= PAUSE);
        if rested {
            self.newest = Some(now);
        }
        rested
    }
}

#[cfg(test)]
mod tests;
