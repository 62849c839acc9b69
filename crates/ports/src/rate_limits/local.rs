//! Keeping count in this process alone.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use lru::LruCache;

use super::{Bucket, Quota, RateKey, RateLimiter, Verdict, take};

/// Callers that ask at the same time seldom wait for the same one of these.
const SHARDS: usize = 16;

/// Counts in memory, for one process. Holds a bounded number of keys.
///
/// At the limit the key that was idle longest is dropped, and would begin with its whole burst
/// again. So a key that is used more often than `keys_max` others come by is never dropped, and
/// with more keys than that the limit is kept only for those who use theirs most.
pub struct LocalRateLimiter {
    began: Instant,
    shards: [Mutex<LruCache<RateKey, Bucket>>; SHARDS],
    shard_keys_max: usize,
}

impl LocalRateLimiter {
    /// Remembers so many keys, about 150 bytes each.
    pub fn new(keys_max: NonZeroUsize) -> Self {
        Self {
            began: Instant::now(),
            // A cache with a bound takes its memory at once, needed or not.
            shards: std::array::from_fn(|_| Mutex::new(LruCache::unbounded())),
            shard_keys_max: keys_max.get().div_ceil(SHARDS),
        }
    }

    /// Takes `cost` from a quota at a time, microseconds on any one clock.
    pub fn check_at(&self, key: &RateKey, quota: Quota, cost: u32, now_us: u64) -> Verdict {
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = shard.get_or_insert_mut(*key, Bucket::default);
        let (next, verdict) = take(*bucket, now_us, quota, cost);
        *bucket = next;
        if shard.len() > self.shard_keys_max {
            shard.pop_lru();
        }
        verdict
    }

    /// Tells what `check_at` would say, and takes nothing.
    pub fn look_at(&self, key: &RateKey, quota: Quota, cost: u32, now_us: u64) -> Verdict {
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = shard.peek(key).copied().unwrap_or_default();
        take(bucket, now_us, quota, cost).1
    }

    /// The time on its own clock, microseconds.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// How many keys it remembers.
    pub fn keys(&self) -> usize {
        let len = |shard: &Mutex<LruCache<_, _>>| {
            shard.lock().unwrap_or_else(PoisonError::into_inner).len()
        };
        self.shards.iter().map(len).sum()
    }

    fn shard(&self, key: &RateKey) -> &Mutex<LruCache<RateKey, Bucket>> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        &self.shards[hasher.finish() as usize % SHARDS]
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn check(&self, key: &RateKey, quota: Quota, cost: u32) -> Verdict {
        self.check_at(key, quota, cost, self.now_us())
    }
}

#[cfg(test)]
mod tests;
