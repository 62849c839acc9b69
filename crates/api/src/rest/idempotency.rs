//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! Here sending again is safe by an event's id, for ever. The header gives the same to events that
//! bring no id: theirs is made of tenant, caller and key, so that the same key always means the same
//! event, on every node and after every restart, and nothing need be remembered. Other content
//! under the same key is a conflict, as it is under the same id.
//!
//! The caller is part of it, as the draft advises: two programs that both count from 1 must not
//! get in each other's way.

use annals_domain::EventId;
use http::{HeaderMap, HeaderName};
use uuid::Uuid;

use crate::auth::Principal;
use crate::error::ApiError;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const CHARACTERS_MAX: usize = 255;
/// Ids are made within this name space, and so never meet those that others make by names.
const NAME_SPACE: Uuid = Uuid::from_u128(0x6d1f_0b9e_41c5_4a6e_9c0a_5f27_83d4_b1e6);

/// The key of a request, as it is meant by whoever sent it.
pub(crate) struct Key {
    name: Vec<u8>,
}

impl Key {
    /// The key of a request, if it has one.
    ///
    /// # Errors
    /// When it is not well-formed, or there are several.
    pub(crate) fn of(headers: &HeaderMap, principal: &Principal) -> Result<Option<Self>, ApiError> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = value.to_str().ok().and_then(read).filter(|_| values.next().is_none());
        let key = key.ok_or_else(malformed)?;
        let mut name = Vec::new();
        for part in [principal.tenant.as_str(), &principal.id, &key] {
            // Its length goes before each part, so that no two lists run together alike.
            name.extend((part.len() as u64).to_be_bytes());
            name.extend(part.as_bytes());
        }
        Ok(Some(Self { name }))
    }

    /// The id of the only event of the request.
    pub(crate) fn id(&self) -> EventId {
        EventId(Uuid::new_v5(&NAME_SPACE, &self.name))
    }

    /// The id of the event at this place of many.
    pub(crate) fn id_at(&self, index: usize) -> EventId {
        let name = [&self.name[..], &(index as u64).to_be_bytes()].concat();
        EventId(Uuid::new_v5(&NAME_SPACE, &name))
    }
}

/// The draft writes a quoted string; many clients send the key as it is. Both mean the same.
fn read(value: &str) -> Option<String> {
    let value = value.trim();
    let key = match value.strip_prefix('"') {
        Some(quoted) => unquoted(quoted.strip_suffix('"')?)?,
        None => value.to_owned(),
    };
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (printable && (1..=CHARACTERS_MAX).contains(&key.len())).then_some(key)
}

/// Undoes the escapes of a string of structured fields (RFC 9651 3.3.3).
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        key.push(match character {
            '\\' => rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(key)
}

fn malformed() -> ApiError {
    ApiError::bad_request(format!(
        "the header `Idempotency-Key` is not one key of 1 to {CHARACTERS_MAX} printable ASCII \
         characters; send a UUID"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_bare_and_quoted() {
        let longest = "k".repeat(255);
        for (value, key) in [
            ("a", Some("a")),
            (" a ", Some("a")),
            ("\"a\"", Some("a")),
            ("\"a b\"", Some("a b")),
            ("a b", Some("a b")),
            (r#""a\"b\\c""#, Some(r#"a"b\c"#)),
            ("8e03978e-40d5-43e8-bc93-6894a57f9324", Some("8e03978e-40d5-43e8-bc93-6894a57f9324")),
            (longest.as_str(), Some(longest.as_str())),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            ("\"a\"b\"", None),
            (r#""a\b""#, None),
            (r#""a\""#, None),
            ("a\tb", None),
            ("\u{e4}", None),
        ] {
            assert_eq!(read(value).as_deref(), key, "{value}");
        }
        assert_eq!(read(&"k".repeat(256)), None);
        assert_eq!(read(&format!("\"{longest}\"")), Some(longest));
    }
}
