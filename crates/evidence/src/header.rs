//! What a bundle needs of a record's header: its stream, and which parts it vouches for.
//!
//! The header is canonical JSON. Its other fields say what kind of event it was and when; they are
//! proved with the header, whatever they are, and are read by whoever reads the report.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::canonical::from_canonical;
use crate::names::{is_part, is_stream};
use crate::problem::Problem;

/// The version of the stored form that is known.
const VERSION: u64 = 1;
/// Length of a part's salt, bytes.
pub const SALT_LEN: usize = 16;

/// A header, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) stream: String,
    /// The digest of each part, by name.
    pub(crate) parts: BTreeMap<String, [u8; 32]>,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let header = from_canonical(bytes).map_err(|error| Problem::Header(error.to_string()))?;
        let wrong = |what: &str| Problem::Header(what.to_owned());
        if header.get("v").and_then(Value::as_u64) != Some(VERSION) {
            return Err(wrong("it is of another version"));
        }
        let stream = header.get("stream").and_then(Value::as_str).filter(|name| is_stream(name));
        let parts = header.get("parts").and_then(Value::as_object);
        let digest = |(name, digest): (&String, &Value)| {
            let digest = digest.as_str().and_then(read_digest).filter(|_| is_part(name));
            Some((name.clone(), digest?))
        };
        let parts: Option<BTreeMap<_, _>> =
            parts.and_then(|parts| parts.iter().map(digest).collect());
        Ok(Self {
            stream: stream.ok_or(wrong("it names no stream"))?.to_owned(),
            parts: parts.ok_or(wrong("it has no digests of parts"))?,
        })
    }
}

/// The digest that a header holds of a part: SHA-256 over salt, name and JSON.
pub(crate) fn part_digest(salt: &[u8; SALT_LEN], name: &str, json: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(name);
    hasher.update(json);
    hasher.finalize().into()
}

fn read_digest(text: &str) -> Option<[u8; 32]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
