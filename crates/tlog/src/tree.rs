//! The growing tree: from the right edge and new leaves to new tiles and the new root.
//!
//! It remembers only the partial tile of each level, at most 255 hashes a level.

use crate::hash::{Hash, root_of, root_of_edge};
use crate::text::SIZE_MAX;
use crate::tile::{LEVEL_MAX, TILE_WIDTH, TileId, encode_hashes, hashes_at_level, width_at};
use crate::tiles::{ReadError, TileReader, read_hashes};

/// A tree that only grows.
///
/// Whoever writes tiles appends to a clone and keeps it once the tiles are durable: then a failed
/// write leaves the tree where the files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The partial tile of each level, from the leaves up; full tiles are forgotten.
    edge: Vec<Vec<Hash>>,
}

/// One tile to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTile {
    /// Which tile.
    pub id: TileId,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a tree does not continue from tiles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError<E: std::error::Error + 'static> {
    /// A tile could not be read.
    #[error("reading the right edge of the tree of size {size}")]
    Read {
        /// The size asked for.
        size: u64,
        /// What failed.
        #[source]
        source: ReadError<E>,
    },
    /// The tiles are another tree's.
    #[error("the tiles of the tree of size {size} have the root {found}, not {expected}")]
    RootDiffers {
        /// The size asked for.
        size: u64,
        /// The root that is known.
        expected: Hash,
        /// The root of the tiles.
        found: Hash,
    },
}

/// A tree is as large as it can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{leaves} leaves would make the tree of size {size} larger than {SIZE_MAX}")]
pub struct TreeFull {
    size: u64,
    leaves: usize,
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a tree from its partial tiles, which must have the root that is known.
    ///
    /// # Errors
    /// When a tile cannot be read, has a wrong length, or the root is another.
    pub fn load<R: TileReader>(
        size: u64,
        root: &Hash,
        reader: &R,
    ) -> Result<Self, LoadError<R::Error>> {
        let mut edge = Vec::new();
        for level in 0..=LEVEL_MAX {
            let hashes = hashes_at_level(size, level);
            if hashes == 0 {
                break;
            }
            let index = hashes / u64::from(TILE_WIDTH);
            edge.push(match width_at(size, level, index) {
                Some(width) => read_hashes(reader, TileId::hashes(level, index, width))
                    .map_err(|source| LoadError::Read { size, source })?,
                None => Vec::new(),
            });
        }
        let tree = Self { size, edge };
        let found = tree.root();
        if found == *root {
            Ok(tree)
        } else {
            Err(LoadError::RootDiffers { size, expected: *root, found })
        }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        root_of_edge(self.edge.iter().map(Vec::as_slice))
    }

    /// The partial tiles of its size, from the leaves up; with the full tiles they are the whole tree.
    pub fn partial_tiles(&self) -> Vec<NewTile> {
        let tile_of = |(level, row): (u8, &Vec<Hash>)| {
            let width = u16::try_from(row.len()).ok().filter(|&width| width > 0)?;
            let index = hashes_at_level(self.size, level) / u64::from(TILE_WIDTH);
            Some(new_tile(level, index, width, row))
        };
        (0..).zip(&self.edge).filter_map(tile_of).collect()
    }

    /// Adds leaves and returns the tiles that are new: each full tile they completed, and the partial
    /// tiles of the new size in the levels that changed.
    ///
    /// Whoever publishes more seldom than it appends may leave the partial ones of sizes in between,
    /// and write those of [`Tree::partial_tiles`] before it publishes: a level that the last batch
    /// did not change has its partial tile from an earlier one.
    ///
    /// # Errors
    /// When the tree would become too large; nothing is added then.
    pub fn append(&mut self, leaves: &[Hash]) -> Result<Vec<NewTile>, TreeFull> {
        let full = || TreeFull { size: self.size, leaves: leaves.len() };
        let added = u64::try_from(leaves.len()).map_err(|_| full())?;
        let size =
            self.size.checked_add(added).filter(|&size| size <= SIZE_MAX).ok_or_else(full)?;
        let mut tiles = Vec::new();
        let mut level = 0;
        let mut new_hashes = self.append_to_level(0, leaves, &mut tiles);
        while !new_hashes.is_empty() {
            level += 1;
            new_hashes = self.append_to_level(level, &new_hashes, &mut tiles);
        }
        self.size = size;
        Ok(tiles)
    }

    /// Adds hashes to one level and returns the hashes of the tiles that became full.
    fn append_to_level(
        &mut self,
        level: u8,
        hashes: &[Hash],
        tiles: &mut Vec<NewTile>,
    ) -> Vec<Hash> {
        if hashes.is_empty() {
            return Vec::new();
        }
        let row = usize::from(level);
        if self.edge.len() <= row {
            self.edge.resize(row + 1, Vec::new());
        }
        let tile_width = usize::from(TILE_WIDTH);
        let mut index = hashes_at_level(self.size, level) / u64::from(TILE_WIDTH);
        let mut tile = std::mem::take(&mut self.edge[row]);
        let mut above = Vec::with_capacity((tile.len() + hashes.len()) / tile_width);
        let mut rest = hashes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(tile_width - tile.len()));
            tile.extend_from_slice(now);
            rest = later;
            if tile.len() == tile_width {
                tiles.push(new_tile(level, index, TILE_WIDTH, &tile));
                above.push(root_of(&tile));
                index += 1;
                tile.clear();
            }
        }
        if let Ok(width @ 1..) = u16::try_from(tile.len()) {
            tiles.push(new_tile(level, index, width, &tile));
        }
        self.edge[row] = tile;
        above
    }
}

fn new_tile(level: u8, index: u64, width: u16, hashes: &[Hash]) -> NewTile {
    NewTile { id: TileId::hashes(level, index, width), bytes: encode_hashes(hashes) }
}

#[cfg(test)]
mod tests;
