//! What to tell of Redis coming and going, so that an outage does not fill the log.

use std::time::{Duration, Instant};

/// Between two warnings.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Whether Redis answers, and when that it does not was last told.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    out: bool,
    last_warning: Option<Instant>,
}

/// What is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Redis does not answer, and that was not told within the last minute.
    Failing,
    /// Redis answers again.
    Back,
    /// Nothing that was not told already.
    None,
}

impl Outage {
    /// Redis did not answer.
    pub(crate) fn failed(&mut self, now: Instant) -> News {
        self.out = true;
        if self.last_warning.is_some_and(|last| now < last + WARNING_INTERVAL) {
            return News::None;
        }
        self.last_warning = Some(now);
        News::Failing
    }

    /// Redis did answer.
    pub(crate) fn ended(&mut self) -> News {
        match std::mem::take(&mut self.out) {
            true => News::Back,
            false => News::None,
        }
    }
}

#[cfg(test)]
mod tests;
