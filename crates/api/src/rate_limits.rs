//! How much each caller may ask of the service: protection of the others, not a tariff.
//!
//! Every request of a known caller, and every operation on a socket, costs 1 of the caller's
//! requests; every event sent to be recorded, valid or not, costs 1 of the tenant's events. Who
//! keeps count is a port: this process for itself, or all nodes together.

mod usage;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use annals_ports::{Quota, RateKey, RateLimiter};
use aws_lc_rs::hmac;
use serde::Deserialize;

use crate::auth::Principal;
use crate::error::{ApiError, Code};

use usage::Policy;
pub(crate) use usage::{Usage, tell};

/// `[rate_limits]` in config/annals.toml.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Requests of one caller, each second, for ever.
    pub requests_per_second: NonZeroU32,
    /// Requests of one caller at once, after a rest.
    pub requests_burst: NonZeroU32,
    /// Events of one tenant, each second, for ever.
    pub events_per_second: NonZeroU32,
    /// Events of one tenant at once, after a rest.
    pub events_burst: NonZeroU32,
    /// Callers and tenants that a process remembers.
    pub keys_max: NonZeroUsize,
}

/// The quotas of callers, and who keeps count of them.
#[derive(Clone)]
pub struct RateLimits(Option<Arc<Limits>>);

struct Limits {
    limiter: Arc<dyn RateLimiter>,
    requests: Policy,
    events: Policy,
    /// Makes names that tell nothing of whom they name.
    key: hmac::Key,
}

impl RateLimits {
    /// The limits of the settings, counted by `limiter`. Nodes that count together need the same
    /// `key`, which hides from the limiter whom it counts for.
    pub fn new(
        settings: &RateLimitSettings,
        limiter: Arc<dyn RateLimiter>,
        key: &[u8; 32],
    ) -> Self {
        if !settings.enabled {
            return Self::none();
        }
        let requests =
            Quota { per_second: settings.requests_per_second, burst: settings.requests_burst };
        let events = Quota { per_second: settings.events_per_second, burst: settings.events_burst };
        Self(Some(Arc::new(Limits {
            limiter,
            requests: Policy::new("requests", requests),
            events: Policy::new("events", events),
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        })))
    }

    /// No limits.
    pub fn none() -> Self {
        Self(None)
    }

    /// Takes one request of the caller's quota.
    pub(crate) async fn take_request(
        &self,
        principal: &Principal,
        usage: &Usage,
    ) -> Result<(), ApiError> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let whose = [principal.tenant.as_str(), &principal.id];
        limits.take(&limits.requests, &whose, 1, usage).await
    }

    /// Takes so many events of the quota of the caller's tenant.
    pub(crate) async fn take_events(
        &self,
        principal: &Principal,
        events: usize,
        usage: &Usage,
    ) -> Result<(), ApiError> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let cost = u32::try_from(events).unwrap_or(u32::MAX);
        limits.take(&limits.events, &[principal.tenant.as_str()], cost, usage).await
    }
}

impl Limits {
    async fn take(
        &self,
        policy: &Policy,
        whose: &[&str],
        cost: u32,
        usage: &Usage,
    ) -> Result<(), ApiError> {
        let key = self.key_of(policy.name, whose);
        let verdict = self.limiter.check(&key, policy.quota, cost).await;
        usage.note(policy, verdict);
        if verdict.allowed {
            return Ok(());
        }
        metrics::counter!("annals_rate_limited_total", "quota" => policy.name).increment(1);
        let seconds = verdict.retry_after_seconds;
        let (burst, per_second) = (policy.quota.burst, policy.quota.per_second);
        let message = match policy.name {
            "events" => format!(
                "the tenant sends more events than it may ({per_second} a second, {burst} at \
                 once); send these again in {seconds} s, nothing of them was recorded"
            ),
            _ => format!(
                "the caller sends more requests than they may ({per_second} a second, {burst} at \
                 once); try again in {seconds} s"
            ),
        };
        Err(ApiError { retry_after: Some(seconds), ..ApiError::new(Code::RateLimited, message) })
    }

    fn key_of(&self, quota: &str, whose: &[&str]) -> RateKey {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(quota.as_bytes());
        for part in whose {
            // Its length goes before each part, so that no two lists of names run together alike.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut key = [0; 16];
        key.copy_from_slice(&context.sign().as_ref()[..16]);
        RateKey(key)
    }
}

#[cfg(test)]
mod tests;
