//! Card numbers (ISO/IEC 7812): issuer prefix, length, and the Luhn digit at the end.
//!
//! Digits stand together or in the groups that are printed on cards, with spaces or dashes between
//! them. Other groupings are telephone numbers, times and orders.

use super::Found;

/// The shortest number, of Diners Club.
pub(super) const DIGITS_MIN: usize = 14;
/// The longest number that is looked for.
const DIGITS_MAX: usize = 19;
/// How the digits of a card are grouped.
const GROUPS: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 2]];

/// Digits that stand together.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// What joins it to the next group of digits, if these follow at once.
    joined_by: Option<u8>,
}

pub(super) fn find(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut stretch: Vec<Group> = Vec::new();
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let joins = matches!(bytes.get(at), Some(b' ' | b'-'))
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let joined_by = joins.then(|| bytes[at]);
        stretch.push(Group { start, end: at, joined_by });
        if !joins {
            in_stretch(bytes, &stretch, found);
            stretch.clear();
        } else {
            at += 1;
        }
    }
}

/// Whether letters, or the digits of a decimal number, stand right beside it.
fn is_part_of_word(bytes: &[u8], start: usize, end: usize) -> bool {
    let beside = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let before = start.checked_sub(1).map(|at| &bytes[at]);
    let decimal_before =
        before == Some(&b'.') && start.checked_sub(2).is_some_and(|at| bytes[at].is_ascii_digit());
    let decimal_after =
        bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    beside(before) || beside(bytes.get(end)) || decimal_before || decimal_after
}

fn in_stretch(bytes: &[u8], stretch: &[Group], found: Found<'_>) {
    let mut first = 0;
    while first < stretch.len() {
        // What a dash joins to digits on the left is the middle of something else.
        let begins = first == 0 || stretch[first - 1].joined_by == Some(b' ');
        let count = if begins { card_at(bytes, &stretch[first..]) } else { None };
        match count {
            Some(count) => {
                let (start, end) = (stretch[first].start, stretch[first + count - 1].end);
                if !is_part_of_word(bytes, start, end) {
                    found(start, end);
                }
                first += count;
            }
            None => first += 1,
        }
    }
}

/// How many groups from the first one on are a card number.
fn card_at(bytes: &[u8], groups: &[Group]) -> Option<usize> {
    let ends = |last: &Group| last.joined_by != Some(b'-');
    let alone = &groups[0];
    if alone.end - alone.start >= DIGITS_MIN {
        let is_card = ends(alone) && is_card(&bytes[alone.start..alone.end], false);
        return is_card.then_some(1);
    }
    GROUPS.iter().rev().find_map(|lengths| {
        let groups = groups.get(..lengths.len())?;
        let joint = groups[0].joined_by;
        let (last, before) = groups.split_last()?;
        let fits = groups.iter().zip(*lengths).all(|(group, len)| group.end - group.start == *len)
            && before.iter().all(|group| group.joined_by == joint)
            && (joint != Some(b'-') || ends(last));
        let digits = || {
            let digits = groups.iter().flat_map(|group| &bytes[group.start..group.end]);
            digits.copied().collect::<Vec<u8>>()
        };
        (fits && is_card(&digits(), true)).then_some(lengths.len())
    })
}

/// Numbers of 17 digits and more are cards only where they are grouped so: identifiers have that
/// many digits, and one in ten passes the Luhn test.
fn is_card(digits: &[u8], grouped: bool) -> bool {
    let length = digits.len();
    let lead = |count: usize| {
        digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&length) || (length > 16 && !grouped) {
        return false;
    }
    let issued = match length {
        14 => matches!(lead(2), 36 | 38 | 39) || matches!(lead(3), 300..=305 | 309),
        15 => matches!(lead(2), 34 | 37),
        _ => {
            lead(1) == 4
                || matches!(lead(2), 51..=55 | 62 | 65)
                || matches!(lead(3), 644..=649)
                || matches!(lead(4), 2221..=2720 | 3528..=3589 | 6011)
        }
    };
    issued && !digits.iter().all(|digit| *digit == digits[0]) && luhn(digits)
}

/// The check of ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}
