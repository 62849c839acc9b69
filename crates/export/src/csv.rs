//! CSV (RFC 4180) that is safe to open in a spreadsheet.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula and runs it, and
//! what is in events was often typed by strangers. Such a cell gets a `'` before it. Characters that
//! are not seen are written out, such as `\n` and `\u202e`. So CSV is for looking at; whoever needs
//! every character as it was takes NDJSON or Parquet.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::columns::{COLUMNS, Value};
use crate::row::Row;

/// The byte order mark.
pub(crate) const BOM: &str = "\u{feff}";

/// Appends the line of column names.
pub(crate) fn write_header(out: &mut Vec<u8>) {
    for (index, column) in COLUMNS.iter().enumerate() {
        separate(index, out);
        out.extend_from_slice(column.name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the line of an event.
pub(crate) fn write_row(row: &Row<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    for (index, column) in COLUMNS.iter().enumerate() {
        separate(index, out);
        match column.value {
            Value::Text(text) => write_cell(&text(row), out),
            Value::MaybeText(text) => {
                if let Some(text) = text(row) {
                    write_cell(&text, out);
                }
            }
            Value::Json(json) => {
                if let Some(json) = json(row) {
                    write_cell(&json?, out);
                }
            }
            Value::Time(time) => write_cell(&time(row).to_string(), out),
            Value::Number(number) => write_cell(&number(row).to_string(), out),
            Value::MaybeFlag(flag) => {
                if let Some(flag) = flag(row) {
                    write_cell(if flag { "true" } else { "false" }, out);
                }
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn write_cell(text: &str, out: &mut Vec<u8>) {
    let text = safe(text);
    if !needs_quotes(&text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (index, piece) in text.split('"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(piece.as_bytes());
    }
    out.push(b'"');
}

/// Also for what other separators than the comma would cut: some spreadsheets look for those.
fn needs_quotes(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'"' | b',' | b';' | b'|' | b'\''))
        || text.starts_with(' ')
        || text.ends_with(' ')
}

/// The text as no spreadsheet mistakes it for something else.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    // Nearly every cell is plain ASCII that begins with a letter or digit.
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && text.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric()) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 8);
    if looks_like_a_formula(text) {
        safe.push('\'');
    }
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            unseen if is_unseen(unseen) => {
                // Writing into a `String` cannot fail.
                let _ = write!(safe, "\\u{:04x}", u32::from(unseen));
            }
            seen => safe.push(seen),
        }
    }
    safe.into()
}

/// Whether the text begins like a formula, behind blanks, quotes and what is not seen.
fn looks_like_a_formula(text: &str) -> bool {
    let skipped = |character: &char| {
        character.is_whitespace()
            || is_unseen(*character)
            || matches!(
                character,
                '"' | '\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '＂' | '＇'
            )
    };
    let begins_with_control = text.starts_with(|first: char| first.is_control());
    let first = text.chars().find(|character| !skipped(character));
    begins_with_control
        || matches!(
            first,
            Some(
                '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫' | '−'
            )
        )
}

/// Control characters, separators of lines, and what reverses or hides text.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests;
