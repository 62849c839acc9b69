//! The two notations all formats share, read so that each value has exactly one text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The largest tree: what Go's `int64` holds, so that foreign verifiers can read every size.
pub const SIZE_MAX: u64 = i64::MAX as u64;

/// Reads a decimal number without sign and without leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| text.parse().ok()).flatten()
}

/// Reads a size or index of a tree.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    parse_decimal(text).filter(|&size| size <= SIZE_MAX)
}

/// Reads standard base64 of at most `length_max` bytes. Padding is demanded and spare bits must be
/// zero (the engine's default), so that no second text stands for the same bytes.
pub(crate) fn decode_base64(text: &str, length_max: usize) -> Option<Vec<u8>> {
    let bound = length_max.div_ceil(3).saturating_mul(4);
    if text.len() > bound {
        return None;
    }
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() <= length_max)
}

/// Writes standard base64.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests;
