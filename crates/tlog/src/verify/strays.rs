//! Files that the tree does not need: partial tiles of earlier sizes must agree with what grew from
//! them, and there must be nothing else.

use std::collections::BTreeSet;

use super::finding::{Difference, Findings};
use super::{CHECKPOINT_PATH, LogFiles};
use crate::bundle::{BundleError, decode_bundle};
use crate::hash::HASH_LEN;
use crate::tile::{TILE_WIDTH, TileId, TileKind, width_at};

/// Checks every file that is not one of the tiles of the checkpoint's size.
pub(super) fn check<F: LogFiles>(
    files: &F,
    size: u64,
    published: Option<&BTreeSet<u64>>,
    findings: &mut Findings,
) -> Result<(), F::Error> {
    let mut failed = None;
    files.each_path(&mut |path| {
        if path == CHECKPOINT_PATH || failed.is_some() {
            return;
        }
        match difference(files, path, size, published) {
            Ok(None) => {}
            Ok(Some(difference)) => findings.add(path, difference),
            Err(error) => failed = Some(error),
        }
    })?;
    failed.map_or(Ok(()), Err)
}

fn difference<F: LogFiles>(
    files: &F,
    path: &str,
    size: u64,
    published: Option<&BTreeSet<u64>>,
) -> Result<Option<Difference>, F::Error> {
    let Ok(tile) = TileId::parse(path) else { return Ok(Some(Difference::Unexpected)) };
    let width = match width_at(size, tile.level(), tile.index) {
        Some(width) if width == tile.width => return Ok(None),
        Some(width) if width > tile.width => width,
        _ => return Ok(Some(Difference::BeyondTree { size })),
    };
    if published.is_some_and(|sizes| !is_of_some_size(tile, sizes)) {
        return Ok(Some(Difference::NeverPublished));
    }
    let grown = TileId { width, ..tile };
    let Some(bytes) = files.read(path)? else { return Ok(None) };
    let wrong_form = match tile.kind {
        TileKind::Hashes { .. } => {
            let expected = usize::from(tile.width) * HASH_LEN;
            let found = bytes.len();
            (found != expected).then_some(Difference::Length { expected, found })
        }
        TileKind::Entries => malformed(&bytes, tile.width).map(Difference::Bundle),
    };
    if wrong_form.is_some() {
        return Ok(wrong_form);
    }
    // A missing larger tile is a finding already; then nothing can be said of this one.
    let whole = files.read(&grown.path())?;
    let differs = whole.is_some_and(|whole| !whole.starts_with(&bytes));
    Ok(differs.then(|| Difference::DiffersFromGrown { grown: grown.path() }))
}

fn malformed(bytes: &[u8], width: u16) -> Option<BundleError> {
    decode_bundle(bytes, width).err()
}

/// Whether one of the sizes has this partial tile: those from its last hash to the next one.
fn is_of_some_size(tile: TileId, sizes: &BTreeSet<u64>) -> bool {
    let leaves_of = |hashes: u64| hashes.checked_shl(8 * u32::from(tile.level()));
    let hashes = tile.index * u64::from(TILE_WIDTH) + u64::from(tile.width);
    match (leaves_of(hashes), leaves_of(hashes + 1)) {
        (Some(from), Some(to)) => sizes.range(from..to).next().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
