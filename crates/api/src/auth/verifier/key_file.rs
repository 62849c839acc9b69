//! Keys from files, as the configuration names them.

use std::path::PathBuf;

use jsonwebtoken::DecodingKey;
use serde::Deserialize;

use super::error::KeyError;
use super::key::Key;

/// Shorter secrets can be guessed.
const SECRET_BYTES_MIN: usize = 32;

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

/// Reads a key.
pub(super) fn read(settings: &KeySettings) -> Result<Key, KeyError> {
    type FromPem = fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>;
    type FromBytes = fn(Option<String>, &[u8]) -> Option<Key>;
    let file = &settings.file;
    let bytes = std::fs::read(file)
        .map_err(|source| KeyError::Unreadable { file: file.clone(), source })?;
    let (from_pem, from_bytes): (FromPem, FromBytes) = match settings.algorithm.as_str() {
        "HS256" => {
            let secret = bytes.trim_ascii();
            if secret.len() < SECRET_BYTES_MIN {
                return Err(KeyError::WeakSecret(file.clone()));
            }
            return Ok(Key::secret(settings.kid.clone(), secret));
        }
        "RS256" => (DecodingKey::from_rsa_pem, Key::rsa_der),
        "ES256" => (DecodingKey::from_ec_pem, Key::p256_point),
        "EdDSA" => (DecodingKey::from_ed_pem, Key::ed25519),
        other => return Err(KeyError::UnknownAlgorithm(other.into())),
    };
    let key = from_pem(&bytes).ok();
    let key = key.and_then(|key| from_bytes(settings.kid.clone(), key.try_get_as_bytes().ok()?));
    key.ok_or_else(|| KeyError::NotAKey {
        file: file.clone(),
        algorithm: settings.algorithm.clone(),
    })
}
