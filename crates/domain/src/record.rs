//! An event that is in the log, with its place.

use std::sync::Arc;

use crate::event::Event;
use crate::identifiers::{EventId, Position, Revision, StreamName};
use crate::time::DateTime;

/// An event in the log, opened for reading. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Place in the whole log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Place in the stream.
    pub revision: Revision,
    /// What was recorded.
    pub event: Arc<Event>,
    /// SHA-256 of the stored header: what proofs of this record are about (DESIGN 5).
    pub header_digest: [u8; 32],
    /// Names of the parts that can no longer be read, because the person they concern was erased;
    /// `event` has nothing, or a nameless stand-in, in their place.
    pub erased: Vec<String>,
    /// The version in which the event is stored, when `event` shows it in a newer one.
    pub stored_schema_version: Option<u32>,
}

/// Proof that a record is durable (DESIGN 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which event.
    pub id: EventId,
    /// Its stream.
    pub stream: StreamName,
    /// Place in the stream.
    pub revision: Revision,
    /// Place in the whole log.
    pub position: Position,
    /// When Annals took it on.
    pub received_at: DateTime,
    /// SHA-256 of the stored header, which its leaf in the Merkle tree is made of; `None` for an event
    /// that was sent again after retention removed it.
    pub header_digest: Option<[u8; 32]>,
    /// Whether this very id and content was recorded by an earlier request.
    pub duplicate: bool,
}
