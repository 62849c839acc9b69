//! Makes the pseudonyms that masking leaves in place of values.

use aws_lc_rs::hmac;

use crate::keys::BASE32;

/// Bytes of a pseudonym: too many to meet the same one by chance.
const PSEUDONYM_BYTES: usize = 16;

/// A tenant's key for masking; from [`crate::TenantKey::masking_key`].
#[derive(Clone)]
pub struct MaskingKey(pub(crate) hmac::Key);

impl MaskingKey {
    /// What stands for a value that a rule of that name hides: HMAC-SHA-256 over the name's length
    /// (one byte), the name and the value, the first 16 bytes in base32, lower case, 26 characters.
    /// The same for the same two; without the key nobody can tell which value it is, not even by
    /// trying all.
    pub fn pseudonym(&self, rule: &str, value: &str) -> String {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(&[u8::try_from(rule.len()).unwrap_or(u8::MAX)]);
        mac.update(rule.as_bytes());
        mac.update(value.as_bytes());
        BASE32.encode(&mac.sign().as_ref()[..PSEUDONYM_BYTES])
    }
}

impl std::fmt::Debug for MaskingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskingKey(hidden)")
    }
}

#[cfg(test)]
mod tests;
