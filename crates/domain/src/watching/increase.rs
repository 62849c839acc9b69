//! By how much a counter grew lately.

use std::collections::VecDeque;
use std::time::Duration;

/// So many samples are kept, however often there is one.
const SAMPLES_MAX: u32 = 256;

/// The growth of a counter within a window of time.
#[derive(Debug, Clone)]
pub struct Increase {
    window: Duration,
    /// When, and how much had been counted in all by then.
    samples: VecDeque<(Duration, f64)>,
    last: f64,
    counted: f64,
}

impl Increase {
    /// Over a window; the counter begins at 0.
    pub fn over(window: Duration) -> Self {
        Self { window, samples: VecDeque::new(), last: 0.0, counted: 0.0 }
    }

    /// Takes the counter's value and tells by how much it grew within the window. What falls was begun anew.
    pub fn tell(&mut self, at: Duration, value: f64) -> f64 {
        let grown = if value < self.last { value } else { value - self.last };
        self.last = value;
        self.counted += grown;
        let begin = at.saturating_sub(self.window);
        // The last one before the window says what had been counted when it began.
        while self.samples.get(1).is_some_and(|(time, _)| *time <= begin) {
            self.samples.pop_front();
        }
        let step = self.window / SAMPLES_MAX;
        if self.samples.back().is_none_or(|(time, _)| at.saturating_sub(*time) > step) {
            // What grew since the sample before grew at the latest now.
            self.samples.push_back((at, self.counted));
        } else if grown > 0.0
            && let Some(newest) = self.samples.back_mut()
        {
            newest.1 = self.counted;
        }
        let outside = self.samples.front().filter(|(time, _)| *time <= begin);
        // Where nothing is older than the window, all that was counted lies in it.
        self.counted - outside.map_or(0.0, |(_, counted)| *counted)
    }

    /// How many samples it keeps.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }
}
