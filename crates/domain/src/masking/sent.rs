//! Masking what was sent and is no event, before it waits for somebody to look at it.
//!
//! JSON is looked at value by value, whatever its form: the mistake for which it is refused is often
//! a name, so what the catalogue calls masked goes wherever it stands.

use serde_json::Value;

use super::path::Path;
use super::values::Walk;
use super::{Masker, Pseudonym};
use crate::catalogue::Catalogue;
use crate::json::{Every, ValueOf};

impl Masker {
    /// Masks what a caller sent as an event, and what is none: as JSON as far as it is, the rest as a
    /// text. None when there is nothing to mask.
    ///
    /// Of a key that stands twice in an object both values are kept, in a list.
    pub fn mask_sent(
        &self,
        sent: &[u8],
        catalogue: &Catalogue,
        pseudonym: Pseudonym<'_>,
    ) -> Option<Vec<u8>> {
        let (mut left, mut is_masked) = (Vec::with_capacity(sent.len()), false);
        let mut rest = sent;
        while matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let mut values =
                serde_json::Deserializer::from_slice(rest).into_iter::<ValueOf<Every>>();
            let Some(Ok(ValueOf { mut value, .. })) = values.next() else { break };
            let keys = masked_keys(catalogue, &value);
            let mut walk = Walk::of_unread(self, &keys, pseudonym);
            walk.value(&Path::root(""), &mut value);
            is_masked |= !walk.found.is_empty();
            left.extend(value.to_string().into_bytes());
            rest = &rest[values.byte_offset()..];
            let gap = rest.len() - rest.trim_ascii_start().len();
            left.extend_from_slice(&rest[..gap]);
            rest = &rest[gap..];
        }
        let rest = String::from_utf8_lossy(rest);
        let masked = self.mask_text(&rest, pseudonym);
        is_masked |= masked.is_some();
        left.extend_from_slice(masked.as_deref().unwrap_or(&rest).as_bytes());
        is_masked.then_some(left)
    }
}

/// What the catalogue calls masked in events of the types that are named; if none of these is known,
/// in events of any type.
fn masked_keys(catalogue: &Catalogue, value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let events = value.as_array().map_or(one, Vec::as_slice);
    let named = events.iter().flat_map(|event| ["type", "action"].map(|name| event.get(name)));
    let names = named.flatten().flat_map(|name| match name {
        Value::Array(twice) => twice.as_slice(),
        name => std::slice::from_ref(name),
    });
    let known = |name: &Value| catalogue.find(name.as_str()?);
    let mut entries = names.filter_map(known).peekable();
    match entries.peek() {
        Some(_) => entries.flat_map(|entry| entry.masked.iter().cloned()).collect(),
        None => catalogue.types().flat_map(|entry| entry.masked.iter().cloned()).collect(),
    }
}
