//! Shortens JSON text before it is compressed: what is random cannot be compressed, but it can be
//! stored as bytes instead of letters.
//!
//! JSON text as serde writes it holds no control characters, so they are free to mark what was
//! taken out. Each mark stands for one text only, so unpacking gives back the same bytes.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use crate::compression::TEXT_LEN_MAX;

/// 32 bytes written as base64url without padding, 43 characters.
const BYTES_32: u8 = 0x01;
/// A UUID in its usual form, 36 lower-case characters.
const UUID: u8 = 0x02;
/// The pseudonym of the first group's owner.
const PSEUDONYM: u8 = 0x03;
/// The marks of parts begin here ([`crate::parts::PartName::code`]).
const FIRST_PART: u8 = 0x10;
/// The least character that JSON text may hold.
const FIRST_PRINTABLE: u8 = 0x20;

/// Appends `json` to `template` with marks in place of what goes to `raw`.
///
/// With a `pseudonym`, a string that ends with it is marked as well.
pub(crate) fn pack(
    json: &[u8],
    pseudonym: Option<&str>,
    template: &mut Vec<u8>,
    raw: &mut Vec<u8>,
) {
    let mut copied = 0;
    let mut at = 0;
    while let Some((start, end)) = next_string(json, at) {
        at = end + 1;
        let text = &json[start..end];
        let Some((kept, mark)) = shorten(text, pseudonym, raw) else {
            continue;
        };
        template.extend_from_slice(&json[copied..start + kept]);
        template.push(mark);
        copied = end;
    }
    template.extend_from_slice(&json[copied..]);
}

/// Where the inside of the next string begins and ends.
fn next_string(json: &[u8], from: usize) -> Option<(usize, usize)> {
    let start = from + json.get(from..)?.iter().position(|byte| *byte == b'"')? + 1;
    let mut end = start;
    loop {
        end += json.get(end..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if json[end] == b'"' {
            return Some((start, end));
        }
        // A backslash and what it escapes; four hexadecimal digits after `\u` are harmless.
        end += 2;
    }
}

/// Moves what is random in a string to `raw`; tells how much of the string stays, and the mark
/// that follows it.
fn shorten(text: &[u8], pseudonym: Option<&str>, raw: &mut Vec<u8>) -> Option<(usize, u8)> {
    match text.len() {
        43 => {
            let mut bytes = [0; 32];
            BASE64URL_NOPAD.decode_mut(text, &mut bytes).ok()?;
            raw.extend_from_slice(&bytes);
            Some((0, BYTES_32))
        }
        36 if text[8] == b'-' => {
            let uuid = Uuid::try_parse_ascii(text).ok()?;
            let usual_form = uuid.hyphenated().encode_lower(&mut [0; 36]).as_bytes() == text;
            usual_form.then(|| raw.extend_from_slice(uuid.as_bytes()))?;
            Some((0, UUID))
        }
        length => {
            let pseudonym = pseudonym?;
            text.ends_with(pseudonym.as_bytes()).then(|| (length - pseudonym.len(), PSEUDONYM))
        }
    }
}

/// What was packed is cut off or was not packed by [`pack`].
#[derive(Debug)]
pub(crate) struct Unpackable;

/// Appends the text that was packed, up to the mark of the next part, which begins the returned
/// rest. Takes from `raw` what it needs.
pub(crate) fn unpack<'a>(
    template: &'a [u8],
    raw: &mut &[u8],
    pseudonym: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], Unpackable> {
    let mut rest = template;
    while let Some(plain) = rest.iter().position(|byte| *byte < FIRST_PRINTABLE) {
        out.extend_from_slice(&rest[..plain]);
        match rest[plain] {
            BYTES_32 => {
                let bytes: &[u8; 32] = take(raw)?;
                let start = out.len();
                out.resize(start + 43, 0);
                BASE64URL_NOPAD.encode_mut(bytes, &mut out[start..]);
            }
            UUID => {
                let bytes: &[u8; 16] = take(raw)?;
                let uuid = Uuid::from_bytes(*bytes);
                out.extend_from_slice(uuid.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
            }
            // One byte that stands for many: bounded, or a few bytes could ask for much room.
            PSEUDONYM if out.len() < TEXT_LEN_MAX => {
                out.extend_from_slice(pseudonym.ok_or(Unpackable)?.as_bytes());
            }
            FIRST_PART.. => return Ok(&rest[plain..]),
            _ => return Err(Unpackable),
        }
        rest = &rest[plain + 1..];
    }
    out.extend_from_slice(rest);
    Ok(&[])
}

fn take<'a, const N: usize>(raw: &mut &'a [u8]) -> Result<&'a [u8; N], Unpackable> {
    let (bytes, rest) = raw.split_first_chunk().ok_or(Unpackable)?;
    *raw = rest;
    Ok(bytes)
}
