//! Reading hashes of subtrees out of tiles, each tile once.

use std::collections::BTreeMap;

use crate::hash::{HASH_LEN, Hash, node_hash, root_of};
use crate::tile::{TILE_WIDTH, TileId, decode_hashes, width_at};

/// Where tiles come from: files, memory, another log's server.
pub trait TileReader {
    /// Why a tile cannot be read.
    type Error: std::error::Error + 'static;

    /// The content of a tile of hashes: `width` hashes of 32 bytes.
    ///
    /// A reader that has only a wider tile of this level and index may return its first hashes.
    ///
    /// # Errors
    /// When there is no such tile or it cannot be read.
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Self::Error>;
}

/// Why hashes could not be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The reader failed.
    #[error("reading `{tile}`")]
    Tile {
        /// Which tile.
        tile: TileId,
        /// Why.
        #[source]
        source: E,
    },
    /// The tile has another length than its width says.
    #[error("`{tile}` has {length} bytes, not {}", usize::from(tile.width) * HASH_LEN)]
    Length {
        /// Which tile.
        tile: TileId,
        /// The length that was found.
        length: usize,
    },
    /// What was asked for is not in a tree of this size.
    #[error("a tree of size {size} has nothing at {position}")]
    OutOfTree {
        /// The index or size that was asked for.
        position: u64,
        /// The size of the tree.
        size: u64,
    },
}

/// Reads and decodes one tile.
pub(crate) fn read_hashes<R: TileReader>(
    reader: &R,
    tile: TileId,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    let bytes = reader
        .tile(tile.level(), tile.index, tile.width)
        .map_err(|source| ReadError::Tile { tile, source })?;
    decode_hashes(&bytes, tile.width).ok_or(ReadError::Length { tile, length: bytes.len() })
}

/// Leaves `start..end` of a tree, as RFC 6962 cuts it: `start` is a multiple of the smallest power of
/// two that is not below the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// A complete subtree: 2^height leaves from `index` · 2^height on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subtree {
    height: u32,
    index: u64,
}

impl Span {
    pub(crate) fn len(self) -> u64 {
        self.end - self.start
    }

    /// The two children: the left one has the largest power of two below the length.
    pub(crate) fn halves(self) -> (Span, Span) {
        let middle = self.start + (1 << (self.len() - 1).ilog2());
        (Span { end: middle, ..self }, Span { start: middle, ..self })
    }

    /// The complete subtrees it consists of, from left to right.
    pub(crate) fn subtrees(self) -> Vec<Subtree> {
        let mut subtrees = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let height = (self.end - start).ilog2();
            subtrees.push(Subtree { height, index: start >> height });
            start += 1 << height;
        }
        subtrees
    }
}

impl Subtree {
    /// The tile that holds its hashes in a tree of this size, and from which to which.
    ///
    /// None when the tree has no such complete subtree.
    pub(crate) fn place(self, size: u64) -> Option<(TileId, std::ops::Range<usize>)> {
        let level = u8::try_from(self.height / 8).ok()?;
        let spread = self.height % 8;
        let first = self.index << spread;
        let tile_width = u64::from(TILE_WIDTH);
        let index = first / tile_width;
        let width = width_at(size, level, index)?;
        let start = usize::try_from(first % tile_width).ok()?;
        let end = start + (1 << spread);
        (end <= usize::from(width)).then(|| (TileId::hashes(level, index, width), start..end))
    }
}

/// The tiles of a tree of one size, each read once.
pub(crate) struct Tiles<'a, R> {
    reader: &'a R,
    size: u64,
    read: BTreeMap<TileId, Vec<Hash>>,
}

impl<'a, R: TileReader> Tiles<'a, R> {
    pub(crate) fn new(reader: &'a R, size: u64) -> Self {
        Self { reader, size, read: BTreeMap::new() }
    }

    /// The hash of a span.
    pub(crate) fn hash(&mut self, span: Span) -> Result<Hash, ReadError<R::Error>> {
        let nothing = ReadError::OutOfTree { position: span.end, size: self.size };
        let mut hash = None;
        for subtree in span.subtrees().into_iter().rev() {
            let left = self.subtree_hash(subtree)?;
            hash = Some(hash.map_or(left, |right| node_hash(&left, &right)));
        }
        hash.ok_or(nothing)
    }

    fn subtree_hash(&mut self, subtree: Subtree) -> Result<Hash, ReadError<R::Error>> {
        let nothing = ReadError::OutOfTree { position: subtree.index, size: self.size };
        let (tile, range) = subtree.place(self.size).ok_or(nothing)?;
        let hashes = match self.read.entry(tile) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(read_hashes(self.reader, tile)?)
            }
        };
        Ok(root_of(&hashes[range]))
    }
}
