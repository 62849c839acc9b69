//! How much each caller may ask of the service: protection of the others, not a tariff.
//!
//! Every request of a known caller, and every operation on a socket, costs 1 of the caller's
//! requests and 1 of the tenant's; every event sent to be recorded, valid or not, costs 1 of the
//! tenant's events. Who keeps count is a port: this process for itself, or all nodes together.
//! Tokens that do not hold are counted by where they come from ([`strangers`]).

mod strangers;
mod usage;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use annals_ports::{Quota, RateKey, RateLimiter};
use aws_lc_rs::hmac;
use serde::Deserialize;

use crate::auth::Principal;
use crate::error::{ApiError, Code};
use crate::server::Peer;

use strangers::Strangers;
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
    /// Requests of one tenant, each second, for ever.
    pub tenant_requests_per_second: NonZeroU32,
    /// Requests of one tenant at once, after a rest.
    pub tenant_requests_burst: NonZeroU32,
    /// Events of one tenant, each second, for ever.
    pub events_per_second: NonZeroU32,
    /// Events of one tenant at once, after a rest.
    pub events_burst: NonZeroU32,
    /// Tokens that do not hold from one address, each second, for ever.
    pub failures_per_second: NonZeroU32,
    /// Tokens that do not hold from one address at once, after a rest.
    pub failures_burst: NonZeroU32,
    /// Callers and tenants that a process remembers, and as many addresses.
    pub keys_max: NonZeroUsize,
}

/// The quotas of callers, and who keeps count of them.
#[derive(Clone)]
pub struct RateLimits(Option<Arc<Limits>>);

struct Limits {
    limiter: Arc<dyn RateLimiter>,
    requests: Policy,
    tenant_requests: Policy,
    events: Policy,
    strangers: Strangers,
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
        let quota = |per_second, burst| Quota { per_second, burst };
        let requests = quota(settings.requests_per_second, settings.requests_burst);
        let of_tenant = quota(settings.tenant_requests_per_second, settings.tenant_requests_burst);
        let events = quota(settings.events_per_second, settings.events_burst);
        let failures = quota(settings.failures_per_second, settings.failures_burst);
        Self(Some(Arc::new(Limits {
            limiter,
            requests: Policy::new("requests", requests),
            tenant_requests: Policy::new("tenant_requests", of_tenant),
            events: Policy::new("events", events),
            strangers: Strangers::new(failures, settings.keys_max),
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        })))
    }

    /// No limits.
    pub fn none() -> Self {
        Self(None)
    }

    /// Verifies what somebody shows to be recognised by, unless too many from there showed what
    /// did not hold. Without an address, as within this process, nothing is counted.
    pub(crate) async fn recognise<T>(
        &self,
        peer: Option<Peer>,
        shown: &[u8],
        verify: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        match (&self.0, peer) {
            (Some(limits), Some(peer)) if !shown.is_empty() => {
                limits.strangers.recognise(peer, shown, verify).await
            }
            _ => verify.await,
        }
    }

    /// Takes one request of the caller's quota, and of their tenant's.
    pub(crate) async fn take_request(
        &self,
        principal: &Principal,
        usage: &Usage,
    ) -> Result<(), ApiError> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let whose = [principal.tenant.as_str(), &principal.id];
        limits.take(&limits.requests, &whose, 1, usage).await?;
        limits.take(&limits.tenant_requests, &whose[..1], 1, usage).await
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
        // The tenant's requests are told only when they are used up: callers mind their own.
        if policy.name != "tenant_requests" || !verdict.allowed {
            usage.note(policy, verdict);
        }
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
            "tenant_requests" => format!(
                "the tenant sends more requests than it may ({per_second} a second, {burst} at \
                 once); try again in {seconds} s"
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
