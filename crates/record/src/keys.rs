//! Master key → tenant key → person key.
//!
//! The master key wraps tenant keys; a tenant key wraps its person keys and makes its pseudonyms; a
//! person key seals one owner's data. Only wrapped keys are stored, so destroying one wrapped
//! person key makes all that it sealed unreadable. Keys in memory are wiped when they are dropped,
//! and `Debug` never shows them.

use std::fmt;

use annals_domain::TenantId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::owners::Owner;

/// Length of every key, bytes.
const KEY_LEN: usize = 32;
/// Length of a GCM tag, bytes.
pub(crate) const TAG_LEN: usize = 16;
/// First byte of a wrapped key.
const WRAPPED_VERSION: u8 = 1;
/// Version, nonce, key, tag.
const WRAPPED_LEN: usize = 1 + NONCE_LEN + KEY_LEN + TAG_LEN;

/// RFC 4648 base32 in lower case without padding.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut alphabet = Specification::new();
    alphabet.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    alphabet.encoding().expect("32 distinct letters are an alphabet")
});

/// Names a person's (or a service's) key within a tenant: the pseudonym, 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 20]);

impl KeyId {
    /// The pseudonym as it stands in stream names: base32, lower case, 32 characters.
    pub fn as_text(&self) -> String {
        BASE32.encode(&self.0)
    }

    /// Reads what [`KeyId::as_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut id = [0; 20];
        if text.len() != 32 {
            return None;
        }
        let written = BASE32.decode_mut(text.as_bytes(), &mut id).ok()?;
        (written == id.len()).then_some(Self(id))
    }
}

/// A key sealed under the key above it; safe to store.
///
/// One byte version (1), a random nonce of 12 bytes, then the AES-256-GCM ciphertext with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// A key could not be made, wrapped or unwrapped.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// The operating system gave no random numbers.
    #[error("cannot get random numbers for a new key from the operating system")]
    NoRandomness,
    /// The stored bytes are not a wrapped key.
    #[error("the stored bytes are not a wrapped key; restore the key store from its backup")]
    Malformed,
    /// The key above it is another one, or the bytes were changed.
    #[error(
        "a stored key does not open under the key above it: this is another master key than the \
         one it was stored with, or the key store was changed"
    )]
    WrongKey,
    /// The cipher refused to seal.
    #[error("cannot wrap the key")]
    NotWrapped,
}

/// Wraps tenant keys.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_LEN]);

impl MasterKey {
    /// The key that was read from the key file.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self(*key))
    }

    /// The key itself, for writing the key file.
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Seals a tenant's key for storing.
    pub fn wrap_tenant_key(
        &self,
        tenant: &TenantId,
        key: &TenantKey,
    ) -> Result<WrappedKey, KeyError> {
        wrap(&self.wrapping_key(), &tenant_context(tenant), &key.bytes)
    }

    /// Opens a tenant's stored key.
    pub fn unwrap_tenant_key(
        &self,
        tenant: &TenantId,
        wrapped: &WrappedKey,
    ) -> Result<TenantKey, KeyError> {
        unwrap(&self.wrapping_key(), &tenant_context(tenant), wrapped)
            .map(|key| TenantKey::from_bytes(&key))
    }

    /// A key for another purpose, such as `cursors`; the same purpose always gives the same key,
    /// and no derived key tells anything about another.
    pub fn derive(&self, purpose: &str) -> [u8; KEY_LEN] {
        *derived(&self.0, &["annals derived key v1 ", purpose])
    }

    fn wrapping_key(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derived(&self.0, &["annals wrapping of tenant keys v1"])
    }
}

/// Wraps a tenant's person keys and makes its pseudonyms.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TenantKey {
    bytes: [u8; KEY_LEN],
    wrapping: [u8; KEY_LEN],
    pseudonyms: [u8; KEY_LEN],
}

impl TenantKey {
    /// A new random key.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self::from_bytes(&key))
    }

    pub(crate) fn from_bytes(bytes: &[u8; KEY_LEN]) -> Self {
        Self {
            bytes: *bytes,
            wrapping: *derived(bytes, &["annals wrapping of person keys v1"]),
            pseudonyms: *derived(bytes, &["annals pseudonyms v1"]),
        }
    }

    /// The owner's pseudonym, which also names the owner's key. Without the tenant key nobody can
    /// tell whose it is, not even by trying all names.
    pub fn pseudonym(&self, owner: &Owner<'_>) -> KeyId {
        let (kind, id) = match owner {
            Owner::Person(id) => ("person", *id),
            Owner::Service(id) => ("service", *id),
            Owner::Tenant => ("tenant", ""),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.pseudonyms);
        let mut mac = hmac::Context::with_key(&key);
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(id.as_bytes());
        let mut pseudonym = [0; 20];
        pseudonym.copy_from_slice(&mac.sign().as_ref()[..20]);
        KeyId(pseudonym)
    }

    /// Seals a person's key for storing.
    pub fn wrap_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
        key: &PersonKey,
    ) -> Result<WrappedKey, KeyError> {
        wrap(&self.wrapping, &person_context(tenant, id), &key.0)
    }

    /// Opens a person's stored key.
    pub fn unwrap_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
        wrapped: &WrappedKey,
    ) -> Result<PersonKey, KeyError> {
        unwrap(&self.wrapping, &person_context(tenant, id), wrapped).map(|key| PersonKey(*key))
    }
}

/// Seals one owner's data: a person's, a service's, or the tenant's own facts.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PersonKey([u8; KEY_LEN]);

impl PersonKey {
    /// A new random key.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self(*key))
    }

    #[cfg(test)]
    pub(crate) fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// Compares in a time that tells nothing.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    pub(crate) fn cipher(&self) -> LessSafeKey {
        cipher(&self.0)
    }

    /// HMAC-SHA-256 under this key.
    pub(crate) fn mac(&self, content: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), content)
    }
}

macro_rules! hide_in_debug {
    ($($key:ident)+) => {$(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($key), "(hidden)"))
            }
        }
    )+};
}
hide_in_debug! { MasterKey TenantKey PersonKey }

fn random_key() -> Result<Zeroizing<[u8; KEY_LEN]>, KeyError> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    rand::fill(key.as_mut_slice()).map_err(|_| KeyError::NoRandomness)?;
    Ok(key)
}

/// HKDF-SHA-256 without salt; `info` says what the result is for.
fn derived(key: &[u8; KEY_LEN], info: &[&str]) -> Zeroizing<[u8; KEY_LEN]> {
    let info: Vec<&[u8]> = info.iter().map(|part| part.as_bytes()).collect();
    let mut out = Zeroizing::new([0; KEY_LEN]);
    hkdf::Salt::none(hkdf::HKDF_SHA256)
        .extract(key)
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .expect("HKDF-SHA-256 gives 32 bytes for any input");
    out
}

fn cipher(key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are the length of an AES-256 key"),
    )
}

/// Binds a wrapped tenant key to its tenant.
fn tenant_context(tenant: &TenantId) -> Vec<u8> {
    format!("annals tenant key v1\0{tenant}").into_bytes()
}

/// Binds a wrapped person key to its tenant and pseudonym.
fn person_context(tenant: &TenantId, id: &KeyId) -> Vec<u8> {
    let mut context = format!("annals person key v1\0{tenant}\0").into_bytes();
    context.extend_from_slice(&id.0);
    context
}

fn wrap(
    under: &[u8; KEY_LEN],
    context: &[u8],
    key: &[u8; KEY_LEN],
) -> Result<WrappedKey, KeyError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
    let mut sealed = Zeroizing::new(*key);
    let tag = cipher(under)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            sealed.as_mut_slice(),
        )
        .map_err(|_| KeyError::NotWrapped)?;
    let mut wrapped = Vec::with_capacity(WRAPPED_LEN);
    wrapped.push(WRAPPED_VERSION);
    wrapped.extend_from_slice(&nonce);
    wrapped.extend_from_slice(sealed.as_slice());
    wrapped.extend_from_slice(tag.as_ref());
    Ok(WrappedKey(wrapped))
}

fn unwrap(
    under: &[u8; KEY_LEN],
    context: &[u8],
    wrapped: &WrappedKey,
) -> Result<Zeroizing<[u8; KEY_LEN]>, KeyError> {
    let (&[WRAPPED_VERSION], rest) = wrapped.0.split_first_chunk().ok_or(KeyError::Malformed)?
    else {
        return Err(KeyError::Malformed);
    };
    let (nonce, sealed) = rest.split_first_chunk().ok_or(KeyError::Malformed)?;
    if sealed.len() != KEY_LEN + TAG_LEN {
        return Err(KeyError::Malformed);
    }
    let mut buffer = Zeroizing::new([0; KEY_LEN + TAG_LEN]);
    buffer.copy_from_slice(sealed);
    let opened = cipher(under)
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            buffer.as_mut_slice(),
        )
        .map_err(|_| KeyError::WrongKey)?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    key.copy_from_slice(opened);
    Ok(key)
}
