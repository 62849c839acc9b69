//! How much a caller may ask: quotas, and whoever keeps count of them.
//!
//! Counting is the generic cell rate algorithm (GCRA, ITU-T I.371), as `governor` and redis-cell do
//! it. Of its two forms, which the recommendation shows to decide the same, this is the continuous
//! state leaky bucket: what was taken fills a bucket, time empties it. Every number in it is whole
//! and below 2^53, so a script in Redis, whose numbers are doubles, decides the same to the last
//! unit.

mod local;

use std::fmt;
use std::num::NonZeroU32;

use async_trait::async_trait;
use serde::Deserialize;

pub use local::LocalRateLimiter;

/// What one unit of cost puts into the bucket. A rate of one a second empties one of these parts in
/// a microsecond.
const PARTS: u64 = 1_000_000;

/// How much may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// What may be taken for ever, in each second.
    pub per_second: NonZeroU32,
    /// What may be taken at once after a rest.
    pub burst: NonZeroU32,
}

/// Whose quota it is: a name that tells nothing of whom it names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateKey(pub [u8; 16]);

/// What became of a request for a share of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the share was taken.
    pub allowed: bool,
    /// What may be taken at once after a rest.
    pub limit: u32,
    /// What may still be taken at once.
    pub remaining: u32,
    /// After how many seconds the same request would be allowed; 0 when it was.
    pub retry_after_seconds: u32,
    /// After how many seconds the whole burst may be taken again.
    pub reset_seconds: u32,
}

/// Keeps count of quotas, for this process or for all nodes together.
///
/// # Contract
/// - After a rest the whole burst may be taken at once, and then what the rate allows.
/// - What is refused takes nothing.
/// - A cost above the burst is allowed after a rest, and then has to be waited off in full.
/// - Keys do not touch each other; callers that ask at the same time do not get the same share.
/// - There is always an answer, and soon: a limiter that cannot count as it should counts as well
///   as it can.
#[async_trait]
pub trait RateLimiter: Send + Sync + 'static {
    /// Takes `cost` from a quota, if that much may be taken now.
    async fn check(&self, key: &RateKey, quota: Quota, cost: u32) -> Verdict;
}

/// The bucket of a key. The empty one is that of a key which was never seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// What was in it at that time, in millionths of a unit of cost.
    pub level: u64,
    /// When it was looked at, microseconds on the clock of whoever keeps it.
    pub at_us: u64,
}

/// Decides whether `cost` may be taken from a bucket now, and what the bucket is then. A refusal
/// leaves it as it was.
///
/// A clock that goes back empties nothing, and fills nothing either.
pub fn take(bucket: Bucket, now_us: u64, quota: Quota, cost: u32) -> (Bucket, Verdict) {
    let elapsed = now_us.saturating_sub(bucket.at_us);
    let leaked = elapsed.saturating_mul(u64::from(quota.per_second.get()));
    let level = bucket.level.saturating_sub(leaked);
    let filled = level + parts(cost);
    let allowed = filled <= room(quota, cost);
    let verdict = Verdict::of(quota, cost, allowed, if allowed { filled } else { level });
    match allowed {
        true => (Bucket { level: filled, at_us: now_us.max(bucket.at_us) }, verdict),
        false => (bucket, verdict),
    }
}

impl Verdict {
    /// What to say of a bucket that holds so much after the decision.
    pub fn of(quota: Quota, cost: u32, allowed: bool, level: u64) -> Self {
        let room_left = parts(quota.burst.get()).saturating_sub(level);
        let missing = (level + parts(cost)).saturating_sub(room(quota, cost));
        Self {
            allowed,
            limit: quota.burst.get(),
            remaining: u32::try_from(room_left / PARTS).unwrap_or(u32::MAX),
            retry_after_seconds: if allowed { 0 } else { seconds_until(missing, quota).max(1) },
            reset_seconds: seconds_until(level, quota),
        }
    }
}

/// How full the bucket may become. What alone is more than the burst needs an empty bucket, or it
/// could never be taken at all.
fn room(quota: Quota, cost: u32) -> u64 {
    parts(cost.max(quota.burst.get()))
}

fn parts(units: u32) -> u64 {
    u64::from(units) * PARTS
}

/// Whole seconds, rounded up, in which so much leaks away.
fn seconds_until(level: u64, quota: Quota) -> u32 {
    let seconds = level.div_ceil(parts(quota.per_second.get()));
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

impl fmt::Display for RateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateKey({self})")
    }
}

#[cfg(test)]
mod tests;
