//! What the log holds of a record: a commitment to its header, and nothing that tells anything.

use crate::hash::{HASH_LEN, Hash, leaf_hash, sha256};

/// First byte of an entry: its format.
pub const ENTRY_VERSION: u8 = 1;
/// Length of an entry, bytes.
pub const ENTRY_LEN: usize = 1 + HASH_LEN;

/// One entry of our log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry([u8; ENTRY_LEN]);

impl Entry {
    /// The entry of a record with these header bytes.
    pub fn of_header(header: &[u8]) -> Self {
        Self::of_digest(&sha256(header))
    }

    /// The entry of a record whose header has this SHA-256.
    pub fn of_digest(header_digest: &[u8; HASH_LEN]) -> Self {
        let mut entry = [ENTRY_VERSION; ENTRY_LEN];
        entry[1..].copy_from_slice(header_digest);
        Self(entry)
    }

    /// Reads an entry; none when it is of another length or format.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let entry: [u8; ENTRY_LEN] = bytes.try_into().ok()?;
        (entry[0] == ENTRY_VERSION).then_some(Self(entry))
    }

    /// Its bytes, as they are in a bundle.
    pub fn as_bytes(&self) -> &[u8; ENTRY_LEN] {
        &self.0
    }

    /// Its hash in the tree.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.0)
    }
}

impl AsRef<[u8]> for Entry {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
