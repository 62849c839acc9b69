//! The stored form of the root key: what wraps it, and since when.
//!
//! JSON, so that an operator can read in it which key is needed. Everything in it is bound to the sealed
//! key through [`RootForm::context`], so that nothing in it can be changed unnoticed.

use aws_lc_rs::{digest, rand};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::KeyError;

/// The most bytes the stored form may have.
pub const ROOT_FORM_BYTES_MAX: usize = 16 * 1024;
/// Version of the form.
const VERSION: u32 = 1;

/// The root key as it is stored: a [`RootForm`] in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRoot(pub Vec<u8>);

/// What is said of a wrapped root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootForm {
    /// Names the installation; random, and the same for ever.
    pub installation: [u8; 32],
    /// Which provider wraps it: `file`, `environment`, `vault`, `aws_kms`.
    pub provider: String,
    /// Which of the provider's keys.
    pub key_id: String,
    /// When it was wrapped (RFC 3339).
    pub wrapped_at: String,
    /// What the provider made of the key.
    pub sealed: Vec<u8>,
}

/// The form as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    annals_root_key: u32,
    installation: String,
    provider: String,
    key_id: String,
    wrapped_at: String,
    sealed: String,
}

impl RootForm {
    /// What will be sealed for an installation; [`RootForm::sealed`] is empty still.
    pub fn unsealed(installation: [u8; 32], provider: &str, key_id: &str, now: &str) -> Self {
        let (provider, key_id) = (provider.to_owned(), key_id.to_owned());
        Self { installation, provider, key_id, wrapped_at: now.to_owned(), sealed: Vec::new() }
    }

    /// A name for a new installation.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn new_installation() -> Result<[u8; 32], KeyError> {
        let mut name = [0; 32];
        rand::fill(&mut name).map_err(|_| KeyError::NoRandomness)?;
        Ok(name)
    }

    /// Binds the sealed key to everything else in the form: SHA-256 over the fields, each with its
    /// length before it (8 bytes, big endian).
    pub fn context(&self) -> [u8; 32] {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"annals root key v1\0");
        let texts = [&self.provider, &self.key_id, &self.wrapped_at].map(|text| text.as_bytes());
        for field in [&self.installation[..]].into_iter().chain(texts) {
            hash.update(&(field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let mut context = [0; 32];
        context.copy_from_slice(hash.finish().as_ref());
        context
    }

    /// The form as it is stored.
    pub fn to_stored(&self) -> WrappedRoot {
        let json = Json {
            annals_root_key: VERSION,
            installation: HEXLOWER.encode(&self.installation),
            provider: self.provider.clone(),
            key_id: self.key_id.clone(),
            wrapped_at: self.wrapped_at.clone(),
            sealed: BASE64.encode(&self.sealed),
        };
        WrappedRoot(serde_json::to_vec(&json).expect("texts become JSON"))
    }

    /// Reads what [`RootForm::to_stored`] wrote.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for anything else.
    pub fn read(stored: &WrappedRoot) -> Result<Self, KeyError> {
        if stored.0.len() > ROOT_FORM_BYTES_MAX {
            return Err(KeyError::Malformed);
        }
        let json: Json = serde_json::from_slice(&stored.0).map_err(|_| KeyError::Malformed)?;
        let installation = HEXLOWER.decode(json.installation.as_bytes()).ok();
        let installation = installation.and_then(|bytes| bytes.try_into().ok());
        let sealed = BASE64.decode(json.sealed.as_bytes()).map_err(|_| KeyError::Malformed)?;
        let form = Self {
            installation: installation.ok_or(KeyError::Malformed)?,
            provider: json.provider,
            key_id: json.key_id,
            wrapped_at: json.wrapped_at,
            sealed,
        };
        // One form only: white space or escapes would be another way to write the same.
        let same = json.annals_root_key == VERSION && form.to_stored() == *stored;
        same.then_some(form).ok_or(KeyError::Malformed)
    }
}
