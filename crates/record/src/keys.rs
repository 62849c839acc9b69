//! Master key → root key → tenant key → person key.
//!
//! The master key wraps the root key and nothing else, so it can be exchanged. The root key wraps tenant
//! keys; a tenant key wraps its person keys and makes its pseudonyms; a person key seals one owner's
//! data. Only wrapped keys are stored, so destroying one wrapped person key makes all that it sealed
//! unreadable. Keys in memory are wiped when they are dropped, and `Debug` never shows them.
//! `docs/keys.md` has the whole picture.

mod master;
mod root;
mod tenant;
mod wrapped_root;

pub use master::MasterKey;
pub use root::RootKey;
pub use tenant::{FIRST_VERSION, TenantKey, VERSIONS_MAX, version_of};
pub use wrapped_root::{ROOT_FORM_BYTES_MAX, RootForm, WrappedRoot};

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use data_encoding::{Encoding, HEXLOWER, Specification};
use std::sync::LazyLock;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of every key, bytes.
const KEY_LEN: usize = 32;
/// Length of a GCM tag, bytes.
pub(crate) const TAG_LEN: usize = 16;
/// So many bytes tell a key from others.
const CHECK_LEN: usize = 16;
/// The most bytes that are sealed at once: those of a tenant's key with all its versions, and more.
const SEALED_MAX: usize = 1024;

/// RFC 4648 base32 in lower case without padding.
pub(crate) static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
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
/// One byte form, for some forms a version (4 bytes, big endian), a random nonce of 12 bytes, then the
/// AES-256-GCM ciphertext with its tag.
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
        "a stored key does not open under the key above it: this is another key than the one it was \
         stored with, or the key store was changed; restore the key store from its backup"
    )]
    WrongKey,
    /// The tenant's key does not have the version that wraps it.
    #[error(
        "a person's key is wrapped by a version of the tenant's key that is not there; restore the \
         key store from its backup"
    )]
    UnknownVersion,
    /// The tenant's key has as many versions as it may have.
    #[error(
        "the tenant's key has {VERSIONS_MAX} versions, which is the most; wait until older ones are \
         retired, `annals keys status` tells"
    )]
    TooManyVersions,
    /// The cipher refused to seal.
    #[error("cannot wrap the key")]
    NotWrapped,
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
    pub fn is_same(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    pub(crate) fn cipher(&self) -> LessSafeKey {
        cipher(&self.0)
    }

    /// Tells this key from every other, and nothing else of it, so that a ledger of erasures can say which
    /// key was destroyed: the first 16 bytes of HMAC-SHA-256 over `annals erased key v1`, hexadecimal.
    pub fn check(&self) -> String {
        HEXLOWER.encode(&self.mac(b"annals erased key v1").as_ref()[..CHECK_LEN])
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
hide_in_debug! { MasterKey RootKey TenantKey PersonKey }

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

/// Seals bytes after a prefix, which says how they are sealed: prefix, nonce, ciphertext, tag.
fn seal_bytes(
    under: &[u8; KEY_LEN],
    prefix: &[u8],
    context: &[u8],
    plain: &[u8],
) -> Result<WrappedKey, KeyError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
    let mut sealed = Zeroizing::new(plain.to_vec());
    let tag = cipher(under)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            sealed.as_mut_slice(),
        )
        .map_err(|_| KeyError::NotWrapped)?;
    Ok(WrappedKey([prefix, &nonce, &sealed, tag.as_ref()].concat()))
}

/// Opens what [`seal_bytes`] made, without the prefix.
fn open_sealed(
    under: &[u8; KEY_LEN],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (nonce, sealed) = sealed.split_first_chunk().ok_or(KeyError::Malformed)?;
    if sealed.len() < KEY_LEN + TAG_LEN || sealed.len() > SEALED_MAX {
        return Err(KeyError::Malformed);
    }
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let opened = cipher(under)
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            buffer.as_mut_slice(),
        )
        .map_err(|_| KeyError::WrongKey)?;
    let length = opened.len();
    buffer.truncate(length);
    Ok(buffer)
}
