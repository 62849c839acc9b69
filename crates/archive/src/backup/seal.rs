//! Authenticates what lies in a repository.

use annals_record::RootKey;
use aws_lc_rs::{constant_time, hmac};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How many bytes of a code stand before other than JSON.
const CODE_LEN: usize = 32;

/// The key of a repository; follows from the root key.
pub struct BackupKey(hmac::Key);

/// An object is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Its code is of another key or of other bytes.
    #[error("`{name}` was changed, or made under another master key")]
    Changed {
        /// Which object.
        name: String,
    },
    /// It is authentic and not understood.
    #[error("`{name}` cannot be read by this version of Annals")]
    Unreadable {
        /// Which object.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    hmac_sha256: String,
    #[serde(borrow)]
    content: &'a RawValue,
}

impl BackupKey {
    /// The key of the backups of an installation.
    pub fn of(root: &RootKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, root.derive("backup").as_slice()))
    }

    /// Tells this key from others; says nothing of it.
    pub(super) fn check(&self) -> String {
        HEXLOWER.encode(&self.code("key check", b"")[..8])
    }

    /// JSON with its code. The name is part of it, so that no object can stand for another.
    pub(super) fn seal_json(
        &self,
        name: &str,
        content: &impl Serialize,
    ) -> Result<Vec<u8>, SealError> {
        let unreadable = |source| SealError::Unreadable { name: name.to_owned(), source };
        let content = serde_json::value::to_raw_value(content).map_err(unreadable)?;
        let code = self.code(name, content.get().as_bytes());
        let envelope = Envelope { hmac_sha256: HEXLOWER.encode(&code), content: &content };
        serde_json::to_vec(&envelope).map_err(unreadable)
    }

    pub(super) fn open_json<T: DeserializeOwned>(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<T, SealError> {
        let changed = || SealError::Changed { name: name.to_owned() };
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(|_| changed())?;
        let content = envelope.content.get();
        let code = HEXLOWER.decode(envelope.hmac_sha256.as_bytes()).map_err(|_| changed())?;
        self.verify(name, content.as_bytes(), &code).ok_or_else(changed)?;
        serde_json::from_str(content)
            .map_err(|source| SealError::Unreadable { name: name.to_owned(), source })
    }

    /// Puts the code before bytes.
    pub(super) fn seal(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut sealed = self.code(name, bytes).to_vec();
        sealed.extend_from_slice(bytes);
        sealed
    }

    pub(super) fn open<'a>(&self, name: &str, sealed: &'a [u8]) -> Result<&'a [u8], SealError> {
        let changed = || SealError::Changed { name: name.to_owned() };
        let (code, bytes) = sealed.split_at_checked(CODE_LEN).ok_or_else(changed)?;
        self.verify(name, bytes, code).ok_or_else(changed)?;
        Ok(bytes)
    }

    fn code(&self, name: &str, bytes: &[u8]) -> [u8; CODE_LEN] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [b"annals backup v1\0".as_slice(), name.as_bytes(), b"\0", bytes] {
            context.update(part);
        }
        let mut code = [0; CODE_LEN];
        code.copy_from_slice(context.sign().as_ref());
        code
    }

    fn verify(&self, name: &str, bytes: &[u8], code: &[u8]) -> Option<()> {
        constant_time::verify_slices_are_equal(&self.code(name, bytes), code).ok()
    }
}
