//! How a sealed file lies on disk.
//!
//! ```text
//! header   magic (8) · version (1) · zeros (3) · key id (8) · salt (32)
//! blocks   up to 16 KiB of the file each, then its tag (16); the last one may be shorter
//! ```
//!
//! There is always a last block, if need be an empty one, so the length of a file tells that of what it
//! holds.

use std::ops::Range;

use super::cipher::TAG_LEN;

/// Bytes of the file in a block. Small enough that a look at one term is cheap, large enough that tags
/// and calls cost little.
pub(super) const BLOCK: usize = 16 * 1024;
pub(super) const HEADER_LEN: usize = 52;
pub(super) const SALT: Range<usize> = 20..52;
const MAGIC: &[u8; 8] = b"annalsix";
const VERSION: u8 = 1;
const KEY_ID: Range<usize> = 12..20;

/// What the first bytes of a file show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing was sealed here.
    Plain,
    /// Sealed under the key with this id.
    Sealed([u8; 8]),
    /// Sealed by a version of Annals that is not this one.
    Unknown,
}

impl Form {
    pub(crate) fn of(beginning: &[u8]) -> Self {
        match beginning.strip_prefix(MAGIC) {
            None => Self::Plain,
            Some([VERSION, 0, 0, 0, rest @ ..]) => match rest.first_chunk() {
                Some(id) => Self::Sealed(*id),
                None => Self::Unknown,
            },
            Some(_) => Self::Unknown,
        }
    }
}

pub(super) fn header(key_id: [u8; 8], salt: [u8; 32]) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()] = VERSION;
    header[KEY_ID].copy_from_slice(&key_id);
    header[SALT].copy_from_slice(&salt);
    header
}

/// How long a file gets.
pub(super) fn sealed_len(plain_len: usize) -> usize {
    HEADER_LEN + plain_len + plain_len.div_ceil(BLOCK).max(1) * TAG_LEN
}

/// Where the blocks of a file lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    blocks: usize,
    plain_len: usize,
}

impl Layout {
    /// Of a file of that length; `None` if no sealed file has it.
    pub(super) fn of(sealed_len: usize) -> Option<Self> {
        let body = sealed_len.checked_sub(HEADER_LEN)?;
        let blocks = body.div_ceil(BLOCK + TAG_LEN);
        let plain_len = body.checked_sub(blocks * TAG_LEN)?;
        let layout = Self { blocks, plain_len };
        (self::sealed_len(plain_len) == sealed_len && blocks > 0).then_some(layout)
    }

    pub(super) fn plain_len(self) -> usize {
        self.plain_len
    }

    pub(super) fn blocks(self) -> usize {
        self.blocks
    }

    pub(super) fn is_last(self, block: usize) -> bool {
        block + 1 == self.blocks
    }

    /// What the block holds, as a part of what the file holds.
    pub(super) fn plain_block(self, block: usize) -> Range<usize> {
        block * BLOCK..self.plain_len.min((block + 1) * BLOCK)
    }

    /// The block with its tag, as a part of the file.
    pub(super) fn sealed_block(self, block: usize) -> Range<usize> {
        let start = HEADER_LEN + block * (BLOCK + TAG_LEN);
        start..start + self.plain_block(block).len() + TAG_LEN
    }
}
