//! Tokens, well made and badly made.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the service under test verifies HS256 with.
pub(crate) const SECRET: &[u8; 32] = b"a secret of thirty-two bytes, ok";

/// So many seconds from now, as tokens write it.
pub(crate) fn in_seconds(seconds: i64) -> i64 {
    jiff::Timestamp::now().as_second() + seconds
}

/// Claims that hold for an hour.
pub(crate) fn claims(sub: &str, tenant: &str, role: &str) -> Value {
    json!({ "sub": sub, "tenant": tenant, "roles": [role], "exp": in_seconds(3600) })
}

/// A token that holds for an hour.
pub(crate) fn token(sub: &str, tenant: &str, role: &str) -> String {
    signed(r#"{"alg":"HS256"}"#, &claims(sub, tenant, role).to_string(), SECRET)
}

/// A token that holds for so many seconds.
pub(crate) fn token_until(seconds: i64, sub: &str, tenant: &str, role: &str) -> String {
    let mut claims = claims(sub, tenant, role);
    claims["exp"] = in_seconds(seconds).into();
    signed(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET)
}

/// A token of this header and these claims, signed with HS256 whatever the header says.
pub(crate) fn signed(header: &str, claims: &str, secret: &[u8]) -> String {
    let content = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
}
