//! Which streams have events in the spool, and how many: what comes later waits behind them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_ports::spool::Lane;
use tokio::sync::watch;

/// Counts what waits in each lane.
pub(super) struct Lanes {
    counts: Mutex<HashMap<Lane, u64>>,
    total: watch::Sender<u64>,
}

impl Lanes {
    pub(super) fn new(counts: Vec<(Lane, u64)>) -> Self {
        let total = counts.iter().map(|(_, count)| count).sum();
        Self { counts: Mutex::new(counts.into_iter().collect()), total: watch::Sender::new(total) }
    }

    pub(super) fn total(&self) -> u64 {
        *self.total.borrow()
    }

    pub(super) fn is_busy(&self, lane: Lane) -> bool {
        self.locked().contains_key(&lane)
    }

    /// Counts one event for each lane named.
    pub(super) fn add(&self, lanes: &[Lane]) {
        let mut counts = self.locked();
        for lane in lanes {
            *counts.entry(*lane).or_default() += 1;
        }
        self.total.send_modify(|total| *total += lanes.len() as u64);
    }

    /// Counts one event out for each lane named.
    pub(super) fn release(&self, lanes: &[Lane]) {
        let mut counts = self.locked();
        for lane in lanes {
            if let Some(count) = counts.get_mut(lane) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(lane);
                }
            }
        }
        self.total.send_modify(|total| *total = total.saturating_sub(lanes.len() as u64));
    }

    /// Waits until something waits.
    pub(super) async fn is_used(&self) {
        // The sender is `self`, so it does not end before.
        let _ = self.total.subscribe().wait_for(|total| *total > 0).await;
    }

    /// Waits until none of the lanes is busy.
    pub(super) async fn are_free(&self, lanes: &[Lane]) {
        let mut total = self.total.subscribe();
        loop {
            total.mark_unchanged();
            let busy = {
                let counts = self.locked();
                !counts.is_empty() && lanes.iter().any(|lane| counts.contains_key(lane))
            };
            if !busy || total.changed().await.is_err() {
                return;
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Lane, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
