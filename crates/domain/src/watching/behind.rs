//! For how long something has been behind the log.

use std::collections::VecDeque;
use std::time::Duration;

/// So many samples are kept. When there are more, every second one goes.
const SAMPLES_MAX: usize = 256;

/// Remembers how far the log reached, and when that was seen first.
#[derive(Debug, Clone, Default)]
pub struct Behind {
    seen: VecDeque<(Duration, u64)>,
}

impl Behind {
    /// Takes where the log ends.
    pub fn see(&mut self, at: Duration, head: u64) {
        if self.seen.back().is_some_and(|(_, newest)| *newest >= head) {
            return;
        }
        self.seen.push_back((at, head));
        if self.seen.len() > SAMPLES_MAX {
            let mut number = 0;
            // The first and the newest stay.
            self.seen.retain(|_| {
                number += 1;
                number % 2 == 1 || number > SAMPLES_MAX
            });
        }
    }

    /// For how long there has been something behind `position`; zero: there is nothing.
    pub fn since(&self, at: Duration, position: u64) -> Duration {
        let missing = self.seen.iter().find(|(_, head)| *head > position);
        missing.map_or(Duration::ZERO, |(seen, _)| at.saturating_sub(*seen))
    }

    /// What everybody has come to is no longer needed.
    pub fn forget(&mut self, position: u64) {
        while self.seen.len() > 1 && self.seen.front().is_some_and(|(_, head)| *head <= position) {
            self.seen.pop_front();
        }
    }

    /// How many samples it keeps.
    pub fn samples(&self) -> usize {
        self.seen.len()
    }
}
