//! A token taken apart (RFC 7515, 3.1): what its header demands is settled here, before any key is
//! touched.

use data_encoding::BASE64URL_NOPAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::error::TokenError;
use super::json;
use super::key::Algorithm;

/// Longer key names are refused, in tokens and in keys.
pub(crate) const KID_BYTES_MAX: usize = 200;

/// What a token may say that it is (RFC 7519, 5.1; RFC 9068, 2.1), in any case of letters.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// A token whose form and header are right. Nothing in it is to be believed yet.
pub(super) struct Parts<'t> {
    /// What it is said to be signed with.
    pub(super) algorithm: Algorithm,
    /// Which key it is said to be signed with.
    pub(super) kid: Option<String>,
    /// What was signed.
    pub(super) signed: &'t [u8],
    /// The signature.
    pub(super) signature: Vec<u8>,
    claims: &'t str,
}

/// What we look at in a header. Where it offers keys (`jku`, `x5u`, `jwk`, `x5c`) is not among it.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    cty: Option<String>,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
    #[serde(default, deserialize_with = "present")]
    enc: bool,
    #[serde(default, deserialize_with = "present")]
    zip: bool,
}

impl<'t> Parts<'t> {
    /// Takes a token apart.
    pub(super) fn of(token: &'t str) -> Result<Self, TokenError> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed("it does not have three parts"));
        };
        let signed = &token.as_bytes()[..header.len() + 1 + claims.len()];
        let signature = decoded(signature)?;
        let header: Header = json::unambiguous(&decoded(header)?)
            .map_err(|_| TokenError::Malformed("its header is not as it should be"))?;
        let algorithm = header.checked()?;
        Ok(Self { algorithm, kid: header.kid, signed, signature, claims })
    }

    /// What the token says; only to be asked for once its signature was verified.
    pub(super) fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<T, TokenError> {
        json::unambiguous(&decoded(self.claims)?)
            .map_err(|_| TokenError::Claims("they are not as they should be"))
    }
}

impl Header {
    fn checked(&self) -> Result<Algorithm, TokenError> {
        if self.crit || self.b64 {
            return Err(TokenError::Header("it demands an extension"));
        }
        if self.enc || self.zip {
            return Err(TokenError::Header("it is one of an encrypted token"));
        }
        let is_type = |word: &String| TYPES.iter().any(|known| word.eq_ignore_ascii_case(known));
        if self.typ.as_ref().is_some_and(|typ| !is_type(typ)) {
            return Err(TokenError::Header("its `typ` is another"));
        }
        if self.cty.as_ref().is_some_and(is_type) {
            return Err(TokenError::Header("the token holds another token"));
        }
        if self.kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(TokenError::Header("its `kid` is too long"));
        }
        Algorithm::named(&self.alg).ok_or(TokenError::Header("its `alg` is not supported"))
    }
}

/// Strictly: no padding, no other alphabet, no spare bits.
fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| TokenError::Malformed("a part is not base64url"))
}

/// True when a member is there, whatever it holds.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
