//! What every [`RateLimiter`] keeps to.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use crate::rate_limits::{Quota, RateKey, RateLimiter};

/// Runs the whole suite on a limiter, which may know keys already.
pub async fn run(limiter: Arc<dyn RateLimiter>) {
    the_burst_goes_at_once_and_no_more(&*limiter).await;
    what_is_refused_takes_nothing(&*limiter).await;
    a_cost_above_the_burst_is_waited_off(&*limiter).await;
    callers_at_the_same_time_share(&limiter).await;
}

/// A quota of these numbers, neither of them 0.
pub fn quota(per_second: u32, burst: u32) -> Quota {
    let number = |number| NonZeroU32::new(number).expect("a quota is of more than nothing");
    Quota { per_second: number(per_second), burst: number(burst) }
}

/// A key that nobody used before.
pub fn fresh_key() -> RateKey {
    RateKey(uuid::Uuid::new_v4().into_bytes())
}

/// A quota that gets back next to nothing while a test runs: the burst, and one a second.
fn slow(burst: u32) -> Quota {
    quota(1, burst)
}

async fn the_burst_goes_at_once_and_no_more(limiter: &dyn RateLimiter) {
    let (key, other) = (fresh_key(), fresh_key());
    let first = limiter.check(&key, slow(100), 40).await;
    assert_eq!((first.allowed, first.limit, first.remaining), (true, 100, 60));
    assert_eq!((first.retry_after_seconds, first.reset_seconds), (0, 40));
    let second = limiter.check(&key, slow(100), 60).await;
    assert!(second.allowed && second.remaining <= 5, "{second:?}");
    let third = limiter.check(&key, slow(100), 60).await;
    assert!(!third.allowed, "{third:?}");
    assert!((30..=60).contains(&third.retry_after_seconds), "{third:?}");
    assert!((70..=100).contains(&third.reset_seconds), "{third:?}");
    assert!(limiter.check(&other, slow(100), 100).await.allowed, "another key has its own");
}

async fn what_is_refused_takes_nothing(limiter: &dyn RateLimiter) {
    let key = fresh_key();
    assert!(limiter.check(&key, slow(100), 50).await.allowed);
    for _ in 0..10 {
        assert!(!limiter.check(&key, slow(100), 90).await.allowed);
    }
    assert!(limiter.check(&key, slow(100), 50).await.allowed);
}

async fn a_cost_above_the_burst_is_waited_off(limiter: &dyn RateLimiter) {
    let key = fresh_key();
    let taken = limiter.check(&key, slow(10), 1000).await;
    assert_eq!((taken.allowed, taken.remaining, taken.reset_seconds), (true, 0, 1000));
    let refused = limiter.check(&key, slow(10), 1).await;
    assert!(!refused.allowed && refused.retry_after_seconds > 900, "{refused:?}");
}

async fn callers_at_the_same_time_share(limiter: &Arc<dyn RateLimiter>) {
    let (key, began) = (fresh_key(), Instant::now());
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let limiter = Arc::clone(limiter);
            tokio::spawn(async move { limiter.check(&key, slow(100), 1).await.allowed })
        })
        .collect();
    let mut allowed = 0;
    for one in asking {
        allowed += u64::from(one.await.expect("a limiter does not panic"));
    }
    let most = 100 + began.elapsed().as_secs() + 1;
    assert!((100..=most).contains(&allowed), "{allowed} of 100 were allowed");
}
