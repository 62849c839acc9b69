//! What an answer tells of quotas: the fields `RateLimit-Policy` and `RateLimit` of
//! draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` when one is used up.
//!
//! `RateLimit-Policy: "requests";q=100000;w=2;qu="requests"`: at most so many in so many seconds.
//! `RateLimit: "requests";r=99999;t=1`: so many are left, and all are back after so many seconds.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use annals_ports::{Quota, Verdict};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A quota with its name, and how the field `RateLimit-Policy` writes it.
pub(super) struct Policy {
    pub(super) name: &'static str,
    pub(super) quota: Quota,
    written: Arc<str>,
}

impl Policy {
    pub(super) fn new(name: &'static str, quota: Quota) -> Self {
        let burst = quota.burst.get();
        // In this time a rate that takes the whole burst takes no more than it may for ever.
        let window = burst.div_ceil(quota.per_second.get());
        // Events are no unit of the draft, but its default, requests, would be wrong.
        let written = format!("\"{name}\";q={burst};w={window};qu=\"{name}\"");
        Self { name, quota, written: written.into() }
    }
}

/// What a request took of its caller's quotas; gathered on its way, told with the answer.
#[derive(Clone, Default)]
pub(crate) struct Usage(Arc<Mutex<Vec<Taken>>>);

struct Taken {
    name: &'static str,
    policy: Arc<str>,
    verdict: Verdict,
}

impl Usage {
    /// Keeps the newest verdict under each quota.
    pub(super) fn note(&self, policy: &Policy, verdict: Verdict) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|earlier| earlier.name != policy.name);
        taken.push(Taken { name: policy.name, policy: policy.written.clone(), verdict });
    }

    fn write(&self, headers: &mut HeaderMap) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let policies: Vec<&str> = taken.iter().map(|taken| &*taken.policy).collect();
        let left: Vec<String> = taken.iter().map(Taken::left).collect();
        for (name, value) in [(POLICY, policies.join(", ")), (LIMIT, left.join(", "))] {
            if let Ok(value) = HeaderValue::try_from(value)
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
        // GraphQL answers 200 when a field of several is refused.
        let wait = taken.iter().map(|taken| taken.verdict.retry_after_seconds).max();
        if let Some(seconds @ 1..) = wait {
            headers.entry(header::RETRY_AFTER).or_insert(seconds.into());
        }
    }
}

impl Taken {
    fn left(&self) -> String {
        let Verdict { remaining, reset_seconds, .. } = self.verdict;
        format!("\"{}\";r={remaining};t={reset_seconds}", self.name)
    }
}

/// Gives a request its place to gather in, and writes what was gathered into the answer.
pub(crate) async fn tell(mut request: Request, next: Next) -> Response {
    let usage = Usage::default();
    request.extensions_mut().insert(usage.clone());
    let mut response = next.run(request).await;
    usage.write(response.headers_mut());
    response
}

impl<S: Sync> FromRequestParts<S> for Usage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
