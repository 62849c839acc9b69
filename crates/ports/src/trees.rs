//! Where the Merkle trees of the log lie: which leaf is which record, and the hashes above them.
//!
//! A tree is one shard: the records of one year. Its leaves are counted from zero without gaps, in the
//! order of their positions; the first leaf of a later shard may belong to no record.

use annals_domain::Position;

use crate::ReadModelError;

/// Leaves, and hashes, in one row of a tree.
pub const ROW_WIDTH: u64 = 256;

/// Keeps trees. Blocking: call it off the async threads.
///
/// # Contract
/// - [`TreeStore::grow`] stores leaves, hashes, head and position in one transaction: after a crash the
///   tree is the old one or the new one. What was answered is on disk.
/// - A growth that does not begin where its shard ends is refused, and changes nothing.
pub trait TreeStore: Send + Sync + 'static {
    /// All shards, oldest first.
    fn shards(&self) -> Result<Vec<TreeShard>, ReadModelError>;

    /// Adds leaves to a shard, or begins it. Answers whether it did: not when another grew the shard.
    fn grow(&self, growth: &TreeGrowth) -> Result<bool, ReadModelError>;

    /// Row `number` of the leaves, as far as it is filled; `None` when it has none.
    fn leaves(&self, shard: &str, number: u64) -> Result<Option<Vec<TreeLeaf>>, ReadModelError>;

    /// Row `number` of the hashes at `level`, counted from 1: as many as there are, 32 bytes each.
    fn hashes(
        &self,
        shard: &str,
        level: u8,
        number: u64,
    ) -> Result<Option<Vec<u8>>, ReadModelError>;

    /// The shard and the index of the leaf of the record at a position.
    fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, ReadModelError>;

    /// Puts another note in the place of the newest one, if that is still of this size: the same
    /// checkpoint with more signatures.
    fn replace_note(&self, shard: &str, size: u64, note: &str) -> Result<bool, ReadModelError>;

    /// Keeps the checkpoint that enough witnesses have cosigned, in the place of the one before; the tree
    /// may have grown since. Nothing happens when there is no such shard.
    fn keep_cosigned(&self, shard: &str, note: &str) -> Result<(), ReadModelError>;

    /// What was kept so.
    fn cosigned(&self, shard: &str) -> Result<Option<String>, ReadModelError>;

    /// Forgets everything, to be made anew from the log.
    fn clear(&self) -> Result<(), ReadModelError>;
}

/// One tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeShard {
    /// Its name, which is part of its origin, such as `2026`.
    pub name: String,
    /// How many leaves it has.
    pub size: u64,
    /// Root over these.
    pub root: [u8; 32],
    /// The log up to here is in this shard or in an older one.
    pub position: Position,
    /// The signed checkpoint of this size; empty when none may be signed.
    pub note: String,
}

/// A leaf: the digest of a record's header, and where the record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLeaf {
    /// Where; [`Position::START`] for a leaf that belongs to no record.
    pub position: Position,
    /// SHA-256 of the header, or of what else the leaf commits to.
    pub digest: [u8; 32],
}

/// What is added to a shard at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeGrowth {
    /// The shard as it is afterwards.
    pub shard: TreeShard,
    /// How many leaves it had before.
    pub size_before: u64,
    /// The leaves that are new.
    pub leaves: Vec<TreeLeaf>,
    /// Rows of hashes that are new or longer: level from 1, number, and the whole row.
    pub rows: Vec<(u8, u64, Vec<u8>)>,
}
