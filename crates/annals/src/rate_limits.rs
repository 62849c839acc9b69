//! Who keeps count of how much each caller asks: this process, or all nodes together in Redis.

use std::sync::Arc;

use annals_api::RateLimits;
use annals_ports::{LocalRateLimiter, RateLimiter};
use annals_record::RootKey;
use annals_store_redis::RedisRateLimiter;
use anyhow::Context;

use crate::configuration::Settings;

/// The limits of the settings.
pub(crate) fn open(settings: &Settings, root: &RootKey) -> anyhow::Result<RateLimits> {
    let local = Arc::new(LocalRateLimiter::new(settings.rate_limits.keys_max));
    let limiter: Arc<dyn RateLimiter> = match settings.redis.url.is_empty() {
        true => local,
        false => {
            Arc::new(RedisRateLimiter::new(&settings.redis, local).context("connecting to Redis")?)
        }
    };
    Ok(RateLimits::new(&settings.rate_limits, limiter, &root.derive("rate limits")))
}
