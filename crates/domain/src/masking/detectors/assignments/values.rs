//! How far a value reaches that a text gives to a name.

use super::super::super::spans::{is_marker, marker_end};
use super::enclosing::{Enclosing, is_apostrophe};
use super::{NAME_BYTES_MAX, QUOTES_MAX, SPACES_MAX, count};

/// How far a value without quotes may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Programs make it: no blanks, commas or brackets.
    Token,
    /// A word of a command line or of a query string.
    Word {
        /// Whether `&` parts it from what follows.
        in_query: bool,
    },
    /// To the end of the line, or to where the next name is given a value.
    Phrase,
    /// To the end of the line, as in headers.
    Line,
}

/// Start and end of the value at `from`, and whether it stands in quotes or brackets.
pub(super) fn value_at(
    text: &str,
    from: usize,
    reach: Reach,
    enclosing: &Enclosing,
) -> (usize, usize, bool) {
    let bytes = text.as_bytes();
    let escapes = count(bytes, from, QUOTES_MAX, |byte| byte == b'\\');
    let quote =
        bytes.get(from + escapes).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let start = from + escapes + 1;
        return (start, closing(bytes, start, quote, escapes).0, true);
    }
    let plain = |at: usize| from.max(end_of(text, at, reach, enclosing));
    match marker_end(text, from) {
        // What stands apart from a marker was left there when it was made.
        Some(end) if reach != Reach::Line && !begins_word(bytes, end) => (from, from, false),
        Some(end) => (from, plain(end), false),
        None if matches!(bytes.get(from), Some(b'[' | b'{')) => {
            let end = brackets(bytes, from);
            match is_hollow(&bytes[from..end]) {
                true => (from, from, false),
                // What stands right behind the bracket belongs to the value.
                false if begins_word(bytes, end) => (from, plain(end), true),
                false => (from, end, true),
            }
        }
        None => {
            let end = plain(from);
            let is_value = bytes[from..end].iter().any(|byte| !ends_token(*byte));
            (from, if is_value { end } else { from }, false)
        }
    }
}

fn end_of(text: &str, from: usize, reach: Reach, enclosing: &Enclosing) -> usize {
    let bytes = text.as_bytes();
    let first = |is: fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| is(*byte)).map_or(bytes.len(), |at| from + at)
    };
    match reach {
        Reach::Line => without_closing(text, from, first(ends_line)),
        Reach::Token => without_closing(text, from, first(ends_token)),
        Reach::Word { in_query } => words_end(bytes, from, true, in_query, enclosing),
        Reach::Phrase => words_end(bytes, from, false, false, enclosing),
    }
}

fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'"' | b'\'')
}

pub(super) fn ends_token(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b',' | b';' | b'&' | b'"' | b'\'' | b'<' | b'>' | b')' | b'}' | b'`')
}

/// What follows a list or a piece of quoted JSON is none of the value; a marker ends with such a
/// bracket itself.
fn without_closing(text: &str, from: usize, end: usize) -> usize {
    let value = &text[from..end];
    let trimmed = value.trim_end_matches([']', '\\']).len();
    let marker = value.get(..trimmed + 1).is_some_and(is_marker);
    from + trimmed + usize::from(marker)
}

/// Where words end that may hold every sign. A sign that could end them does so only where it can be
/// seen to: a bracket or quote that was opened before the name, a comma before the next name. Rather
/// too much is hidden than a part of a secret left.
fn words_end(
    bytes: &[u8],
    from: usize,
    one_word: bool,
    in_query: bool,
    enclosing: &Enclosing,
) -> usize {
    let (mut at, mut end) = (from, from);
    while let Some(&byte) = bytes.get(at) {
        let next = at + 1;
        let blanks = count(bytes, next, usize::MAX, is_blank);
        let is_over = match byte {
            b'\n' | b'\r' => true,
            _ if byte.is_ascii_whitespace() => {
                one_word || is_line_end(bytes, next + blanks) || begins_other(bytes, next + blanks)
            }
            b',' | b';' => {
                (one_word && blanks > 0)
                    || is_line_end(bytes, next + blanks)
                    || begins_pair(bytes, next + blanks)
            }
            b'&' => {
                let escaped = bytes[next..].starts_with(b"amp;");
                in_query || begins_pair(bytes, next + if escaped { 4 } else { 0 })
            }
            b'<' | b'>' => enclosing.closes_tag(bytes, at),
            _ => enclosing.closes(bytes, at) && !begins_word(bytes, next),
        };
        if is_over {
            break;
        }
        match byte.is_ascii_whitespace() {
            true => at = next + blanks,
            false => (at, end) = (next, next),
        }
    }
    // The backslashes before a quote are of the quote.
    let backslashes = bytes[from..end].iter().rev().take_while(|byte| **byte == b'\\').count();
    end - backslashes
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_line_end(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), None | Some(b'\n' | b'\r'))
}

fn begins_word(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80 || *b == b'_')
}

/// Whether another name with its value, or a flag of a command line begins there.
fn begins_other(bytes: &[u8], at: usize) -> bool {
    let dashes = count(bytes, at, 2, |byte| byte == b'-');
    let is_flag = dashes > 0 && bytes.get(at + dashes).is_some_and(u8::is_ascii_alphabetic);
    is_flag || begins_pair(bytes, at)
}

/// Whether a name begins there that is given a value: `user=`, `"user":`.
fn begins_pair(bytes: &[u8], at: usize) -> bool {
    let quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b'`' | b'[' | b'{' | b'(');
    let start = at + count(bytes, at, QUOTES_MAX, quote);
    let of_name =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']');
    let length = count(bytes, start, NAME_BYTES_MAX, of_name);
    if !bytes.get(start).is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let end = start + length;
    let end = end + count(bytes, end, QUOTES_MAX, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let sign = end + count(bytes, end, SPACES_MAX, is_blank);
    match bytes.get(sign) {
        Some(b'=') => bytes.get(sign + 1) != Some(&b'='),
        Some(b':') => sign == end && bytes.get(sign + 1) != Some(&b':'),
        _ => false,
    }
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
