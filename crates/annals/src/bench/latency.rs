//! How long things took.

use std::time::Duration;

use serde_json::{Value, json};

/// Times of single steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Latencies {
    micros: Vec<u64>,
}

impl Latencies {
    pub(super) fn add(&mut self, time: Duration) {
        self.micros.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    /// Count, p50, p90, p99, p99.9 and maximum, in milliseconds.
    pub(super) fn summary(&self) -> Value {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let ms = |share: f64| percentile(&sorted, share).map(|micros| micros as f64 / 1000.0);
        json!({
            "count": sorted.len(),
            "p50_ms": ms(0.50),
            "p90_ms": ms(0.90),
            "p99_ms": ms(0.99),
            "p999_ms": ms(0.999),
            "max_ms": ms(1.0),
        })
    }
}

/// The smallest time that so great a share of all does not exceed (nearest rank).
fn percentile(sorted: &[u64], share: f64) -> Option<u64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut latencies = Latencies::default();
        (1..=100).rev().for_each(|ms| latencies.add(Duration::from_millis(ms)));
        let summary = latencies.summary();
        assert_eq!(summary["p50_ms"], 50.0);
        assert_eq!(summary["p99_ms"], 99.0);
        assert_eq!(summary["max_ms"], 100.0);
        assert_eq!(Latencies::default().summary()["p50_ms"], Value::Null);
    }
}
