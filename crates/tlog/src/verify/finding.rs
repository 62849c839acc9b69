//! What a verification finds: each time a path and what differs there.

use std::fmt;

use crate::bundle::BundleError;
use crate::checkpoint::CheckpointError;
use crate::hash::Hash;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, below the prefix of the log.
    pub path: String,
    /// What is wrong with it.
    pub difference: Difference,
}

/// What is wrong with a file of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// It should be there and is not.
    #[error("is missing")]
    Missing,
    /// It is no checkpoint of the log.
    #[error("is not a checkpoint of the log: {}", chain(.0))]
    Checkpoint(CheckpointError),
    /// Its length is not that of its hashes.
    #[error("has {found} bytes, not {expected}")]
    Length {
        /// The length it should have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// It is no bundle of entries.
    #[error("is not a bundle of entries: {0}")]
    Bundle(BundleError),
    /// An entry is not the one whose hash is in the tree.
    #[error("entry {index} is not the one the tree holds ({count} such entries in this bundle)")]
    Entry {
        /// Place in the log of the first such entry.
        index: u64,
        /// How many of this bundle.
        count: usize,
    },
    /// A hash of a tile is neither that of the entry nor the one the tree above commits to.
    #[error("hash {position} is not that of entry {index} ({count} such hashes in this tile)")]
    LeafHash {
        /// Place in the tile of the first such hash.
        position: u64,
        /// Place in the log of its entry.
        index: u64,
        /// How many of this tile.
        count: usize,
    },
    /// A tile does not have the hash that the tile above it holds.
    #[error("does not have the hash that `{above}` holds at {position}")]
    DiffersFromAbove {
        /// Path of the tile above.
        above: String,
        /// Place of the hash there.
        position: u64,
    },
    /// The tiles give another root than is signed.
    #[error("signs the root {signed}, but the tiles have the root {found}")]
    RootDiffers {
        /// The root of the checkpoint.
        signed: Hash,
        /// The root of the tiles.
        found: Hash,
    },
    /// A partial tile holds something else than the tile that grew from it.
    #[error("does not agree with `{grown}`, which grew from it")]
    DiffersFromGrown {
        /// Path of the tile it is a part of.
        grown: String,
    },
    /// A tile the tree has not reached.
    #[error("is beyond the tree, which has {size} leaves")]
    BeyondTree {
        /// The size of the tree.
        size: u64,
    },
    /// A partial tile that no published tree has.
    #[error("belongs to no size that was published")]
    NeverPublished,
    /// A file that no log has.
    #[error("is no file of a log")]
    Unexpected,
}

/// An error with its causes, which a finding must tell in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.difference)
    }
}

/// Findings up to a limit, and how many more there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    left_out: u64,
    limit: usize,
}

impl Findings {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { kept: Vec::new(), left_out: 0, limit }
    }

    pub(super) fn add(&mut self, path: &str, difference: Difference) {
        if self.kept.len() < self.limit {
            self.kept.push(Finding { path: path.to_owned(), difference });
        } else {
            self.left_out += 1;
        }
    }

    /// The findings that were kept, in the order of the verification.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many were found beyond the limit.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.left_out == 0
    }
}
