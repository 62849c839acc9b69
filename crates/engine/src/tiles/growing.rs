//! How a tree grows by records: which shard they belong to, its new rows, and what may be signed.
//!
//! Pure, but for the signature: from a tree and leaves to what is to be stored.

use annals_domain::Position;
use annals_ports::trees::{TreeGrowth, TreeLeaf, TreeShard};
use annals_tlog::{Entry, NewTile, TileKind, Tree, TreeFull};
use sha2::{Digest, Sha256};

use super::mark::Marked;

/// A record that is to become a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NewLeaf {
    /// The year it was recorded in, UTC.
    pub(super) year: i16,
    pub(super) leaf: TreeLeaf,
}

/// A shard that grows.
#[derive(Debug, Clone)]
pub(super) struct GrowingShard {
    pub(super) name: String,
    pub(super) tree: Tree,
    /// Whether its present size was signed; an empty tree need not be.
    pub(super) is_signed: bool,
}

/// Whether a growth may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signable {
    /// It goes beyond what was signed.
    Yes,
    /// A larger tree was signed already: it must be reached first.
    NotYet,
    /// Another tree of a size that it went through was signed, or a later shard was, which commits to this
    /// one as it was at that size: it would be a fork.
    Never {
        /// Which size.
        size: u64,
    },
}

impl GrowingShard {
    /// A shard without leaves.
    pub(super) fn empty(name: String) -> Self {
        Self { name, tree: Tree::new(), is_signed: true }
    }

    /// Adds the leaves, which end at `end`. The tree in here has grown then; nothing is signed yet. A shard
    /// is closed when a later one was signed, which commits to its last checkpoint.
    pub(super) fn grow(
        &mut self,
        leaves: Vec<TreeLeaf>,
        end: Position,
        marked: Option<Marked>,
        is_closed: bool,
    ) -> Result<(TreeGrowth, Signable), TreeFull> {
        let size_before = self.tree.size();
        let hashes: Vec<_> =
            leaves.iter().map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash()).collect();
        let size = size_before + hashes.len() as u64;
        // At the size that was signed last it must be what was signed.
        let until_mark = marked
            .filter(|marked| marked.size >= size_before && marked.size <= size)
            .map_or(0, |marked| (marked.size - size_before) as usize);
        let mut tiles = self.tree.append(&hashes[..until_mark])?;
        let signable = match marked {
            _ if is_closed && marked.is_none_or(|marked| marked.size < size) => {
                Signable::Never { size: marked.map_or(0, |marked| marked.size) }
            }
            Some(Marked { size: signed, .. }) if signed > size => Signable::NotYet,
            Some(Marked { size: signed, root }) if signed >= size_before => {
                match root == self.tree.root() {
                    true => Signable::Yes,
                    false => Signable::Never { size: signed },
                }
            }
            // It went past what was signed without being signed itself: it was another tree.
            Some(Marked { size: signed, .. }) if !self.is_signed => {
                Signable::Never { size: signed }
            }
            Some(_) | None => Signable::Yes,
        };
        tiles.extend(self.tree.append(&hashes[until_mark..])?);
        self.is_signed = signable == Signable::Yes;
        let shard = TreeShard {
            name: self.name.clone(),
            size,
            root: self.tree.root().0,
            position: end,
            note: String::new(),
        };
        Ok((TreeGrowth { shard, size_before, leaves, rows: rows(tiles) }, signable))
    }
}

/// Level, number and hashes of each row above the leaves, each once and as long as it is.
fn rows(tiles: Vec<NewTile>) -> Vec<(u8, u64, Vec<u8>)> {
    let mut rows = std::collections::BTreeMap::new();
    for NewTile { id, bytes } in tiles {
        if let TileKind::Hashes { level } = id.kind
            && level > 0
        {
            // A later one of the same row is longer.
            rows.insert((level, id.index), bytes);
        }
    }
    rows.into_iter().map(|((level, number), bytes)| (level, number, bytes)).collect()
}

/// Splits leaves by the shard that they belong to. A shard that was begun takes also what a clock that
/// went back puts in an earlier year: positions never go back.
pub(super) fn by_shard(current: Option<i16>, leaves: Vec<NewLeaf>) -> Vec<(i16, Vec<TreeLeaf>)> {
    let mut shards: Vec<(i16, Vec<TreeLeaf>)> = Vec::new();
    let mut year = current;
    for NewLeaf { year: recorded, leaf } in leaves {
        let shard = year.map_or(recorded, |year| year.max(recorded));
        year = Some(shard);
        match shards.last_mut() {
            Some((last, leaves)) if *last == shard => leaves.push(leaf),
            _ => shards.push((shard, vec![leaf])),
        }
    }
    shards
}

/// The first leaf of a shard that follows another: it commits to the text of that one's last checkpoint.
pub(super) fn link(checkpoint_text: &str) -> TreeLeaf {
    let mut digest = Sha256::new();
    digest.update(b"annals shard link v1\n");
    digest.update(checkpoint_text.as_bytes());
    TreeLeaf { position: Position::START, digest: digest.finalize().into() }
}

#[cfg(test)]
mod tests;
