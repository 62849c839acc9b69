//! Whether a value looks random, as secrets do. Asked only where a key tells so already.

/// Shorter values are words and numbers.
const LENGTH_MIN: usize = 20;
/// Of longer values only the beginning is looked at.
const LENGTH_MAX: usize = 4096;
/// Bits a character, by Shannon's measure. Hexadecimal digests have nearly 4, words of a language less
/// than 3.5 with fewer kinds of characters.
const BITS_MIN: f64 = 3.2;
/// Bytes of a UUID as text, which names things.
const UUID_LENGTH: usize = 36;

pub(in super::super) fn looks_random(value: &str) -> bool {
    let bytes = &value.as_bytes()[..value.len().min(LENGTH_MAX)];
    let of_token = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~')
    };
    bytes.len() >= LENGTH_MIN
        && bytes.iter().all(of_token)
        && bytes.iter().any(u8::is_ascii_digit)
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && !is_uuid(bytes)
        && bits(bytes) >= BITS_MIN
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == UUID_LENGTH
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn bits(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = bytes.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}
