//! Whether the clock of the machine was set.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::Moment;

/// So many jumps are remembered; the smallest makes way.
const JUMPS_MAX: usize = 32;

/// Jumps of the clock within a window of time.
#[derive(Debug, Clone)]
pub struct ClockJumps {
    window: Duration,
    last: Option<Moment>,
    /// When, and by how many seconds forwards or backwards.
    jumps: VecDeque<(Duration, f64)>,
}

impl ClockJumps {
    /// Within a window.
    pub fn within(window: Duration) -> Self {
        Self { window, last: None, jumps: VecDeque::new() }
    }

    /// Takes the time by both clocks and tells by how many seconds the larger jump of the window was.
    /// What is less than a second is no jump.
    pub fn tell(&mut self, now: Moment) -> f64 {
        if let Some(last) = self.last.replace(now) {
            let steady = now.steady.saturating_sub(last.steady).as_secs_f64();
            let jump = (seconds(now.wall) - seconds(last.wall) - steady).abs();
            if jump >= 1.0 {
                self.jumps.push_back((now.steady, jump));
            }
        }
        if self.jumps.len() > JUMPS_MAX {
            let smallest = self.jumps.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
            if let Some((index, _)) = smallest {
                self.jumps.remove(index);
            }
        }
        let begin = now.steady.saturating_sub(self.window);
        self.jumps.retain(|(at, _)| *at >= begin);
        self.jumps.iter().map(|(_, jump)| *jump).fold(0.0, f64::max)
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}
