//! What `$$x` says of the stream `x`, and what `$settings` says of all streams.

use serde_json::{Map, Value};

use crate::access::{Acl, Right};
use crate::event::TOMBSTONE;

/// The settings of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StreamMetadata {
    /// Only so many of the last events are read.
    pub(crate) max_count: Option<u64>,
    /// Events older than so many seconds are not read.
    pub(crate) max_age: Option<u64>,
    /// Events before this revision are not read.
    pub(crate) truncate_before: Option<u64>,
    /// Who may do what.
    pub(crate) acl: Acl,
}

impl StreamMetadata {
    /// Reads the JSON of a `$metadata` event. What does not parse counts as empty, as a whole.
    pub(crate) fn parse(json: &[u8]) -> Self {
        serde_json::from_slice::<Map<String, Value>>(json)
            .ok()
            .and_then(|map| Self::from_map(&map))
            .unwrap_or_default()
    }

    fn from_map(map: &Map<String, Value>) -> Option<Self> {
        Some(Self {
            max_count: positive(map, "$maxCount")?,
            max_age: positive(map, "$maxAge")?,
            truncate_before: match map.get("$tb") {
                None => None,
                Some(value) => Some(value.as_u64()?),
            },
            acl: match map.get("$acl") {
                None => Acl::default(),
                Some(value) => Acl::from_json(value)?,
            },
        })
    }

    /// Whether the stream was deleted in the way that lets it begin again.
    pub(crate) fn soft_deleted(&self) -> bool {
        self.truncate_before == Some(TOMBSTONE)
    }
}

/// The same JSON with another `$tb`.
pub(crate) fn with_truncate_before(json: &[u8], revision: u64) -> Vec<u8> {
    let mut map = serde_json::from_slice::<Map<String, Value>>(json).unwrap_or_default();
    map.insert("$tb".to_owned(), Value::from(revision));
    Value::Object(map).to_string().into_bytes()
}

/// Absent is fine, anything but an integer of at least 1 is not.
fn positive(map: &Map<String, Value>, key: &str) -> Option<Option<u64>> {
    match map.get(key) {
        None => Some(None),
        Some(value) => value.as_u64().filter(|number| *number >= 1).map(Some),
    }
}

/// What holds for streams that say nothing themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DefaultAcls {
    user: Acl,
    system: Acl,
}

impl DefaultAcls {
    /// Reads the JSON of an event in `$settings`. What does not parse counts as empty.
    pub(crate) fn parse(json: &[u8]) -> Self {
        let Ok(map) = serde_json::from_slice::<Map<String, Value>>(json) else {
            return Self::default();
        };
        let read = |key| map.get(key).and_then(Acl::from_json).unwrap_or_default();
        Self { user: read("$userStreamAcl"), system: read("$systemStreamAcl") }
    }

    /// Who has a right on a stream of this name that says nothing itself.
    pub(crate) fn roles(&self, stream: &str, right: Right) -> Vec<String> {
        let (acl, otherwise) =
            if stream.starts_with('$') { (&self.system, "$admins") } else { (&self.user, "$all") };
        acl.roles(right).map_or_else(|| vec![otherwise.to_owned()], <[String]>::to_vec)
    }
}
