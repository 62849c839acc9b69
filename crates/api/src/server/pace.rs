//! How slowly bytes may go before the other side is given up: a grace, and then a least rate.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// The least that is expected of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Nobody is given up earlier.
    pub(super) grace: Duration,
    /// What must come, or be taken, after the grace.
    pub(super) bytes_per_second_min: u64,
}

impl Pace {
    /// Until when something may wait that began at this time and has moved so many bytes.
    fn deadline(self, began: Instant, bytes: u64) -> Instant {
        let rate = self.bytes_per_second_min.max(1);
        let earned = Duration::from_millis(bytes.saturating_mul(1000) / rate);
        let patience = self.grace.saturating_add(earned);
        // Far-off instants are out of the clock's reach.
        began.checked_add(patience.min(PATIENCE_MAX)).unwrap_or(began)
    }
}

const PATIENCE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Watches how bytes go, from the moment on when they first had to be waited for.
pub(super) struct Watch {
    pace: Pace,
    waits: Option<Waits>,
}

struct Waits {
    began: Instant,
    bytes: u64,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, waits: None }
    }

    /// So many bytes have gone.
    pub(super) fn moved(&mut self, bytes: usize) {
        if let Some(waits) = &mut self.waits {
            waits.bytes = waits.bytes.saturating_add(bytes as u64);
        }
    }

    /// Nothing is waited for any more.
    pub(super) fn rest(&mut self) {
        self.waits = None;
    }

    /// Nothing goes at the moment: ready when that is so for too long.
    pub(super) fn poll_too_slow(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let waits = self.waits.get_or_insert_with(|| {
            let began = Instant::now();
            let timer = Box::pin(tokio::time::sleep_until(self.pace.deadline(began, 0)));
            Waits { began, bytes: 0, timer }
        });
        let deadline = self.pace.deadline(waits.began, waits.bytes);
        if waits.timer.deadline() != deadline {
            waits.timer.as_mut().reset(deadline);
        }
        waits.timer.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_buys_time_at_the_least_rate() {
        let pace = Pace { grace: Duration::from_secs(5), bytes_per_second_min: 1000 };
        let began = Instant::now();
        assert_eq!(pace.deadline(began, 0), began + Duration::from_secs(5));
        assert_eq!(pace.deadline(began, 2500), began + Duration::from_millis(7500));
        assert_eq!(pace.deadline(began, u64::MAX) - began, PATIENCE_MAX.min(pace_of_all(pace)));
    }

    fn pace_of_all(pace: Pace) -> Duration {
        pace.grace + Duration::from_millis(u64::MAX / pace.bytes_per_second_min)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_slower_is_given_up_and_whoever_keeps_the_pace_is_not() {
        let pace = Pace { grace: Duration::from_secs(5), bytes_per_second_min: 10 };
        let lasts = async |bytes_a_second: usize| {
            let (mut watch, began) = (Watch::new(pace), Instant::now());
            for _ in 0..100 {
                let slow = std::future::poll_fn(|context| watch.poll_too_slow(context));
                if tokio::time::timeout(Duration::from_secs(1), slow).await.is_ok() {
                    break;
                }
                watch.moved(bytes_a_second);
            }
            began.elapsed().as_secs()
        };
        assert_eq!(lasts(0).await, 5);
        assert_eq!(lasts(5).await, 9);
        assert_eq!(lasts(10).await, 100);
    }
}
