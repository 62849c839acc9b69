//! How far a value reaches that a text gives to a name.

use super::super::super::spans::{is_marker, marker_end};
use super::{QUOTES_MAX, count};

/// Start and end of the value at `from`, and whether it stands in quotes or brackets.
pub(super) fn value_at(text: &str, from: usize, whole_line: bool) -> (usize, usize, bool) {
    let bytes = text.as_bytes();
    let escapes = count(bytes, from, QUOTES_MAX, |byte| byte == b'\\');
    let quote =
        bytes.get(from + escapes).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let start = from + escapes + 1;
        return (start, closing(bytes, start, quote, escapes).0, true);
    }
    let has_brackets =
        matches!(bytes.get(from), Some(b'[' | b'{')) && marker_end(text, from).is_none();
    match has_brackets.then(|| brackets(bytes, from)) {
        Some(end) if is_hollow(&bytes[from..end]) => (from, from, false),
        // What stands right behind the bracket belongs to the value.
        Some(end) => (from, plain_end(text, end, whole_line), true),
        None => (from, plain_end(text, from, whole_line), false),
    }
}

/// Where a value without quotes ends.
fn plain_end(text: &str, from: usize, whole_line: bool) -> usize {
    let bytes = text.as_bytes();
    let ends = |byte: u8| match whole_line {
        true => matches!(byte, b'\n' | b'\r' | b'"' | b'\''),
        false => {
            byte.is_ascii_whitespace()
                || matches!(
                    byte,
                    b',' | b';' | b'&' | b'"' | b'\'' | b'<' | b'>' | b')' | b'}' | b'`'
                )
        }
    };
    let end = bytes[from..].iter().position(|byte| ends(*byte)).map_or(bytes.len(), |at| from + at);
    let value = &text[from..end];
    // What follows a list or a piece of quoted JSON; a marker ends with such a bracket itself.
    let trimmed = value.trim_end_matches([']', '\\']).len();
    let marker = value.get(..trimmed + 1).is_some_and(is_marker);
    from + trimmed + usize::from(marker)
}

/// Where the bracket closes that opens at `from`; the end of the text if it does not. Brackets in
/// quotes do not count. They are counted, not told apart: a text that was cut or mixes them up loses more.
fn brackets(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut backslashes) = (0_usize, 0);
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return at + 1,
            b']' | b'}' => depth -= 1,
            quote @ (b'"' | b'\'') if quote == b'"' || !is_apostrophe(bytes, at) => {
                let (end, escapes) = closing(bytes, at + 1, quote, backslashes);
                at = end + escapes;
            }
            _ => {}
        }
        backslashes = if bytes.get(at) == Some(&b'\\') { backslashes + 1 } else { 0 };
        at += 1;
    }
    bytes.len()
}

/// `[]` and `{}` hold no secret.
fn is_hollow(bytes: &[u8]) -> bool {
    matches!(bytes, [_, inside @ .., b']' | b'}'] if inside.trim_ascii().is_empty())
}

fn is_apostrophe(bytes: &[u8], at: usize) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    letter(at.checked_sub(1).and_then(|at| bytes.get(at))) && letter(bytes.get(at + 1))
}

/// The characters of a token at `from`. None of them is a sign, so that texts full of signs are not
/// looked through again and again.
pub(super) fn token_at(bytes: &[u8], from: usize) -> (usize, usize, bool) {
    let quotes = count(bytes, from, QUOTES_MAX, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b'`'));
    let start = from + quotes;
    let of_token =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-' | b'.' | b'~');
    let end = start + count(bytes, start, bytes.len(), of_token);
    // At most two signs fill up base64.
    (start, end + count(bytes, end, 2, |byte| byte == b'='), quotes > 0)
}

/// Where what stands in quotes ends that were opened behind so many backslashes, and how many
/// backslashes stand before the closing quote.
fn closing(bytes: &[u8], start: usize, quote: u8, escapes: usize) -> (usize, usize) {
    let mut backslashes = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'\\' => backslashes += 1,
            byte if *byte == quote && backslashes <= escapes => {
                return (at - backslashes, backslashes);
            }
            _ => backslashes = 0,
        }
    }
    (bytes.len(), 0)
}
