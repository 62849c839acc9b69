//! Keeps the issuer's keys fresh: fetches its key set at the start, from time to time, and when a
//! token names a key that is not known.
//!
//! An issuer that does not answer stops nothing: the keys of its last answer go on until they are
//! stale, and it is asked again.

mod source;

use std::sync::Arc;
use std::time::Duration;

use annals_api::auth::{IssuerKeys, KeySet, KeySetError, Now};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use source::FetchError;
pub(crate) use source::Source;

/// After the first attempt that failed; it doubles with each that follows.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// The longest pause between attempts that fail.
const RETRY_LONGEST: Duration = Duration::from_secs(60);

/// The issuer did not answer with keys.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

/// Fetches the keys of one issuer.
pub(crate) struct Fetcher {
    pub(crate) source: Source,
    pub(crate) keys: Arc<IssuerKeys>,
    /// Time between two answers.
    pub(crate) refresh: Duration,
    pub(crate) now: Now,
}

impl Fetcher {
    /// Fetches now, and again and again until told to stop.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        stopping.run_until_cancelled_owned(self.run_for_ever()).await;
    }

    async fn run_for_ever(self) {
        let mut failures = 0_u32;
        loop {
            failures = if self.fetch().await { 0 } else { failures.saturating_add(1) };
            tokio::select! {
                () = sleep(pause(self.refresh, failures)) => {}
                () = self.keys.wanted() => {}
            }
        }
    }

    /// Asks the issuer once; returns whether it answered with a key set.
    async fn fetch(&self) -> bool {
        self.keys.begin();
        match self.attempt().await {
            Ok(set) => {
                metrics::counter!("annals_jwks_fetches_total", "outcome" => "ok").increment(1);
                self.take(set);
                true
            }
            Err(error) => {
                metrics::counter!("annals_jwks_fetches_total", "outcome" => "failed").increment(1);
                self.tell_failure(&error, self.keys.fail());
                false
            }
        }
    }

    async fn attempt(&self) -> Result<KeySet, AttemptError> {
        Ok(KeySet::read(&self.source.fetch().await?)?)
    }

    fn take(&self, set: KeySet) {
        let (host, count) = (self.source.host(), set.len());
        let passed_over: Vec<_> =
            set.passed_over.iter().map(|key| (key.kid.clone(), key.reason)).collect();
        if !self.keys.take(set, (self.now)()) {
            return;
        }
        for (kid, reason) in passed_over {
            warn!(%host, ?kid, "a key of the issuer is not used: {reason}");
        }
        match count {
            0 => {
                warn!(%host, "the issuer publishes no key that can be used: its tokens are refused")
            }
            count => info!(%host, "the issuer's keys changed: {count} are in use"),
        }
    }

    fn tell_failure(&self, error: &AttemptError, good_until: Option<jiff::Timestamp>) {
        let (host, now) = (self.source.host(), (self.now)());
        let error: &dyn std::error::Error = error;
        match good_until {
            Some(until) if now < until => warn!(
                %host, error,
                "the issuer's keys cannot be fetched; those of its last answer go on until {until}"
            ),
            _ => warn!(
                %host, error,
                "the issuer's keys cannot be fetched: tokens that need them are refused until they \
                 can; see `auth.jwks_url`"
            ),
        }
    }
}

/// How long to wait before the next attempt.
fn pause(refresh: Duration, failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => refresh,
        Some(doublings) => {
            let pause = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(doublings));
            pause.min(RETRY_LONGEST).min(refresh)
        }
    }
}

#[cfg(test)]
mod tests;
