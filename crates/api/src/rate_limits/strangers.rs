//! Who fails to say who they are too often is answered before anything is verified: a signature
//! costs a hundred times what this does.
//!
//! Counted by the address of the client, in this process alone: a flood of strangers must not become
//! one of questions to Redis. Several people may share an address, behind a proxy that was not
//! named or in an office. So a token that held a moment ago is verified all the same, and a flood
//! shuts out only those who come with a new one.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_ports::{LocalRateLimiter, Quota, RateKey};
use lru::LruCache;

use crate::error::{ApiError, Code};
use crate::server::{Peer, network_of};

/// Tokens that held lately, by their hash; about 50 bytes each.
const KNOWN_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not 0");

pub(super) struct Strangers {
    quota: Quota,
    limiter: LocalRateLimiter,
    known: Mutex<LruCache<u64, ()>>,
    /// Made anew at each start: nobody can find another token of the same hash.
    hasher: RandomState,
}

impl Strangers {
    pub(super) fn new(quota: Quota, keys_max: NonZeroUsize) -> Self {
        Self {
            quota,
            limiter: LocalRateLimiter::new(keys_max),
            known: Mutex::new(LruCache::new(KNOWN_MAX)),
            hasher: RandomState::new(),
        }
    }

    /// Verifies who shows something, unless too many from there showed what did not hold.
    pub(super) async fn recognise<T>(
        &self,
        peer: Peer,
        shown: &[u8],
        verify: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let (key, hash) = (key_of(peer.0), self.hasher.hash_one(shown));
        let now = self.limiter.now_us();
        let verdict = self.limiter.look_at(&key, self.quota, 1, now);
        if !verdict.allowed && self.known().get(&hash).is_none() {
            metrics::counter!("annals_rate_limited_total", "quota" => "failures").increment(1);
            let seconds = verdict.retry_after_seconds;
            let message =
                format!("too many tokens from this address did not hold; try again in {seconds} s");
            let error = ApiError::new(Code::RateLimited, message);
            return Err(ApiError { retry_after: Some(seconds), ..error });
        }
        let result = verify.await;
        match &result {
            Err(error) if error.code == Code::Unauthenticated => {
                self.known().pop(&hash);
                self.limiter.check_at(&key, self.quota, 1, now);
            }
            Err(_) => {}
            Ok(_) => {
                self.known().put(hash, ());
            }
        }
        result
    }

    fn known(&self) -> MutexGuard<'_, LruCache<u64, ()>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(address: IpAddr) -> RateKey {
    match network_of(address) {
        IpAddr::V4(address) => RateKey(address.to_ipv6_mapped().octets()),
        IpAddr::V6(address) => RateKey(address.octets()),
    }
}

#[cfg(test)]
mod tests;
