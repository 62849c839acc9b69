//! Digests, and the salts that keep them from telling what they are about.

use aws_lc_rs::digest::{SHA256, digest};

use crate::parts::PartName;

/// Length of a group's seed, bytes.
pub(crate) const SEED_LEN: usize = 16;
/// Length of a part's salt, bytes.
pub(crate) const SALT_LEN: usize = 16;

/// SHA-256 of what the caller sent, for the fingerprint that tells a repetition from another event
/// under the same id. The caller of this function decides what "the same" is, by the form of
/// `input_json`.
pub fn content_digest(input_json: &[u8]) -> [u8; 32] {
    sha256(input_json)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// The salt of one part: SHA-256 over the group's seed and the part's name, the first half.
///
/// The seed is secret and random, and only half of a digest is ever shown, so that a salt shown in
/// a report tells nothing about the seed or the other salts. HMAC would do the same for four times
/// the work, and salts are the most frequent digest of all.
pub(crate) fn salt(seed: &[u8; SEED_LEN], name: &[u8]) -> [u8; SALT_LEN] {
    // The longest name is `on_behalf_of.255`.
    let mut message = [0; SEED_LEN + 24];
    message[..SEED_LEN].copy_from_slice(seed);
    let end = SEED_LEN + name.len();
    message[SEED_LEN..end].copy_from_slice(name);
    *sha256(&message[..end]).first_chunk().expect("a digest is longer than a salt")
}

/// What a part's digest is made of, in one piece: salt, name, JSON. Used for one part after another.
pub(crate) struct Salted {
    bytes: Vec<u8>,
    json_start: usize,
}

impl Salted {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(512), json_start: 0 }
    }

    /// Begins a part; its JSON is to be appended to what is returned.
    pub(crate) fn begin(&mut self, name: PartName, seed: &[u8; SEED_LEN]) -> &mut Vec<u8> {
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0; SALT_LEN]);
        name.write_name(&mut self.bytes);
        self.json_start = self.bytes.len();
        let salt = salt(seed, &self.bytes[SALT_LEN..]);
        self.bytes[..SALT_LEN].copy_from_slice(&salt);
        &mut self.bytes
    }

    pub(crate) fn salt(&self) -> &[u8; SALT_LEN] {
        self.bytes.first_chunk().expect("a part was begun, and begins with its salt")
    }

    pub(crate) fn json(&self) -> &[u8] {
        &self.bytes[self.json_start..]
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }
}
