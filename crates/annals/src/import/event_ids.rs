//! Ids that make importing twice store once.
//!
//! A vendor's own event id cannot be trusted alone: real logs repeat one id with other content. So an
//! id is made of both: the same line gives the same id for ever, and two lines that differ in
//! anything give two ids. Lines that are equal in every value are one event.

use annals_domain::event::JsonObject;
use aws_lc_rs::digest;
use serde_json::Value;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Names the ids that `annals import` makes (UUID v5). Must never change: ids in logs stem from it.
const IMPORTED_EVENTS: Uuid = Uuid::from_u128(0x6f1c_2d0e_5b7a_4c39_9a64_8d2f_b3e1_7c05);

/// What the content of a line hashes to: SHA-256 of its canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentDigest(Vec<u8>);

impl ContentDigest {
    /// Digests a line; the order of keys and the white space between values do not matter.
    pub(crate) fn of(object: &JsonObject) -> Self {
        let mut canonical = String::new();
        write_object(object, &mut canonical);
        Self(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref().to_vec())
    }
}

/// Makes the id of an event: of its format, the vendor's id if there is one, its content, and its
/// place among the events of its line (most lines hold one).
pub(crate) fn derive(
    format: &str,
    vendor_id: Option<&str>,
    content: &ContentDigest,
    index: usize,
) -> Uuid {
    let mut name = Vec::new();
    // The digest comes first: it has a fixed length, so the parts cannot run into each other.
    name.extend_from_slice(&content.0);
    name.extend_from_slice(&(index as u64).to_be_bytes());
    name.extend_from_slice(format.as_bytes());
    name.push(0);
    name.extend_from_slice(vendor_id.unwrap_or_default().as_bytes());
    Uuid::new_v5(&IMPORTED_EVENTS, &name)
}

/// Keys sorted, no white space. Numbers stay as written, unlike RFC 8785, which would make two large
/// integers one.
fn write_value(value: &Value, into: &mut String) {
    match value {
        Value::Object(object) => write_object(object, into),
        Value::Array(items) => {
            into.push('[');
            for item in items {
                write_value(item, into);
                into.push(',');
            }
            into.push(']');
        }
        scalar => into.push_str(&scalar.to_string()),
    }
}

fn write_object(object: &JsonObject, into: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    into.push('{');
    for (key, value) in entries {
        into.push_str(&Value::from(key.as_str()).to_string());
        into.push(':');
        write_value(value, into);
        into.push(',');
    }
    into.push('}');
}
