//! A limiter for which time passes only when a test says so.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use annals_ports::{LocalRateLimiter, Quota, RateKey, RateLimiter, Verdict};
use async_trait::async_trait;

/// Counts in this process, by its own clock.
pub(crate) struct StillLimiter {
    local: LocalRateLimiter,
    now_us: AtomicU64,
}

impl Default for StillLimiter {
    fn default() -> Self {
        let local = LocalRateLimiter::new(NonZeroUsize::new(1000).unwrap());
        Self { local, now_us: AtomicU64::new(0) }
    }
}

impl StillLimiter {
    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.now_us.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

#[async_trait]
impl RateLimiter for StillLimiter {
    async fn check(&self, key: &RateKey, quota: Quota, cost: u32) -> Verdict {
        self.local.check_at(key, quota, cost, self.now_us.load(Ordering::SeqCst))
    }
}
