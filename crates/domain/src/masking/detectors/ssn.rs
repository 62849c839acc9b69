//! US social security numbers, `123-45-6789`; never issued were areas 000, 666 and 900 to 999, group 00
//! and serial 0000.

use super::Found;

/// Digits of a number.
pub(super) const DIGITS: usize = 9;
/// Bytes of a number with its dashes.
const LENGTH: usize = 11;

pub(super) fn find(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + LENGTH <= bytes.len() {
        let candidate = &bytes[at..at + LENGTH];
        let alone = |byte: Option<&u8>| {
            byte.is_none_or(|b| {
                !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || *b >= 0x80)
            })
        };
        let is_number = candidate[3] == b'-'
            && is_issued(candidate)
            && alone(at.checked_sub(1).map(|before| &bytes[before]))
            && alone(bytes.get(at + LENGTH));
        if is_number {
            found(at, at + LENGTH);
            at += LENGTH;
        } else {
            at += 1;
        }
    }
}

fn is_issued(candidate: &[u8]) -> bool {
    let form = candidate.iter().enumerate().all(|(place, byte)| match place {
        3 | 6 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let (area, group, serial) = (&candidate[..3], &candidate[4..6], &candidate[7..]);
    form && area != b"000"
        && area != b"666"
        && area[0] != b'9'
        && group != b"00"
        && serial != b"0000"
}
