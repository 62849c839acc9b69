//! A master key whose bytes are at hand: out of a file or the environment.

use data_encoding::HEXLOWER;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{KEY_LEN, KeyError, RootKey, derived, open_sealed, random_key, seal_bytes};

/// First byte of a root key that is wrapped by this one.
const FORM: u8 = 1;

/// Wraps the root key, and nothing else.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_LEN]);

impl MasterKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self(*key))
    }

    /// Tells this key from others and nothing about it: 16 hexadecimal digits.
    pub fn id(&self) -> String {
        HEXLOWER.encode(&derived(&self.0, &["annals master key id v1"])[..8])
    }

    /// The root key of an installation that is older than root keys: there the master key was in its
    /// place, so both have the same bytes, and everything derived stays as it was.
    pub fn as_root_key(&self) -> RootKey {
        RootKey::from_bytes(self.0)
    }

    /// Seals a root key; it opens under the same context alone.
    ///
    /// One byte form (1), a random nonce of 12 bytes, then the AES-256-GCM ciphertext with its tag.
    ///
    /// # Errors
    /// When the operating system gives no random numbers, or the cipher refuses.
    pub fn wrap_root_key(&self, context: &[u8; 32], root: &RootKey) -> Result<Vec<u8>, KeyError> {
        let under = derived(&self.0, &["annals wrapping of root keys v1"]);
        seal_bytes(&under, &[FORM], context, root.expose()).map(|wrapped| wrapped.0)
    }

    /// Opens what [`MasterKey::wrap_root_key`] sealed.
    ///
    /// # Errors
    /// When it was sealed under another key or context, or was changed.
    pub fn unwrap_root_key(&self, context: &[u8; 32], wrapped: &[u8]) -> Result<RootKey, KeyError> {
        let Some((&FORM, sealed)) = wrapped.split_first() else { return Err(KeyError::Malformed) };
        let under = derived(&self.0, &["annals wrapping of root keys v1"]);
        let opened = open_sealed(&under, context, sealed)?;
        let bytes = opened.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        Ok(RootKey::from_bytes(bytes))
    }
}
