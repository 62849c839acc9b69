//! The tree itself: entries against leaf tiles, each tile against the one above, the root.

use super::finding::{Difference, Findings};
use super::{CHECKPOINT_PATH, LogFiles};
use crate::bundle::decode_bundle;
use crate::checkpoint::Checkpoint;
use crate::hash::{HASH_LEN, Hash, leaf_hash, root_of, root_of_edge};
use crate::tile::{
    LEVEL_MAX, TILE_WIDTH, TileId, decode_hashes, hashes_at_level, tiles_of_level, width_at,
};

/// How much was read.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) entries: u64,
    pub(super) tiles: u64,
}

struct Check<'a, F> {
    files: &'a F,
    size: u64,
    findings: &'a mut Findings,
    counts: Counts,
    /// The last tile of leaves, when its bundle has other entries: the root tells which is right.
    doubtful: Option<Doubt>,
}

/// A tile of leaves and the hashes of its entries, which differ.
struct Doubt {
    tile: TileId,
    hashes: Vec<Hash>,
    entries: Vec<Hash>,
}

/// The tile above the one being checked, read once for its 256 children.
struct Above {
    tile: TileId,
    /// None when it is missing or malformed, which is found when its own level is checked.
    hashes: Option<Vec<Hash>>,
}

/// Checks all tiles and bundles that the checkpoint's size demands.
pub(super) fn check<F: LogFiles>(
    files: &F,
    checkpoint: &Checkpoint,
    findings: &mut Findings,
) -> Result<Counts, F::Error> {
    let size = checkpoint.size;
    let mut check = Check { files, size, findings, counts: Counts::default(), doubtful: None };
    let mut edge = Vec::new();
    for level in 0..=LEVEL_MAX {
        let mut above = None;
        for tile in tiles_of_level(size, level) {
            let hashes = check.tile(tile, &mut above)?;
            if !tile.is_full() {
                edge.push(hashes);
            }
        }
    }
    check.root(edge, &checkpoint.root);
    Ok(check.counts)
}

impl<F: LogFiles> Check<'_, F> {
    /// Checks one tile, with its bundle if it is one of leaves, and returns its hashes.
    fn tile(
        &mut self,
        tile: TileId,
        above: &mut Option<Above>,
    ) -> Result<Option<Vec<Hash>>, F::Error> {
        let hashes = self.hashes(tile)?;
        let expected = if tile.is_full() { self.hash_above(tile, above)? } else { None };
        let of_entries = if tile.level() == 0 { self.entry_hashes(tile)? } else { None };
        let fits = |hashes: &Vec<Hash>| {
            expected.as_ref().map(|(_, _, expected)| root_of(hashes) == *expected)
        };
        let tile_fits = hashes.as_ref().and_then(fits);
        if let (Some(hashes), Some(entries)) = (&hashes, of_entries)
            && *hashes != entries
        {
            let doubt = Doubt { tile, hashes: hashes.clone(), entries };
            // What the tree above holds tells which of the two was changed.
            match fits(&doubt.entries) {
                Some(true) => {
                    self.tell(&doubt, true);
                    return Ok(Some(doubt.entries));
                }
                None if !tile.is_full() => self.doubtful = Some(doubt),
                _ => self.tell(&doubt, false),
            }
        }
        if let (Some(false), Some((above, position, _))) = (tile_fits, expected) {
            let above = above.path();
            self.findings.add(&tile.path(), Difference::DiffersFromAbove { above, position });
        }
        Ok(hashes)
    }

    /// Compares the root of the partial tiles with the one that is signed.
    fn root(&mut self, mut edge: Vec<Option<Vec<Hash>>>, signed: &Hash) {
        if let Some(doubt) = self.doubtful.take() {
            let of_tile = edge[0].replace(doubt.entries.clone());
            let entries_fit = root_of_rows(&edge) == Some(*signed);
            self.tell(&doubt, entries_fit);
            if entries_fit {
                return;
            }
            edge[0] = of_tile;
        }
        // Without one of the partial tiles there is no root; that it is missing is found already.
        if let Some(found) = root_of_rows(&edge)
            && found != *signed
        {
            let difference = Difference::RootDiffers { signed: *signed, found };
            self.findings.add(CHECKPOINT_PATH, difference);
        }
    }

    /// Names the bundle, or the tile when the entries are those of the tree.
    fn tell(&mut self, doubt: &Doubt, entries_fit: bool) {
        let Doubt { tile, hashes, entries } = doubt;
        let pairs = || hashes.iter().zip(entries);
        let count = pairs().filter(|(hash, entry)| hash != entry).count();
        let position = pairs().take_while(|(hash, entry)| hash == entry).count();
        let position = u64::try_from(position).unwrap_or(u64::MAX);
        let index = tile.index * u64::from(TILE_WIDTH) + position;
        if entries_fit {
            let difference = Difference::LeafHash { position, index, count };
            self.findings.add(&tile.path(), difference);
        } else {
            let bundle = TileId::entries(tile.index, tile.width);
            self.findings.add(&bundle.path(), Difference::Entry { index, count });
        }
    }

    /// Reads a tile of hashes; what is wrong with it becomes a finding.
    fn hashes(&mut self, tile: TileId) -> Result<Option<Vec<Hash>>, F::Error> {
        let path = tile.path();
        let Some(bytes) = self.files.read(&path)? else {
            self.findings.add(&path, Difference::Missing);
            return Ok(None);
        };
        self.counts.tiles += 1;
        let hashes = decode_hashes(&bytes, tile.width);
        if hashes.is_none() {
            let expected = usize::from(tile.width) * HASH_LEN;
            self.findings.add(&path, Difference::Length { expected, found: bytes.len() });
        }
        Ok(hashes)
    }

    /// Reads a bundle and hashes its entries; what is wrong with it becomes a finding.
    fn entry_hashes(&mut self, tile: TileId) -> Result<Option<Vec<Hash>>, F::Error> {
        let path = TileId::entries(tile.index, tile.width).path();
        let Some(bytes) = self.files.read(&path)? else {
            self.findings.add(&path, Difference::Missing);
            return Ok(None);
        };
        match decode_bundle(&bytes, tile.width) {
            Ok(entries) => {
                self.counts.entries += u64::from(tile.width);
                Ok(Some(entries.into_iter().map(leaf_hash).collect()))
            }
            Err(error) => {
                self.findings.add(&path, Difference::Bundle(error));
                Ok(None)
            }
        }
    }

    /// The hash that the level above holds of a full tile, with its place.
    fn hash_above(
        &mut self,
        tile: TileId,
        above: &mut Option<Above>,
    ) -> Result<Option<(TileId, u64, Hash)>, F::Error> {
        let level = tile.level() + 1;
        let tile_width = u64::from(TILE_WIDTH);
        let (index, position) = (tile.index / tile_width, tile.index % tile_width);
        if tile.index >= hashes_at_level(self.size, level) {
            return Ok(None);
        }
        if above.as_ref().is_none_or(|above| above.tile.index != index) {
            let Some(width) = width_at(self.size, level, index) else { return Ok(None) };
            let tile = TileId::hashes(level, index, width);
            let bytes = self.files.read(&tile.path())?;
            let hashes = bytes.and_then(|bytes| decode_hashes(&bytes, width));
            *above = Some(Above { tile, hashes });
        }
        Ok(above.as_ref().and_then(|above| {
            let hash = above.hashes.as_ref()?.get(usize::try_from(position).ok()?)?;
            Some((above.tile, position, *hash))
        }))
    }
}

/// The root of the partial tiles from the leaves up; none when one of them is lacking.
fn root_of_rows(edge: &[Option<Vec<Hash>>]) -> Option<Hash> {
    let rows: Option<Vec<&[Hash]>> = edge.iter().map(Option::as_deref).collect();
    rows.map(root_of_edge)
}
