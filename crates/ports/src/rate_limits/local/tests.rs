//! The limiter of one process keeps the contract, and no more keys than it may.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::*;
use crate::contract::rate_limits::{self, quota};

fn limiter(keys_max: usize) -> LocalRateLimiter {
    LocalRateLimiter::new(NonZeroUsize::new(keys_max).unwrap())
}

fn key(n: u32) -> RateKey {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&n.to_be_bytes());
    RateKey(key)
}

#[tokio::test]
async fn the_local_limiter_keeps_the_contract() {
    rate_limits::run(Arc::new(limiter(1000))).await;
}

#[test]
fn the_keys_remembered_have_a_limit_and_a_busy_key_is_not_dropped() {
    let limiter = limiter(160);
    let busy = key(u32::MAX);
    let quota = quota(1, 1);
    assert!(limiter.check_at(&busy, quota, 1, 0).allowed);
    for n in 0..10_000 {
        assert!(limiter.check_at(&key(n), quota, 1, 0).allowed, "a fresh key has its burst");
        assert!(!limiter.check_at(&busy, quota, 1, 0).allowed, "forgot the busy key after {n}");
    }
    assert_eq!(limiter.keys(), 160);
    assert!(limiter.check_at(&key(0), quota, 1, 0).allowed, "the idle one was dropped");
}
