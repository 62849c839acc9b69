//! The key of the index, and the ciphers of its files.
//!
//! Every file has a key of its own: HKDF-SHA-256 of the index key, the file's random salt and its name.
//! So a file under another name does not open, a nonce need only differ within one file, and no two files
//! share a key. The nonce is the number of the block and whether it is the last one: a block at
//! another place, one that is missing and an end that was cut off do not open either. The header is the
//! associated data of every block.

use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use zeroize::Zeroizing;

use super::form::{self, Form, HEADER_LEN, SALT};

pub(super) const TAG_LEN: usize = 16;
const KEY_LEN: usize = 32;

/// The key under which the index lies on disk; cheap to clone. Wiped when the last one is dropped.
#[derive(Clone)]
pub struct IndexKey(Arc<Zeroizing<[u8; KEY_LEN]>>);

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(hidden)")
    }
}

impl PartialEq for IndexKey {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_slice(), other.0.as_slice());
        aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
    }
}

impl Eq for IndexKey {}

impl IndexKey {
    /// The key that was derived for this purpose.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// Tells keys apart; says nothing about the key.
    pub(crate) fn id(&self) -> [u8; 8] {
        let derived = self.derived(&[], &[b"annals index key id v1"]);
        *derived.first_chunk().expect("a key is longer than its id")
    }

    /// The cipher of a new file.
    pub(super) fn new_cipher(&self, name: &Path) -> io::Result<FileCipher> {
        let mut salt = [0; SALT.end - SALT.start];
        rand::fill(&mut salt).map_err(|_| io::Error::other("no random numbers for a new file"))?;
        Ok(self.cipher(name, form::header(self.id(), salt)))
    }

    /// The cipher of a file that begins so; `None` when it was not sealed under this key.
    pub(super) fn cipher_of(&self, name: &Path, beginning: &[u8]) -> Option<FileCipher> {
        let header = beginning.first_chunk::<HEADER_LEN>()?;
        (Form::of(header) == Form::Sealed(self.id())).then(|| self.cipher(name, *header))
    }

    fn cipher(&self, name: &Path, header: [u8; HEADER_LEN]) -> FileCipher {
        let info: [&[u8]; 2] = [b"annals index file v1\0", name.as_os_str().as_encoded_bytes()];
        let key = UnboundKey::new(&AES_256_GCM, self.derived(&header[SALT], &info).as_slice());
        let key = LessSafeKey::new(key.expect("32 bytes are the length of an AES-256 key"));
        FileCipher { key, header }
    }

    fn derived(&self, salt: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(self.0.as_slice())
            .expand(info, hkdf::HKDF_SHA256)
            .and_then(|derived| derived.fill(key.as_mut_slice()))
            .expect("HKDF-SHA-256 gives 32 bytes for any input");
        key
    }
}

/// Seals and opens the blocks of one file.
pub(super) struct FileCipher {
    key: LessSafeKey,
    header: [u8; HEADER_LEN],
}

impl FileCipher {
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// Appends a block with its tag.
    pub(super) fn seal(
        &self,
        number: usize,
        is_last: bool,
        plain: &[u8],
        sealed: &mut Vec<u8>,
    ) -> io::Result<()> {
        let start = sealed.len();
        sealed.extend_from_slice(plain);
        let (nonce, aad) = (nonce(number, is_last), Aad::from(&self.header));
        let tag = self.key.seal_in_place_separate_tag(nonce, aad, &mut sealed[start..]);
        let tag = tag.map_err(|_| io::Error::other("the cipher refused to seal a block"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens a block; `None` when it is not the one that was sealed.
    pub(super) fn open(
        &self,
        number: usize,
        is_last: bool,
        sealed: &[u8],
        plain: &mut [u8],
    ) -> Option<()> {
        let (body, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_LEN)?)?;
        let (nonce, aad) = (nonce(number, is_last), Aad::from(&self.header));
        self.key.open_separate_gather(nonce, aad, body, tag, plain).ok()
    }
}

fn nonce(number: usize, is_last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[0] = u8::from(is_last);
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
