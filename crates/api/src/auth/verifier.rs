//! Verifying JSON Web Tokens (RFC 7519).
//!
//! Each key is for one algorithm, named in the configuration, so a token cannot choose how it is
//! verified: `none` and the confusion of public keys with secrets are impossible by construction.

use std::path::PathBuf;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header,
};
use serde::Deserialize;

use super::claims::Claims;

/// Longer tokens are refused unread.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Longer key names are refused.
const KID_BYTES_MAX: usize = 200;
/// A subject longer than this cannot be an actor's id either.
const SUBJECT_BYTES_MAX: usize = 512;

/// `[[auth.keys]]`: a key that tokens are verified with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// `HS256`, `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// PEM file of the public key; for HS256 a file with the secret.
    pub file: PathBuf,
    /// Only for tokens that name this key (`kid`); for all of the algorithm when absent.
    pub kid: Option<String>,
}

/// Why a token was refused. Callers are told one sentence for all; the log tells which.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No token.
    #[error("no token")]
    Missing,
    /// Too long, or not three parts.
    #[error("not a token")]
    Malformed,
    /// The header demands that something be understood which is not (`crit`, RFC 7515 4.1.11).
    #[error("the token demands an extension")]
    Extension,
    /// No key is configured for what the header says.
    #[error("no key for the token's algorithm and key name")]
    NoKey,
    /// The signature, a date or another claim is wrong.
    #[error("the token is refused")]
    Refused(#[from] jsonwebtoken::errors::Error),
}

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the key file `{file}`")]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a key for the algorithm.
    #[error("`{file}` is not a key for {algorithm}; public keys are PEM files")]
    NotAKey {
        /// Which.
        file: PathBuf,
        /// For what.
        algorithm: String,
    },
    /// The algorithm is none of the supported.
    #[error("`{0}` is not supported; use HS256, RS256, ES256 or EdDSA")]
    UnknownAlgorithm(String),
    /// A secret is too short to resist guessing.
    #[error("the secret in `{0}` has fewer than 32 bytes; make one with `openssl rand -hex 32`")]
    WeakSecret(PathBuf),
}

struct Key {
    kid: Option<String>,
    decoding: DecodingKey,
    validation: Validation,
}

/// Verifies tokens with the configured keys.
pub struct Verifier {
    keys: Vec<Key>,
    leeway_seconds: i64,
}

/// What every token must say.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// `iss`, when configured.
    pub issuer: Option<String>,
    /// `aud`, when configured.
    pub audience: Option<String>,
    /// How far clocks may differ, seconds.
    pub clock_skew_seconds: u64,
}

impl Verifier {
    /// Reads the key files, and adds the development secret when there is one.
    pub fn new(
        settings: &[KeySettings],
        development_secret: Option<&[u8]>,
        expectations: &Expectations,
    ) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for key in settings {
            let (algorithm, decoding) = read_key(key)?;
            let validation = validation(algorithm, expectations);
            keys.push(Key { kid: key.kid.clone(), decoding, validation });
        }
        if let Some(secret) = development_secret {
            let validation = validation(Algorithm::HS256, expectations);
            keys.push(Key { kid: None, decoding: DecodingKey::from_secret(secret), validation });
        }
        let leeway = i64::try_from(expectations.clock_skew_seconds).unwrap_or(i64::MAX);
        Ok(Self { keys, leeway_seconds: leeway })
    }

    /// Until when a token holds, as this verifier sees it.
    pub fn end_of(&self, claims: &Claims) -> jiff::Timestamp {
        let end = claims.exp.saturating_add(self.leeway_seconds);
        jiff::Timestamp::from_second(end).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Verifies a token and returns what it says.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let header = decode_header(token)?;
        if header.kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(TokenError::Malformed);
        }
        if header.crit.is_some() {
            return Err(TokenError::Extension);
        }
        let fits = |key: &&Key| {
            key.validation.algorithms.contains(&header.alg)
                && (key.kid.is_none() || key.kid == header.kid)
        };
        let mut refusal = TokenError::NoKey;
        for key in self.keys.iter().filter(fits) {
            match decode::<Claims>(token, &key.decoding, &key.validation) {
                Ok(data) => return checked(data.claims),
                Err(error) => refusal = error.into(),
            }
        }
        Err(refusal)
    }
}

fn checked(claims: Claims) -> Result<Claims, TokenError> {
    let subject = &claims.sub;
    let well_formed = (1..=SUBJECT_BYTES_MAX).contains(&subject.len())
        && !subject.chars().any(char::is_control)
        && !claims.tenant.list().is_empty();
    if well_formed { Ok(claims) } else { Err(TokenError::Malformed) }
}

fn validation(algorithm: Algorithm, expectations: &Expectations) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = expectations.clock_skew_seconds;
    match &expectations.issuer {
        Some(issuer) => {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".into());
        }
        None => validation.iss = None,
    }
    match &expectations.audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".into());
        }
        None => validation.validate_aud = false,
    }
    validation
}

fn read_key(settings: &KeySettings) -> Result<(Algorithm, DecodingKey), KeyError> {
    let file = &settings.file;
    let bytes = std::fs::read(file)
        .map_err(|source| KeyError::Unreadable { file: file.clone(), source })?;
    let not_a_key =
        |_| KeyError::NotAKey { file: file.clone(), algorithm: settings.algorithm.clone() };
    match settings.algorithm.as_str() {
        "HS256" => {
            let secret = bytes.trim_ascii();
            if secret.len() < 32 {
                return Err(KeyError::WeakSecret(file.clone()));
            }
            Ok((Algorithm::HS256, DecodingKey::from_secret(secret)))
        }
        "RS256" => Ok((Algorithm::RS256, DecodingKey::from_rsa_pem(&bytes).map_err(not_a_key)?)),
        "ES256" => Ok((Algorithm::ES256, DecodingKey::from_ec_pem(&bytes).map_err(not_a_key)?)),
        "EdDSA" => Ok((Algorithm::EdDSA, DecodingKey::from_ed_pem(&bytes).map_err(not_a_key)?)),
        other => Err(KeyError::UnknownAlgorithm(other.into())),
    }
}

/// Signs a token with the development secret.
pub fn sign_development_token(claims: &Claims, secret: &[u8]) -> Result<String, TokenError> {
    let header = Header::new(Algorithm::HS256);
    Ok(jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret))?)
}
