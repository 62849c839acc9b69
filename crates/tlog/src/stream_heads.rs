//! The commitment to where every stream ends, which shows that a report leaves out no tail.
//!
//! An RFC 6962 tree over one row a stream. A row is the name of the stream in UTF-8, then its last
//! revision in eight bytes, big-endian, then the 33-byte entry of the record at that revision. The
//! last two have fixed lengths, so a row can be read in one way alone. Rows are sorted by the bytes
//! of the names, each stream once.

use crate::hash::{Hash, leaf_hash, root_of};
use crate::leaf::{ENTRY_LEN, Entry};
use crate::proof::{ProofError, TreeHead, inclusion_proof_in_memory, verify_inclusion};

const REVISION_LEN: usize = 8;

/// Where one stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadRow {
    /// Name of the stream.
    pub stream: String,
    /// Revision of its last record.
    pub last_revision: u64,
    /// Entry of its last record.
    pub entry: Entry,
}

/// The tree over the rows of all streams; it keeps 32 bytes of each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct StreamHeads {
    leaves: Vec<Hash>,
    last: Option<String>,
}

/// That a row is in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadProof {
    /// Place of the row among all rows.
    pub index: u64,
    /// The hashes beside its path.
    pub hashes: Vec<Hash>,
}

/// Rows that are not sorted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stream heads must be sorted, each stream once; `{stream}` comes too late or twice")]
pub struct NotSorted {
    /// The stream that is out of order.
    pub stream: String,
}

impl HeadRow {
    /// The bytes that are hashed as a leaf.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.stream.as_bytes().to_vec();
        bytes.extend_from_slice(&self.last_revision.to_be_bytes());
        bytes.extend_from_slice(self.entry.as_bytes());
        bytes
    }

    /// Reads a row; none when the bytes are not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (rest, entry) = bytes.split_last_chunk::<ENTRY_LEN>()?;
        let (stream, revision) = rest.split_last_chunk::<REVISION_LEN>()?;
        Some(Self {
            stream: std::str::from_utf8(stream).ok()?.to_owned(),
            last_revision: u64::from_be_bytes(*revision),
            entry: Entry::parse(entry)?,
        })
    }
}

impl StreamHeads {
    /// Builds the tree from sorted rows.
    ///
    /// # Errors
    /// When the rows are not sorted by stream, or a stream comes twice.
    pub fn from_rows<I: IntoIterator<Item = HeadRow>>(rows: I) -> Result<Self, NotSorted> {
        let mut heads = Self::default();
        rows.into_iter().try_for_each(|row| heads.push(&row))?;
        Ok(heads)
    }

    /// Adds the row of the next stream.
    ///
    /// # Errors
    /// When it does not come after the one before.
    pub fn push(&mut self, row: &HeadRow) -> Result<(), NotSorted> {
        if self.last.as_ref().is_some_and(|last| *last >= row.stream) {
            return Err(NotSorted { stream: row.stream.clone() });
        }
        self.leaves.push(leaf_hash(&row.to_bytes()));
        self.last = Some(row.stream.clone());
        Ok(())
    }

    /// How many streams.
    pub fn size(&self) -> u64 {
        u64::try_from(self.leaves.len()).unwrap_or(u64::MAX)
    }

    /// How many streams, and the root: what is committed to.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: root_of(&self.leaves) }
    }

    /// Proves the row at a place; none when there is no such row.
    pub fn proof(&self, index: u64) -> Option<HeadProof> {
        let hashes = inclusion_proof_in_memory(index, &self.leaves)?;
        Some(HeadProof { index, hashes })
    }
}

/// Checks that a row is in the tree that was committed to.
///
/// # Errors
/// When the proof has a wrong length or leads to another root.
pub fn verify_head(row: &HeadRow, proof: &HeadProof, head: &TreeHead) -> Result<(), ProofError> {
    let leaf = leaf_hash(&row.to_bytes());
    verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root)
}

#[cfg(test)]
mod tests;
