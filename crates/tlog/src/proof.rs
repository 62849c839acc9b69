//! Proofs that an entry is in the tree, and that a tree continues an older one (RFC 6962, section
//! 2.1; checked by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2).

use std::collections::BTreeSet;

use crate::hash::{Hash, empty_root, node_hash, root_of};
use crate::text::SIZE_MAX;
use crate::tile::TileId;
use crate::tiles::{ReadError, Span, TileReader, Tiles};

/// The longest proof, hashes: one for each bit of the largest size.
pub const PROOF_LEN_MAX: usize = 63;

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The place is not in the tree.
    #[error("a tree of size {size} has nothing at {position}")]
    OutOfTree {
        /// The index, or the older size.
        position: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has too few or too many hashes for the place.
    #[error("the proof has {found} hashes, which is not what place and size need")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to the root {found}, not to {expected}")]
    RootDiffers {
        /// The root that is known.
        expected: Hash,
        /// Where the proof leads.
        found: Hash,
    },
}

/// The root of a tree from its tiles.
///
/// # Errors
/// When a tile cannot be read or has a wrong length.
pub fn root_from_tiles<R: TileReader>(size: u64, reader: &R) -> Result<Hash, ReadError<R::Error>> {
    if size == 0 {
        return Ok(empty_root());
    }
    Tiles::new(reader, size).hash(checked(size, size)?)
}

/// Proves that the entry at `index` is in the tree of this size: the hashes from the leaf's sibling
/// up.
///
/// # Errors
/// When the index is not in the tree, or a tile cannot be read or has a wrong length.
pub fn inclusion_proof<R: TileReader>(
    index: u64,
    size: u64,
    reader: &R,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    if index >= size || size > SIZE_MAX {
        return Err(ReadError::OutOfTree { position: index, size });
    }
    let mut tiles = Tiles::new(reader, size);
    inclusion_spans(index, size).into_iter().map(|span| tiles.hash(span)).collect()
}

/// Proves that the tree of the new size begins with the leaves of the tree of the old size.
///
/// # Errors
/// When the old size is larger, or a tile cannot be read or has a wrong length.
pub fn consistency_proof<R: TileReader>(
    old_size: u64,
    new_size: u64,
    reader: &R,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    checked(old_size, new_size)?;
    let mut tiles = Tiles::new(reader, new_size);
    consistency_spans(old_size, new_size).into_iter().map(|span| tiles.hash(span)).collect()
}

/// The leaf hashes and the root of a small tree give the proof for one of them without tiles.
///
/// None when there is no leaf at this index.
pub fn inclusion_proof_in_memory(index: u64, leaves: &[Hash]) -> Option<Vec<Hash>> {
    let size = u64::try_from(leaves.len()).ok().filter(|&size| index < size)?;
    let hash = |span: Span| {
        let start = usize::try_from(span.start).ok()?;
        leaves.get(start..usize::try_from(span.end).ok()?).map(root_of)
    };
    inclusion_spans(index, size).into_iter().map(hash).collect()
}

/// The tiles that [`root_from_tiles`] reads.
pub fn tiles_for_root(size: u64) -> BTreeSet<TileId> {
    let whole = (1..=SIZE_MAX).contains(&size).then_some(Span { start: 0, end: size });
    tiles_for(whole, size)
}

/// The tiles that [`inclusion_proof`] reads; none when the index is not in the tree.
pub fn tiles_for_inclusion(index: u64, size: u64) -> BTreeSet<TileId> {
    if index >= size || size > SIZE_MAX {
        return BTreeSet::new();
    }
    tiles_for(inclusion_spans(index, size), size)
}

/// The tiles that [`consistency_proof`] reads; none when the old size is larger.
pub fn tiles_for_consistency(old_size: u64, new_size: u64) -> BTreeSet<TileId> {
    if old_size > new_size || new_size > SIZE_MAX {
        return BTreeSet::new();
    }
    tiles_for(consistency_spans(old_size, new_size), new_size)
}

fn tiles_for(spans: impl IntoIterator<Item = Span>, size: u64) -> BTreeSet<TileId> {
    let places = spans.into_iter().flat_map(Span::subtrees);
    places.filter_map(|subtree| subtree.place(size)).map(|(tile, _)| tile).collect()
}

fn checked<E: std::error::Error>(old_size: u64, new_size: u64) -> Result<Span, ReadError<E>> {
    if old_size <= new_size && new_size <= SIZE_MAX {
        Ok(Span { start: 0, end: new_size })
    } else {
        Err(ReadError::OutOfTree { position: old_size, size: new_size })
    }
}

/// The spans beside the path from the root to a leaf, from below.
fn inclusion_spans(index: u64, size: u64) -> Vec<Span> {
    let mut span = Span { start: 0, end: size };
    let mut beside = Vec::new();
    while span.len() > 1 {
        let (left, right) = span.halves();
        let in_left = index < left.end;
        beside.push(if in_left { right } else { left });
        span = if in_left { left } else { right };
    }
    beside.reverse();
    beside
}

/// The spans of a proof of consistency, from below (`SUBPROOF` of RFC 6962).
fn consistency_spans(old_size: u64, new_size: u64) -> Vec<Span> {
    if old_size == 0 || old_size == new_size {
        return Vec::new();
    }
    let mut span = Span { start: 0, end: new_size };
    let mut spans = Vec::new();
    while span.end != old_size {
        let (left, right) = span.halves();
        let in_left = old_size <= left.end;
        spans.push(if in_left { right } else { left });
        span = if in_left { left } else { right };
    }
    // The tree of the old size itself is known to whoever checks.
    if span.start > 0 {
        spans.push(span);
    }
    spans.reverse();
    spans
}

/// Checks that an entry with this leaf hash is at `index` in the tree of this size and root.
///
/// # Errors
/// When the proof has a wrong length or leads to another root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size || size > SIZE_MAX {
        return Err(ProofError::OutOfTree { position: index, size });
    }
    let wrong_length = || ProofError::Length { found: proof.len() };
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for beside in proof {
        if last == 0 {
            return Err(wrong_length());
        }
        if place % 2 == 1 || place == last {
            hash = node_hash(beside, &hash);
            // A node without a partner is carried up to where it has one.
            while place % 2 == 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same_root(root, hash)
}

/// One of the two trees of a proof of consistency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Checks that the new tree begins with the leaves of the old one.
///
/// # Errors
/// When the old tree is larger, the proof has a wrong length, or it leads to other roots.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old.size > new.size || new.size > SIZE_MAX {
        return Err(ProofError::OutOfTree { position: old.size, size: new.size });
    }
    let wrong_length = || ProofError::Length { found: proof.len() };
    if old.size == 0 || old.size == new.size {
        if !proof.is_empty() {
            return Err(wrong_length());
        }
        let known = if old.size == 0 { empty_root() } else { new.root };
        same_root(&known, old.root)?;
        return if new.size == 0 { same_root(&known, new.root) } else { Ok(()) };
    }
    // A complete old tree is itself the first node; RFC 9162, 2.1.4.2, step 2.
    let complete = old.size.is_power_of_two();
    let (first, rest) = match proof.split_first() {
        _ if complete => (&old.root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(wrong_length()),
    };
    let trailing_ones = (old.size - 1).trailing_ones();
    let (mut place, mut last) = ((old.size - 1) >> trailing_ones, (new.size - 1) >> trailing_ones);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return Err(wrong_length());
        }
        if place % 2 == 1 || place == last {
            old_hash = node_hash(beside, &old_hash);
            new_hash = node_hash(beside, &new_hash);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            new_hash = node_hash(&new_hash, beside);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same_root(&old.root, old_hash)?;
    same_root(&new.root, new_hash)
}

fn same_root(expected: &Hash, found: Hash) -> Result<(), ProofError> {
    if found == *expected {
        Ok(())
    } else {
        Err(ProofError::RootDiffers { expected: *expected, found })
    }
}

#[cfg(test)]
mod tests;
