//! Events at a steady rate, in bulks, whether the service keeps up or not.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;

use super::service::Service;

/// How many events, how fast, and how many in one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Events in all.
    pub(super) total: u64,
    /// Events a second.
    pub(super) rate: u64,
    /// Events in one request.
    pub(super) bulk: u64,
}

impl Pace {
    pub(super) fn new(rate: u64, seconds: u64, bulk: u64) -> anyhow::Result<Self> {
        if rate == 0 || bulk == 0 {
            bail!("`--rate` and `--bulk` must be 1 or more");
        }
        Ok(Self { total: rate * seconds, rate, bulk })
    }

    /// When an event is to be sent, from the beginning: all of a bulk when its last is due.
    pub(super) fn due(&self, number: u64) -> Duration {
        let last = (number / self.bulk + 1) * self.bulk;
        Duration::from_secs_f64(last as f64 / self.rate as f64)
    }

    /// Sends each bulk when it is due; returns by how much the latest was late.
    pub(super) fn send(
        &self,
        service: &Service,
        start: Instant,
        event: impl Fn(u64) -> Value,
    ) -> anyhow::Result<Duration> {
        let mut client = service.client()?;
        let mut late = Duration::ZERO;
        for first in (0..self.total).step_by(usize::try_from(self.bulk)?) {
            let events: Value = (first..self.total.min(first + self.bulk)).map(&event).collect();
            let due = self.due(first);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            late = late.max(start.elapsed().saturating_sub(due));
            let body = events.to_string();
            let answer = client.post("/api/v1/logs/bulk", "application/json", body.as_bytes())?;
            if answer.status != 201 {
                bail!("a bulk was answered with {}", answer.status);
            }
        }
        Ok(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_is_due_when_its_last_event_is() {
        let pace = Pace::new(100, 1, 10).unwrap();
        assert_eq!(pace.total, 100);
        assert_eq!(pace.due(0), Duration::from_millis(100));
        assert_eq!(pace.due(9), Duration::from_millis(100));
        assert_eq!(pace.due(10), Duration::from_millis(200));
        assert!(Pace::new(0, 1, 10).is_err());
    }
}
