//! What Annals writes into the metadata of a stream that retention has cut, and how every node knows it
//! again.
//!
//! The metadata of a stream can be written by administrators of the server too. So the whole of what
//! Annals writes there, whatever it left of others included, stands under a tag that only nodes with the
//! root key can make, and it is taken for nothing unless it is byte for byte what Annals would write.

use annals_domain::{EventId, Revision};
use annals_record::MarkKey;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

/// Where the server reads which revision a stream begins with.
const TRUNCATE_BEFORE: &str = "$tb";
/// Where Annals writes what it did. The server passes over it.
const MARK: &str = "annals";
const TAG: &str = "tag";

/// Retention cut a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The first revision that was kept.
    pub(crate) before: Revision,
    /// The event that tells why.
    pub(crate) run: EventId,
}

/// Writes marks and knows them again. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Marks(MarkKey);

impl Marks {
    pub(crate) fn new(key: MarkKey) -> Self {
        Self(key)
    }

    /// The metadata of a stream, as the server calls it, that is cut: what stood there stays, and a stream
    /// that was cut further stays so.
    pub(crate) fn write(&self, on_server: &str, metadata: &[u8], mark: Mark) -> Value {
        let mut metadata: Map<String, Value> = serde_json::from_slice(metadata).unwrap_or_default();
        let cut = metadata.get(TRUNCATE_BEFORE).and_then(Value::as_u64).unwrap_or_default();
        metadata.insert(TRUNCATE_BEFORE.into(), cut.max(mark.before.0).into());
        let untagged = json!({ "before": mark.before.0, "run": mark.run.to_string() });
        metadata.insert(MARK.into(), untagged);
        let mut metadata = sorted(Value::Object(metadata));
        let tag = self.0.tag(on_server, metadata.to_string().as_bytes());
        metadata[MARK][TAG] = HEXLOWER.encode(&tag).into();
        sorted(metadata)
    }

    /// The mark in the metadata of a stream; none if anybody else wrote it or changed anything of it.
    pub(crate) fn read(&self, on_server: &str, metadata: &[u8]) -> Option<Mark> {
        let told: Value = serde_json::from_slice(metadata).ok()?;
        // Of a name that stands there twice each reader may believe another.
        let mut untagged = sorted(told);
        if untagged.to_string().as_bytes() != metadata {
            return None;
        }
        let mark = untagged.get_mut(MARK)?.as_object_mut()?;
        let tag = HEXLOWER.decode(mark.remove(TAG)?.as_str()?.as_bytes()).ok()?;
        let before = Revision(mark.get("before")?.as_u64()?);
        let run = EventId(mark.get("run")?.as_str()?.parse().ok()?);
        let content = sorted(untagged).to_string();
        self.0.vouches(on_server, content.as_bytes(), &tag).then_some(Mark { before, run })
    }
}

/// With the names in order, so that there is one way to write it.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
