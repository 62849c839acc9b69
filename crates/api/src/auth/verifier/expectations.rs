//! What the claims of a token must say.

use jiff::Timestamp;
use serde_json::Value;

use super::error::TokenError;
use crate::auth::claims::Claims;
use crate::credentials::api_keys::CALLER_PREFIX;

/// A subject longer than this cannot be an actor's id either.
const SUBJECT_BYTES_MAX: usize = 512;
/// A token's id longer than this cannot be revoked either.
const TOKEN_ID_BYTES_MAX: usize = 512;

/// What every token must say.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// `iss`, when configured.
    pub issuer: Option<String>,
    /// `aud`, when configured.
    pub audience: Option<String>,
    /// How far clocks may differ, seconds.
    pub clock_skew_seconds: u64,
    /// How long a token may hold from `iat` to `exp`, seconds; 0: not looked at.
    pub token_lifetime_seconds_max: u64,
}

impl Expectations {
    /// Checks everything but the time, which goes on.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), TokenError> {
        let refuse = |what| Err(TokenError::Claims(what));
        if !is_name(&claims.sub, SUBJECT_BYTES_MAX) {
            return refuse("`sub` is empty, too long or holds control characters");
        }
        if claims.sub.starts_with(CALLER_PREFIX) {
            return refuse("`sub` is the name of an API key");
        }
        if claims.jti.as_ref().is_some_and(|id| !is_name(id, TOKEN_ID_BYTES_MAX)) {
            return refuse("`jti` is empty, too long or holds control characters");
        }
        if claims.tenant.list().is_empty() {
            return refuse("`tenant` names none");
        }
        if self.issuer.is_some() && claims.iss != self.issuer {
            return refuse("`iss` is another");
        }
        if let Some(audience) = &self.audience
            && !claims.aud.as_ref().is_some_and(|aud| is_for(aud, audience))
        {
            return refuse("`aud` is another");
        }
        self.check_lifetime(claims)
    }

    fn check_lifetime(&self, claims: &Claims) -> Result<(), TokenError> {
        if self.token_lifetime_seconds_max == 0 {
            return Ok(());
        }
        let Some(made) = claims.iat else {
            return Err(TokenError::Claims("`iat` is missing, so its lifetime is not known"));
        };
        let lifetime = claims.exp.saturating_sub(made);
        if u64::try_from(lifetime).is_ok_and(|held| held > self.token_lifetime_seconds_max) {
            return Err(TokenError::Claims("it holds for too long"));
        }
        Ok(())
    }

    /// Checks the time: to be done at every use.
    pub(super) fn check_time(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
        let (now, skew) = (now.as_second(), self.skew());
        if now >= claims.exp.saturating_add(skew) {
            return Err(TokenError::Expired);
        }
        let latest = now.saturating_add(skew);
        if claims.nbf.is_some_and(|begin| begin > latest) {
            return Err(TokenError::Claims("it does not hold yet"));
        }
        if claims.iat.is_some_and(|made| made > latest) {
            return Err(TokenError::Claims("it was made in the future"));
        }
        Ok(())
    }

    /// Until when a token holds, clocks that differ allowed for.
    pub(super) fn end_of(&self, claims: &Claims) -> Timestamp {
        let end = claims.exp.saturating_add(self.skew());
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    }

    fn skew(&self) -> i64 {
        i64::try_from(self.clock_skew_seconds).unwrap_or(i64::MAX)
    }
}

fn is_name(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// `aud` is one receiver, or a list of them (RFC 7519, 4.1.3).
fn is_for(aud: &Value, audience: &str) -> bool {
    match aud {
        Value::String(one) => one == audience,
        Value::Array(all) => {
            all.iter().all(Value::is_string) && all.iter().any(|one| one == audience)
        }
        _ => false,
    }
}
