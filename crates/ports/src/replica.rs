//! A copy, on this machine, of a log that is kept elsewhere.
//!
//! A remote log is asked to store and to tell what is new; everything else is read from the copy. So a
//! page of search results costs no journey over the network, reading goes on while the log cannot be
//! reached, and each node knows the ids of all events. The copy is derived: it can be deleted.
//!
//! # Contract
//! - What was applied is read by every means of [`LogReader`] when the call returns.
//! - Applying again what is at or before the checkpoint changes nothing.
//! - Records and checkpoint are kept in one step: after a crash the copy ends at some earlier
//!   checkpoint, whole.
//! - Of a stream that was cut what lies before is forgotten once [`LogReplica::forget`] was told its positions;
//!   until then it is read as before. Its places and ids stay taken.
//! - Positions rise, with gaps. Two records with one id are both kept; [`LogReader::find`] and
//!   [`LogReplica::held`] tell the first.

use annals_domain::{EventId, Position, Revision, StreamName};
use async_trait::async_trait;
use uuid::Uuid;

use crate::append_plan::{Held, RecordKey};
use crate::event_log::{LogEntry, LogError, LogReader};

/// Up to where a log was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Commit position in the log.
    pub commit: u64,
    /// Prepare position in the log.
    pub prepare: u64,
    /// The event that lies there, to tell a log that was restored or exchanged; `None` where the copy
    /// has passed over what does not belong to it.
    pub event: Option<Uuid>,
}

/// Retention removed the beginning of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Which stream.
    pub stream: StreamName,
    /// The first revision that was kept.
    pub before: Revision,
    /// The event that tells why.
    pub run: EventId,
}

/// Keeps a copy of a log.
#[async_trait]
pub trait LogReplica: LogReader {
    /// Up to where the log was copied; `None`: nothing was.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, LogError>;

    /// Adds what follows in the log, in order of position, and moves the checkpoint.
    async fn apply(&self, entries: Vec<LogEntry>, checkpoint: Checkpoint) -> Result<(), LogError> {
        self.apply_with_cuts(entries, Vec::new(), checkpoint).await
    }

    /// The same, and notes in the same step which streams were cut behind these records. Of several cuts of
    /// a stream the furthest counts.
    async fn apply_with_cuts(
        &self,
        entries: Vec<LogEntry>,
        cuts: Vec<Cut>,
        checkpoint: Checkpoint,
    ) -> Result<(), LogError>;

    /// Where the streams were cut, in the same order: the first revision that was kept.
    async fn cuts(&self, streams: &[StreamName]) -> Result<Vec<Option<Revision>>, LogError>;

    /// Up to `limit` records that lie before a cut and are still here, rising by position.
    async fn cut_off(&self, limit: usize) -> Result<Vec<Position>, LogError>;

    /// Forgets what the records at these positions hold, so that their bytes are in no file. Positions
    /// without a record are passed over.
    async fn forget(&self, positions: &[Position]) -> Result<(), LogError>;

    /// The records of a stream before a revision that are still here, up to `limit`, by revision.
    async fn before(
        &self,
        stream: &StreamName,
        before: Revision,
        limit: usize,
    ) -> Result<Vec<(Revision, Position)>, LogError>;

    /// The last revisions of the streams, in the same order; `None` for those without a record.
    async fn last_revisions(
        &self,
        streams: &[StreamName],
    ) -> Result<Vec<Option<Revision>>, LogError>;

    /// What is held under the keys' tenants and ids, in the same order.
    async fn held(&self, keys: &[RecordKey]) -> Result<Vec<Option<Held>>, LogError>;
}
