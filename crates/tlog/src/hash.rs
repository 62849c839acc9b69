//! Hashes of the tree, as RFC 6962 (section 2.1) makes them from leaves and nodes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::text;

/// Length of a hash, bytes.
pub const HASH_LEN: usize = 32;

/// A SHA-256 hash of a leaf, of a node or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_LEN]);

impl Hash {
    /// Reads the base64 form that notes and proofs use; only the canonical one is accepted.
    pub fn from_base64(text: &str) -> Option<Self> {
        text::decode_base64(text, HASH_LEN)?.try_into().ok().map(Self)
    }

    /// The base64 form that notes and proofs use.
    pub fn to_base64(&self) -> String {
        text::encode_base64(&self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of a leaf: SHA-256 over 0x00 and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// The hash of a node: SHA-256 over 0x01 and the hashes of its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut message = [0; 1 + 2 * HASH_LEN];
    message[0] = 1;
    message[1..=HASH_LEN].copy_from_slice(&left.0);
    message[1 + HASH_LEN..].copy_from_slice(&right.0);
    Hash(Sha256::digest(message).into())
}

/// The root of the tree without leaves: SHA-256 over nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// SHA-256 over bytes, without a prefix.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; HASH_LEN] {
    Sha256::digest(bytes).into()
}

/// The root of a tree whose leaves (or whose complete subtrees of one height) have these hashes.
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let mut row: Vec<Hash> = pairs(hashes);
            while row.len() > 1 {
                row = pairs(&row);
            }
            row[0]
        }
    }
}

/// The root of a tree from the right edge of its tiles: the partial row of each level, from the
/// leaves up.
///
/// Each row is cut into complete subtrees, and these are folded, the smallest first.
pub(crate) fn root_of_edge<'h>(rows: impl IntoIterator<Item = &'h [Hash]>) -> Hash {
    let mut root = None;
    for row in rows {
        let mut end = row.len();
        while end > 0 {
            let length = 1 << end.trailing_zeros();
            let subtree = root_of(&row[end - length..end]);
            root = Some(root.map_or(subtree, |right| node_hash(&subtree, &right)));
            end -= length;
        }
    }
    root.unwrap_or_else(empty_root)
}

/// The row above: a hash without a partner is carried up as it is, which gives the tree of RFC 6962.
fn pairs(row: &[Hash]) -> Vec<Hash> {
    row.chunks(2)
        .map(|pair| match pair {
            [left, right] => node_hash(left, right),
            _ => pair[0],
        })
        .collect()
}

#[cfg(test)]
mod tests;
