//! Tiles: how the hashes of the tree and the entries are cut into files, and how these are named
//! (C2SP tlog-tiles).
//!
//! A tile of level L holds up to 256 hashes of complete subtrees of 256^L leaves. Full tiles never
//! change; the last one of a level is partial, and its width is part of its name.

use std::fmt;

use crate::hash::{HASH_LEN, Hash};
use crate::text::parse_decimal;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// The highest level that a tree of 64-bit size can have.
pub const LEVEL_MAX: u8 = 7;
/// The highest level the path notation knows.
const PATH_LEVEL_MAX: u64 = 63;
/// The longest path: seven groups of an index, a level and a width.
const PATH_LEN_MAX: usize = 64;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of subtrees of 256^level leaves.
    Hashes {
        /// 0 is the level of the leaves.
        level: u8,
    },
    /// The entries themselves, as many as the tile of level 0 has hashes.
    Entries,
}

/// Which tile: kind, index within its level and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// What it holds.
    pub kind: TileKind,
    /// Its place in its level, from 0.
    pub index: u64,
    /// How many hashes or entries: 1 to 255 of a partial tile, 256 of a full one.
    pub width: u16,
}

/// A path that names no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile")]
pub struct TilePathError(String);

impl TileId {
    /// A tile of hashes.
    pub fn hashes(level: u8, index: u64, width: u16) -> Self {
        Self { kind: TileKind::Hashes { level }, index, width }
    }

    /// A bundle of entries.
    pub fn entries(index: u64, width: u16) -> Self {
        Self { kind: TileKind::Entries, index, width }
    }

    /// Whether it will never grow.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The level whose hashes it holds, or whose hashes its entries have.
    pub fn level(&self) -> u8 {
        match self.kind {
            TileKind::Hashes { level } => level,
            TileKind::Entries => 0,
        }
    }

    /// The path below the log's prefix, such as `tile/0/x001/x234/067.p/112`.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// Reads a path; each tile has one path alone.
    ///
    /// # Errors
    /// When the path is not exactly what [`TileId::path`] writes for a tile.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let not_a_tile = || TilePathError(path.chars().take(PATH_LEN_MAX).collect());
        if path.len() > PATH_LEN_MAX {
            return Err(not_a_tile());
        }
        let tile = parse_parts(path).ok_or_else(not_a_tile)?;
        // What is not written this way (a leading group of zeros, say) is another name for the tile.
        if tile.path() == path { Ok(tile) } else { Err(not_a_tile()) }
    }
}

fn parse_parts(path: &str) -> Option<TileId> {
    let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => {
            let level = parse_decimal(level).filter(|&level| level <= PATH_LEVEL_MAX)?;
            TileKind::Hashes { level: u8::try_from(level).ok()? }
        }
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => {
            let width = parse_decimal(width).and_then(|width| u16::try_from(width).ok())?;
            (index, Some(width).filter(|width| (1..TILE_WIDTH).contains(width))?)
        }
        None => (rest, TILE_WIDTH),
    };
    let mut number: u64 = 0;
    for group in index.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(TileId { kind, index: number, width })
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => write!(f, "tile/entries/")?,
        }
        let mut divisor = 1;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(f, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// How many hashes a level has in a tree of this size.
pub fn hashes_at_level(size: u64, level: u8) -> u64 {
    if level > LEVEL_MAX { 0 } else { size >> (8 * u32::from(level)) }
}

/// The width that a tile has in a tree of this size; none when the tree has no such tile.
pub fn width_at(size: u64, level: u8, index: u64) -> Option<u16> {
    let full = u64::from(TILE_WIDTH);
    let before = index.checked_mul(full)?;
    let rest = hashes_at_level(size, level).checked_sub(before)?.min(full);
    u16::try_from(rest).ok().filter(|&width| width > 0)
}

/// All tiles of hashes of a tree of this size, level by level from the leaves up.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TileId> {
    (0..=LEVEL_MAX).flat_map(move |level| tiles_of_level(size, level))
}

/// All tiles of one level of a tree of this size.
pub fn tiles_of_level(size: u64, level: u8) -> impl Iterator<Item = TileId> {
    let count = hashes_at_level(size, level).div_ceil(u64::from(TILE_WIDTH));
    (0..count).filter_map(move |index| {
        width_at(size, level, index).map(|width| TileId::hashes(level, index, width))
    })
}

/// All bundles of entries of a log of this size.
pub fn bundles_of(size: u64) -> impl Iterator<Item = TileId> {
    tiles_of_level(size, 0).map(|tile| TileId::entries(tile.index, tile.width))
}

/// Writes the content of a tile of hashes.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads the content of a tile of hashes; none when it does not hold exactly `width` of them.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_LEN>();
    let whole = rest.is_empty() && hashes.len() == usize::from(width);
    whole.then(|| hashes.iter().copied().map(Hash).collect())
}

#[cfg(test)]
mod tests;
