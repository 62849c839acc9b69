//! Sealing bytes that are kept for a while beside the log: events that were refused, and events that
//! wait for the log.
//!
//! The keys follow from the root key alone, so that both can be kept while the store of keys cannot
//! be reached, and what was kept can be read when it is gone.

use annals_domain::TenantId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};

use crate::keys::{KeyError, RootKey, TAG_LEN};

/// First byte of what is sealed.
const VERSION: u8 = 1;

/// 32 bytes that nobody can guess, for a secret that is to be kept sealed.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn fresh_secret() -> Result<[u8; 32], KeyError> {
    let mut secret = [0; 32];
    rand::fill(&mut secret).map_err(|_| KeyError::NoRandomness)?;
    Ok(secret)
}

/// Seals and names what is kept of one tenant for one purpose.
pub struct EnvelopeKey {
    cipher: LessSafeKey,
    names: hmac::Key,
}

impl RootKey {
    /// The key for what is kept of a tenant for a purpose, such as `quarantine`.
    pub fn envelope_key(&self, purpose: &str, tenant: &TenantId) -> EnvelopeKey {
        let derive = |use_of| self.derive(&format!("envelope {use_of}\0{purpose}\0{tenant}"));
        let cipher = UnboundKey::new(&AES_256_GCM, derive("sealing").as_slice());
        EnvelopeKey {
            cipher: LessSafeKey::new(cipher.expect("32 bytes are the length of an AES-256 key")),
            names: hmac::Key::new(hmac::HMAC_SHA256, derive("names").as_slice()),
        }
    }
}

impl EnvelopeKey {
    /// Seals bytes; they open under the same context alone.
    ///
    /// One byte version (1), a random nonce of 12 bytes, the AES-256-GCM ciphertext with its tag.
    ///
    /// # Errors
    /// When the operating system gives no random numbers, or the cipher refuses.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
        let start = 1 + NONCE_LEN;
        let mut sealed = Vec::with_capacity(start + plain.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(nonce, Aad::from(context), &mut sealed[start..])
            .map_err(|_| KeyError::NotWrapped)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`EnvelopeKey::seal`] sealed under the same context.
    ///
    /// # Errors
    /// When it was sealed under another root key or context, or was changed.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (&[VERSION], rest) = sealed.split_first_chunk().ok_or(KeyError::Malformed)? else {
            return Err(KeyError::Malformed);
        };
        let (nonce, rest) = rest.split_first_chunk().ok_or(KeyError::Malformed)?;
        let mut buffer = rest.to_vec();
        let opened = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut buffer)
            .map_err(|_| KeyError::WrongKey)?;
        let length = opened.len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// Names bytes, so that the same can be told from others; without the key the name says nothing
    /// about them.
    pub fn name(&self, kind: &str, bytes: &[u8]) -> [u8; 16] {
        let mut mac = hmac::Context::with_key(&self.names);
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(bytes);
        *mac.sign().as_ref().first_chunk().expect("an HMAC-SHA-256 has 32 bytes")
    }
}

#[cfg(test)]
mod tests;
