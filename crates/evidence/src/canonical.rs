//! Canonical JSON (RFC 8785), as far as bundles use it: whole numbers that every reader knows exactly.
//!
//! A number with a fraction has no place in a header, a manifest or a scope; so nothing here needs the
//! number format of ECMAScript, the one difficult part of the standard.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::limits::{DEPTH_MAX, NUMBER_MAX};
use crate::problem::Problem;

/// Writes a value in its canonical form.
///
/// # Errors
/// When a number is no whole number up to 2^53 - 1, or the nesting is too deep.
pub(crate) fn to_canonical(value: &Value) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    write(value, DEPTH_MAX, &mut out)?;
    Ok(out)
}

/// Reads a value from its canonical form.
///
/// # Errors
/// When the bytes are no JSON, or not what writing the value gives: so also when a name is there twice.
pub(crate) fn from_canonical(bytes: &[u8]) -> Result<Value, Problem> {
    let value = serde_json::from_slice(bytes).map_err(|_| Problem::NotJson)?;
    if to_canonical(&value)? == bytes { Ok(value) } else { Err(Problem::NotCanonical) }
}

/// Reads a line that has exactly the fields of `T`, in their order and without spaces.
///
/// # Errors
/// When the bytes are no JSON, or not what writing the line gives.
pub(crate) fn from_line<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let line: T = serde_json::from_slice(bytes).map_err(|_| Problem::NotJson)?;
    let again = serde_json::to_vec(&line).map_err(|_| Problem::NotJson)?;
    if again == bytes { Ok(line) } else { Err(Problem::NotCanonical) }
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let deeper = || depth.checked_sub(1).ok_or(Problem::TooDeep);
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) => {
            let whole = number.as_i64().filter(|whole| whole.unsigned_abs() <= NUMBER_MAX);
            out.extend(whole.ok_or(Problem::Number)?.to_string().into_bytes());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            let depth = deeper()?;
            write_list(b"[]", items, out, |item, out| write(item, depth, out))?;
        }
        Value::Object(fields) => {
            let depth = deeper()?;
            let mut fields: Vec<_> = fields.iter().collect();
            // RFC 8785, section 3.2.3: by UTF-16 code units.
            fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            write_list(b"{}", &fields, out, |(name, value), out| {
                write_text(name, out);
                out.push(b':');
                write(value, depth, out)
            })?;
        }
    }
    Ok(())
}

fn write_list<T>(
    brackets: &[u8; 2],
    items: &[T],
    out: &mut Vec<u8>,
    mut write_item: impl FnMut(&T, &mut Vec<u8>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    out.push(brackets[0]);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_item(item, out)?;
    }
    out.push(brackets[1]);
    Ok(())
}

/// `serde_json` escapes what RFC 8785 (section 3.2.2.2) wants escaped, in the same way, and no more.
fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("text can be written to memory");
}

#[cfg(test)]
mod tests;
