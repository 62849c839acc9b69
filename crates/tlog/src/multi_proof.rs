//! One proof that many entries are in the tree: the hashes of all that lies between them, each once.
//!
//! It is the audit paths of RFC 6962 (section 2.1.1) put together. The tree is gone through from its root,
//! left before right; a subtree that holds none of the entries is told by its hash, and the others are
//! made from what they hold.

use crate::hash::{Hash, node_hash};
use crate::proof::ProofError;
use crate::text::SIZE_MAX;
use crate::tiles::{ReadError, Span, TileReader, Tiles};

/// Proves that the entries at these indexes are in the tree of this size. The indexes rise.
///
/// # Errors
/// When there are none, they do not rise, one is not in the tree, or a tile cannot be read.
pub fn multi_proof<R: TileReader>(
    indexes: &[u64],
    size: u64,
    reader: &R,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    if let Err(position) = check(indexes.iter().copied(), size) {
        return Err(ReadError::OutOfTree { position, size });
    }
    let (mut tiles, mut beside) = (Tiles::new(reader, size), Vec::new());
    prove(Span { start: 0, end: size }, indexes, &mut tiles, &mut beside)?;
    Ok(beside)
}

/// Checks that entries with these leaf hashes are at these rising indexes in the tree of this size and root.
///
/// # Errors
/// When the proof has a wrong length, leads to another root, or is about places that are not in the tree.
pub fn verify_multi(
    leaves: &[(u64, Hash)],
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    check(leaves.iter().map(|(index, _)| *index), size)
        .map_err(|position| ProofError::OutOfTree { position, size })?;
    let mut rest = proof;
    let wrong_length = || ProofError::Length { found: proof.len() };
    let found = fold(Span { start: 0, end: size }, leaves, &mut rest).ok_or_else(wrong_length)?;
    if !rest.is_empty() {
        return Err(wrong_length());
    }
    match found == *root {
        true => Ok(()),
        false => Err(ProofError::RootDiffers { expected: *root, found }),
    }
}

/// The first index that does not belong there, if one does not; zero when there is none at all.
fn check(indexes: impl Iterator<Item = u64>, size: u64) -> Result<(), u64> {
    let mut last = None;
    for index in indexes {
        if index >= size || size > SIZE_MAX || last.is_some_and(|last| index <= last) {
            return Err(index);
        }
        last = Some(index);
    }
    last.map(drop).ok_or(0)
}

fn prove<R: TileReader>(
    span: Span,
    indexes: &[u64],
    tiles: &mut Tiles<'_, R>,
    beside: &mut Vec<Hash>,
) -> Result<(), ReadError<R::Error>> {
    if indexes.is_empty() {
        beside.push(tiles.hash(span)?);
        return Ok(());
    }
    if span.len() == 1 {
        return Ok(());
    }
    let (left, right) = span.halves();
    let (here, there) = indexes.split_at(indexes.partition_point(|index| *index < left.end));
    prove(left, here, tiles, beside)?;
    prove(right, there, tiles, beside)
}

/// The hash of a span; none when the proof is too short. Recursion ends at the height of the tree.
fn fold(span: Span, leaves: &[(u64, Hash)], proof: &mut &[Hash]) -> Option<Hash> {
    let Some((_, first)) = leaves.first() else {
        let (hash, rest) = proof.split_first()?;
        *proof = rest;
        return Some(*hash);
    };
    if span.len() == 1 {
        return Some(*first);
    }
    let (left, right) = span.halves();
    let (here, there) = leaves.split_at(leaves.partition_point(|(index, _)| *index < left.end));
    let left = fold(left, here, proof)?;
    Some(node_hash(&left, &fold(right, there, proof)?))
}

#[cfg(test)]
mod tests;
