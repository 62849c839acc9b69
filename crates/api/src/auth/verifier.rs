//! Verifying JSON Web Tokens (RFC 7519).
//!
//! Each key is for one algorithm, told by the configuration or by the key itself, so a token cannot
//! choose how it is verified: `none` and the confusion of public keys with secrets are impossible by
//! construction.

mod cache;
mod development;
mod error;
mod expectations;
pub(super) mod json;
pub(super) mod key;
mod key_file;
pub(super) mod parts;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

pub use development::sign_development_token;
pub use error::{KeyError, TokenError};
pub use expectations::Expectations;
pub use key_file::KeySettings;

use super::claims::Claims;
use super::jwks::{IssuerKeys, KeysInUse};
use cache::{TokenDigest, VerifiedBy, VerifiedTokens};
use key::Key;
use parts::Parts;

/// Longer tokens are refused unread.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How long a caller with an unknown key waits for the issuer's answer.
const ISSUER_PATIENCE: Duration = Duration::from_secs(5);

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Verifies tokens with the configured keys, and with those that the issuer publishes.
pub struct Verifier {
    keys: Vec<Key>,
    issuer: Option<Arc<IssuerKeys>>,
    expectations: Expectations,
    verified: VerifiedTokens,
    now: Now,
}

impl Verifier {
    /// Reads the key files, and adds the development secret when there is one.
    pub fn new(
        settings: &[KeySettings],
        development_secret: Option<&[u8]>,
        expectations: &Expectations,
    ) -> Result<Self, KeyError> {
        let keys: Result<Vec<Key>, KeyError> = settings.iter().map(key_file::read).collect();
        let mut keys = keys?;
        keys.extend(development_secret.map(|secret| Key::secret(None, secret)));
        Ok(Self {
            keys,
            issuer: None,
            expectations: expectations.clone(),
            verified: VerifiedTokens::new(),
            now: Arc::new(Timestamp::now),
        })
    }

    /// Takes tokens of the issuer, too.
    #[must_use]
    pub fn with_issuer(mut self, issuer: Arc<IssuerKeys>) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// Takes the time from elsewhere than the system.
    #[must_use]
    pub fn with_clock(mut self, now: Now) -> Self {
        self.now = now;
        self
    }

    /// Until when a token holds, as this verifier sees it.
    pub fn end_of(&self, claims: &Claims) -> Timestamp {
        self.expectations.end_of(claims)
    }

    /// Verifies a token and returns what it says. A key that is not known is asked for, but not
    /// waited for.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let now = (self.now)();
        let issued = self.issuer.as_ref().and_then(|issuer| issuer.in_use(now));
        let digest = cache::digest_of(token);
        let claims = match self.verified_before(&digest, issued.as_deref()) {
            Some(claims) => claims,
            None => self.verify_anew(token, digest, issued.as_deref(), now)?,
        };
        self.expectations.check_time(&claims, now)?;
        Ok(claims)
    }

    /// Verifies a token; when its key is not known and the issuer is being asked, waits for the
    /// answer, for a bounded time.
    pub async fn verify_patiently(&self, token: &str) -> Result<Claims, TokenError> {
        match (self.verify(token), &self.issuer) {
            (Err(TokenError::NoKey), Some(issuer)) => {
                let answer = issuer.next_answer();
                // Asked about only now: an answer that came before this line is known already.
                if issuer.is_asked() {
                    // In time or not: what is known then decides.
                    let _ = timeout(ISSUER_PATIENCE, answer).await;
                }
                self.verify(token)
            }
            (done, _) => done,
        }
    }

    fn verified_before(&self, token: &TokenDigest, issued: Option<&KeysInUse>) -> Option<Claims> {
        self.verified.get(token, |by| match by {
            VerifiedBy::Configured => true,
            VerifiedBy::Issuer(revision) => issued.is_some_and(|keys| keys.revision == revision),
        })
    }

    fn verify_anew(
        &self,
        token: &str,
        digest: TokenDigest,
        issued: Option<&KeysInUse>,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let parts = Parts::of(token)?;
        let by = match self.signer_of(&parts, issued) {
            Err(TokenError::NoKey) => {
                if let (Some(issuer), Some(_)) = (&self.issuer, &parts.kid) {
                    issuer.ask(now);
                }
                return Err(TokenError::NoKey);
            }
            found => found?,
        };
        let claims: Claims = parts.claims()?;
        self.expectations.check(&claims)?;
        self.expectations.check_time(&claims, now)?;
        self.verified.put(digest, token.len(), &claims, by);
        Ok(claims)
    }

    /// Whose signature it is. How many keys can fit one token is bounded: those of the configuration
    /// are few, and of an issuer's only some are taken that do not tell their name.
    fn signer_of(
        &self,
        parts: &Parts<'_>,
        issued: Option<&KeysInUse>,
    ) -> Result<VerifiedBy, TokenError> {
        let configured = self.keys.iter().map(|key| (key, VerifiedBy::Configured));
        let issued = issued
            .into_iter()
            .flat_map(|keys| keys.keys.iter().map(|key| (key, VerifiedBy::Issuer(keys.revision))));
        let mut refusal = TokenError::NoKey;
        for (key, by) in configured.chain(issued) {
            if !key.fits(parts.algorithm, parts.kid.as_deref()) {
                continue;
            }
            if key.signed(parts.signed, &parts.signature) {
                return Ok(by);
            }
            refusal = TokenError::Signature;
        }
        Err(refusal)
    }
}

#[cfg(test)]
mod tests;
