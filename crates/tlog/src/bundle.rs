//! Bundles of entries: each entry behind its length in two bytes, big-endian (C2SP tlog-tiles).

use crate::tile::TILE_WIDTH;

/// The longest entry that a bundle can hold, bytes.
pub const ENTRY_LEN_MAX: usize = u16::MAX as usize;

/// Why entries make no bundle, or bytes hold none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is too long to be written.
    #[error("an entry has {length} bytes; at most {ENTRY_LEN_MAX} can be logged")]
    EntryTooLong {
        /// Its length.
        length: usize,
    },
    /// Too many entries, or none.
    #[error("{count} entries make no bundle; it holds 1 to {TILE_WIDTH}")]
    Count {
        /// How many there were.
        count: usize,
    },
    /// The bytes end within an entry.
    #[error("the bundle ends within entry {position}")]
    Truncated {
        /// Place of the entry within the bundle.
        position: u16,
    },
    /// Something follows the last entry.
    #[error("{length} bytes follow the last entry of the bundle")]
    Trailing {
        /// How many bytes.
        length: usize,
    },
}

/// Writes a bundle, full or partial.
///
/// # Errors
/// When there is no entry, there are more than 256, or one is too long.
pub fn encode_bundle<B: AsRef<[u8]>>(entries: &[B]) -> Result<Vec<u8>, BundleError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(BundleError::Count { count: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for entry in entries {
        push_entry(&mut bytes, entry.as_ref())?;
    }
    Ok(bytes)
}

/// Writes one more entry behind those of a bundle.
///
/// # Errors
/// When the entry is too long.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let too_long = |_| BundleError::EntryTooLong { length: entry.len() };
    let length = u16::try_from(entry.len()).map_err(too_long)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Reads a bundle that must hold exactly `width` entries and nothing else.
///
/// # Errors
/// When the bytes end early, or something follows the last entry.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::with_capacity(usize::from(width.min(TILE_WIDTH)));
    let mut rest = bytes;
    for position in 0..width {
        let (entry, after) = split_entry(rest).ok_or(BundleError::Truncated { position })?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { length: rest.len() }) }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests;
