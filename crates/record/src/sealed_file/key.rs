//! The key under which files of one purpose lie on disk.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

const KEY_LEN: usize = 32;

/// The key of files of one purpose; cheap to clone. Wiped when the last one is dropped.
#[derive(Clone)]
pub struct FileKey(Arc<Zeroizing<[u8; KEY_LEN]>>);

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(hidden)")
    }
}

impl FileKey {
    /// The key that was derived for this purpose.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// The key itself, for whoever encrypts by other means.
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Tells keys apart; says nothing about the key.
    pub fn id(&self) -> [u8; 16] {
        let derived = self.derived(&[], &[b"annals file key id v1"]);
        *derived.first_chunk().expect("a key is longer than its id")
    }

    pub(super) fn derived(&self, salt: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(self.0.as_slice())
            .expand(info, hkdf::HKDF_SHA256)
            .and_then(|derived| derived.fill(key.as_mut_slice()))
            .expect("HKDF-SHA-256 gives 32 bytes for any input");
        key
    }
}
