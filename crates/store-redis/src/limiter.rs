//! Keeping count in Redis, for all nodes together; when Redis does not answer, in this process.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::{Quota, RateKey, RateLimiter, Verdict};
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Client, Script};

use crate::connection::Connection;
use crate::settings::RedisSettings;

/// What goes before the names of our keys.
const KEY_PREFIX: &str = "annals:rate:";

/// The address of Redis cannot be read. It may hold a password, so it is not shown.
#[derive(Debug, thiserror::Error)]
#[error(
    "the setting `redis.url` is not an address such as redis://host:6379/0 \
     (TLS, `rediss://`, is left to a proxy such as stunnel)"
)]
pub struct WrongUrl(#[source] redis::RedisError);

/// Why a call told no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no answer within {0:?}")]
    TimeOut(Duration),
    #[error("the call failed")]
    Redis(#[source] redis::RedisError),
}

/// Counts in Redis (5 or newer, or Valkey): one script decides and writes, so that nodes that ask
/// at the same time do not get the same share.
///
/// When Redis does not answer in time, this process counts for itself, with the same quotas, until
/// it does again. So an outage of Redis is none of the service: while it lasts, a caller may take
/// up to a whole quota from each node.
pub struct RedisRateLimiter {
    connection: Connection,
    script: Script,
    timeout: Duration,
    fallback: Arc<dyn RateLimiter>,
}

impl RedisRateLimiter {
    /// A limiter that begins to connect, on the tokio runtime that this is called on. Until it has
    /// connected, and whenever Redis does not answer, `fallback` counts.
    ///
    /// # Errors
    /// When the address is wrong. That Redis cannot be reached is no error.
    pub fn new(settings: &RedisSettings, fallback: Arc<dyn RateLimiter>) -> Result<Self, WrongUrl> {
        let client = Client::open(settings.url.reveal()).map_err(WrongUrl)?;
        let timeout = Duration::from_millis(settings.timeout_ms.get());
        let script = Script::new(include_str!("limiter/take.lua"));
        Ok(Self { connection: Connection::keep(client, timeout), script, timeout, fallback })
    }

    /// Asks Redis; at the time of its own clock, or, for tests, at any time.
    async fn ask(
        &self,
        mut connection: MultiplexedConnection,
        key: &RateKey,
        (quota, cost): (Quota, u32),
        now_us: Option<u64>,
    ) -> Result<Verdict, CallError> {
        let mut call = self.script.key(format!("{KEY_PREFIX}{key}"));
        call.arg(quota.per_second.get()).arg(quota.burst.get()).arg(cost).arg(now_us);
        let answer = tokio::time::timeout(self.timeout, call.invoke_async(&mut connection)).await;
        let answer = answer.map_err(|_| CallError::TimeOut(self.timeout))?;
        let (allowed, level): (bool, u64) = answer.map_err(CallError::Redis)?;
        Ok(Verdict::of(quota, cost, allowed, level))
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn check(&self, key: &RateKey, quota: Quota, cost: u32) -> Verdict {
        if let Some((number, connection)) = self.connection.open() {
            match self.ask(connection, key, (quota, cost), None).await {
                Ok(verdict) => return verdict,
                Err(error) => self.connection.lost(number, error),
            }
        }
        metrics::counter!("annals_rate_limit_fallbacks_total").increment(1);
        self.fallback.check(key, quota, cost).await
    }
}

#[cfg(test)]
mod tests;
