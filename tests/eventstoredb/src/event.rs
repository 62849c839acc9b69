//! An event as it is kept, and as it is handed in.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use uuid::Uuid;

/// Revision of the event that ends a tombstoned stream, as the real server numbers it.
pub const TOMBSTONE: u64 = i64::MAX as u64;

/// Type of that event.
pub const STREAM_DELETED: &str = "$streamDeleted";

/// Type of the events of `$$x`, which hold the metadata of `x`.
pub const METADATA: &str = "$metadata";

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Chosen by whoever wrote it.
    pub id: Uuid,
    /// The stream it belongs to.
    pub stream: Arc<str>,
    /// Its place in the stream, from 0.
    pub revision: u64,
    /// Its place in the whole log; commit and prepare are the same.
    pub position: u64,
    /// What it tells.
    pub event_type: Arc<str>,
    /// `application/json` or anything else.
    pub content_type: Arc<str>,
    /// When it was written, in ticks of 100 ns since 1970.
    pub created: u64,
    /// The writer's own metadata.
    pub metadata: Bytes,
    /// The writer's data.
    pub data: Bytes,
}

/// An event that somebody wants to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Chosen by whoever writes it.
    pub id: Uuid,
    /// What it tells.
    pub event_type: String,
    /// `application/json` or anything else.
    pub content_type: String,
    /// The writer's own metadata.
    pub metadata: Bytes,
    /// The writer's data.
    pub data: Bytes,
}

impl NewEvent {
    /// Returns an event of JSON with a fresh id.
    pub fn json(event_type: &str, data: impl Into<Bytes>) -> Self {
        Self {
            id: Uuid::new_v4(),
            event_type: event_type.to_owned(),
            content_type: "application/json".to_owned(),
            metadata: Bytes::new(),
            data: data.into(),
        }
    }
}

/// What a writer expects of the stream it appends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Any,
    /// The stream has events.
    StreamExists,
    /// The stream has none.
    NoStream,
    /// The stream's last event has this revision.
    Exact(u64),
}

/// The time in ticks of 100 ns since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX)
}
