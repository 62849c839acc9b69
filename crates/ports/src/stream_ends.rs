//! Where every stream ends: what the daily commitment to all streams is made of.

use annals_domain::{Position, Revision, StreamName};
use async_trait::async_trait;

use crate::event_log::LogError;

/// The last record of a stream at or before some position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEnd {
    /// Which stream.
    pub stream: StreamName,
    /// Revision of its last record.
    pub revision: Revision,
    /// Where that lies in the log.
    pub position: Position,
}

/// An event log that can tell all its streams.
///
/// # Contract
/// - Streams come in the order of the bytes of their names, each once; one that begins after the position
///   is left out.
/// - A record that retention removed still is where it was: it can be the end of a stream.
/// - Fewer streams than the limit: no more follow.
#[async_trait]
pub trait StreamEnds: Send + Sync + 'static {
    /// Up to `limit` streams after a name (from the first for `None`), each with its last record at or
    /// before `up_to`.
    async fn stream_ends(
        &self,
        up_to: Position,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamEnd>, LogError>;
}
