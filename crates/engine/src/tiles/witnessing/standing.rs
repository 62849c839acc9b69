//! How we stand with a witness: what it knows of each shard, and when it is to be asked again. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// The longest rest of a witness that does not answer, or not as it should.
const REST_LONGEST: Duration = Duration::from_secs(300);
/// The rest after a dispute: asking again soon would not change it, and not asking again would let one
/// wrong answer end witnessing for good.
const REST_OF_DISPUTE: Duration = Duration::from_secs(3600);

/// How we stand with one witness.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// After it could not be reached: nothing is asked.
    rest: Rest,
    shards: BTreeMap<String, OfShard>,
}

#[derive(Debug, Default)]
struct OfShard {
    /// The size it knows; 0 until it says another.
    known: u64,
    rest: Rest,
}

#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// It doubles with each failure.
    fn begin(&mut self, now: Instant, first: Duration) {
        let doubled = first.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + doubled.min(REST_LONGEST));
    }
}

impl Standing {
    /// Whether it may be asked about a shard.
    pub(super) fn is_due(&self, shard: &str, now: Instant) -> bool {
        let of_shard = self.shards.get(shard);
        self.rest.is_over(now) && of_shard.is_none_or(|of_shard| of_shard.rest.is_over(now))
    }

    /// The size of the shard that it knows, as far as we know.
    pub(super) fn known(&self, shard: &str) -> u64 {
        self.shards.get(shard).map_or(0, |of_shard| of_shard.known)
    }

    /// It cosigned a tree of this size.
    pub(super) fn cosigned(&mut self, shard: &str, size: u64) {
        self.rest = Rest::default();
        self.shards.insert(shard.to_owned(), OfShard { known: size, rest: Rest::default() });
    }

    /// It could not be reached.
    pub(super) fn unreachable(&mut self, now: Instant, first_rest: Duration) {
        self.rest.begin(now, first_rest);
    }

    /// It answered, but with no cosignature.
    pub(super) fn refused(&mut self, shard: &str, now: Instant, first_rest: Duration) {
        self.rest = Rest::default();
        self.shards.entry(shard.to_owned()).or_default().rest.begin(now, first_rest);
    }

    /// It says that it saw another tree.
    pub(super) fn disputed(&mut self, shard: &str, now: Instant) {
        self.rest = Rest::default();
        let rest = Rest { failures: 1, until: Some(now + REST_OF_DISPUTE) };
        self.shards.insert(shard.to_owned(), OfShard { known: 0, rest });
    }
}

#[cfg(test)]
mod tests;
