//! The verifier of tokens, as `[auth]` wants it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annals_api::auth::{Expectations, IssuerKeys, Verifier};
use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::configuration::AuthSettings;
use crate::jwks::{Fetcher, Source};
use crate::secrets;

/// Clocks that differ by more than this are to be set.
const CLOCK_SKEW_SECONDS_MAX: u64 = 300;
/// The issuer is not asked more often.
const REFRESH_SECONDS_MIN: u64 = 30;
/// Keys that were removed would go on for longer than a day.
const REFRESH_SECONDS_MAX: u64 = 24 * 60 * 60;
/// An issuer that is gone for longer needs somebody's decision.
const STALE_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;
/// How long the start waits for the issuer's first answer.
const FIRST_ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Makes the verifier. The issuer's keys are fetched in the background until `stopping`; for the first
/// answer this waits, but not for long.
pub(crate) async fn open(
    auth: &AuthSettings,
    data_dir: &Path,
    stopping: &CancellationToken,
) -> anyhow::Result<Verifier> {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    check(auth)?;
    let expectations = Expectations {
        issuer: given(&auth.issuer),
        audience: given(&auth.audience),
        clock_skew_seconds: auth.clock_skew_seconds,
        token_lifetime_seconds_max: auth.token_lifetime_seconds_max,
    };
    let secret = development_secret(auth, data_dir)?;
    let secret = secret.as_ref().map(<[u8; 32]>::as_slice);
    let verifier =
        Verifier::new(&auth.keys, secret, &expectations).context("reading `auth.keys`")?;
    match auth.jwks_url.is_empty() {
        true => Ok(verifier),
        false => Ok(verifier.with_issuer(issuer(auth, stopping).await?)),
    }
}

fn check(auth: &AuthSettings) -> anyhow::Result<()> {
    let (refresh, stale) = (auth.jwks_refresh_seconds, auth.jwks_stale_seconds_max);
    if auth.clock_skew_seconds > CLOCK_SKEW_SECONDS_MAX {
        bail!("`auth.clock_skew_seconds` is over {CLOCK_SKEW_SECONDS_MAX}: set the clocks instead");
    }
    if !(REFRESH_SECONDS_MIN..=REFRESH_SECONDS_MAX).contains(&refresh) {
        bail!(
            "`auth.jwks_refresh_seconds` is {refresh}; it must be from {REFRESH_SECONDS_MIN} to \
             {REFRESH_SECONDS_MAX}"
        );
    }
    if !(refresh..=STALE_SECONDS_MAX).contains(&stale) {
        bail!(
            "`auth.jwks_stale_seconds_max` is {stale}; it must be from `auth.jwks_refresh_seconds` \
             ({refresh}) to {STALE_SECONDS_MAX}"
        );
    }
    Ok(())
}

/// Only where nothing else says whose tokens are good.
fn development_secret(auth: &AuthSettings, data_dir: &Path) -> anyhow::Result<Option<[u8; 32]>> {
    if !auth.keys.is_empty() || !auth.jwks_url.is_empty() {
        return Ok(None);
    }
    warn!(
        "neither `auth.keys` nor `auth.jwks_url` is configured: tokens are verified with a \
         development secret in the data directory; `annals token` makes them"
    );
    Ok(Some(secrets::token_secret(data_dir)?))
}

async fn issuer(
    auth: &AuthSettings,
    stopping: &CancellationToken,
) -> anyhow::Result<Arc<IssuerKeys>> {
    let source = Source::new(&auth.jwks_url, auth.jwks_allow_private)?;
    if auth.audience.is_empty() {
        warn!(
            "`auth.audience` is empty: a token that the issuer made for another application is \
             good here, too"
        );
    }
    let seconds = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let stale = SignedDuration::from_secs(seconds(auth.jwks_stale_seconds_max));
    let keys = Arc::new(IssuerKeys::new(stale));
    let fetcher = Fetcher {
        source,
        keys: Arc::clone(&keys),
        refresh: Duration::from_secs(auth.jwks_refresh_seconds),
        now: Arc::new(Timestamp::now),
    };
    let answer = keys.next_answer();
    tokio::spawn(fetcher.run(stopping.clone()));
    // Without an answer the service starts, and refuses tokens that need it until it comes.
    let _ = timeout(FIRST_ANSWER_PATIENCE, answer).await;
    Ok(keys)
}

#[cfg(test)]
mod tests;
