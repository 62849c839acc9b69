//! International bank account numbers (ISO 13616): country, length, check digits.
//!
//! Together or in groups of four with spaces, all upper or all lower case.

use super::Found;

/// The shortest number, of Norway, has this many characters; some countries use letters in it.
const LENGTH_MIN: usize = 15;
/// The longest by ISO 13616.
const LENGTH_MAX: usize = 34;
/// Even those with letters have two check digits and some more.
pub(super) const DIGITS_MIN: usize = 9;

/// Lengths by country, of the IBAN registry.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

pub(super) fn find(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let mut at = 0;
    while at + LENGTH_MIN <= bytes.len() {
        let begins = bytes[at].is_ascii_alphabetic() && (at == 0 || !is_word(&bytes[at - 1]));
        let end = if begins { number_at(&bytes[at..]) } else { None };
        match end {
            Some(end) if bytes.get(at + end).is_none_or(|byte| !is_word(byte)) => {
                found(at, at + end);
                at += end;
            }
            _ => at += 1,
        }
    }
}

/// Where the number ends that begins here.
fn number_at(bytes: &[u8]) -> Option<usize> {
    let checks = bytes.get(2..4)?.iter().all(u8::is_ascii_digit);
    let country = [bytes[0].to_ascii_uppercase(), bytes[1].to_ascii_uppercase()];
    if !checks {
        return None;
    }
    let &(_, length) = LENGTHS.iter().find(|(code, _)| **code == country)?;
    let upper = bytes[0].is_ascii_uppercase();
    let mut number = Vec::with_capacity(LENGTH_MAX);
    let mut at = 0;
    while number.len() < length {
        let byte = *bytes.get(at)?;
        let grouped = byte == b' ' && number.len().is_multiple_of(4) && !number.is_empty();
        let wrong_case = byte.is_ascii_alphabetic() && byte.is_ascii_uppercase() != upper;
        match byte {
            _ if grouped => {}
            _ if byte.is_ascii_alphanumeric() && !wrong_case => {
                number.push(byte.to_ascii_uppercase());
            }
            _ => return None,
        }
        at += 1;
    }
    (remainder(&number) == 1).then_some(at)
}

/// The number with its first four characters at its end and letters as two digits, mod 97.
fn remainder(number: &[u8]) -> u32 {
    let (head, rest) = number.split_at(4);
    rest.iter().chain(head).fold(0, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}
