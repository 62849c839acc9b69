//! The archive: months that are closed, kept outside of the log.
//!
//! What was sealed in the log is sealed there as well, so what is read from it is opened with the keys that
//! exist now: who was erased is unreadable in the archive too.
//!
//! # Contract
//! - What is told is whole: nothing of a month is told before all of it is stored, and what is read is what
//!   was stored, or an error.
//! - Nothing of one tenant is told to another.
//! - A month that was deleted is not told any more. What is locked is not deleted.

use std::collections::BTreeMap;

use annals_domain::{Position, TenantId};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::LogEntry;

mod month;

pub use month::{InvalidMonth, Month};

/// Reads the archive, and deletes from it what may go.
#[async_trait]
pub trait ArchiveReader: Send + Sync + 'static {
    /// The tenants of whom anything was ever stored, in order of their names.
    async fn tenants(&self) -> Result<Vec<TenantId>, ArchiveError>;

    /// The months of a tenant that are stored, newest first.
    async fn months(&self, tenant: &TenantId) -> Result<Vec<ArchivedMonth>, ArchiveError>;

    /// The records of a piece, in rising order of position.
    async fn piece(
        &self,
        tenant: &TenantId,
        month: Month,
        piece: usize,
    ) -> Result<Vec<LogEntry>, ArchiveError>;

    /// Deletes a month of a tenant. Whoever asks has made sure that every record is due and none is held.
    /// What was stopped half-way is ended by asking again.
    async fn expire(&self, tenant: &TenantId, month: Month) -> Result<Expiry, ArchiveError>;

    /// Whether what a tenant had at a position when its month was closed is stored in the archive.
    async fn is_archived(
        &self,
        tenant: &TenantId,
        position: Position,
    ) -> Result<bool, ArchiveError> {
        Ok(self.months(tenant).await?.iter().any(|month| month.spans(position)))
    }
}

/// A month of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedMonth {
    /// Which.
    pub month: Month,
    /// It begins behind this position.
    pub after: Position,
    /// It ends with this one.
    pub until: Position,
    /// How many records of the tenant were there.
    pub records: u64,
    /// The newest time of recording of each class of retention.
    pub classes: BTreeMap<String, Timestamp>,
    /// In rising order of position; at least one.
    pub pieces: Vec<ArchivedPiece>,
}

/// A piece of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedPiece {
    /// Position of its first record.
    pub first: Position,
    /// Position of its last record.
    pub last: Position,
    /// How many records.
    pub records: u64,
    /// How many bytes are fetched to read it.
    pub bytes: u64,
    /// The first and the last time at which one of them was recorded.
    pub received: (Timestamp, Timestamp),
    /// The first and the last time at which one of them happened, by the caller's clock.
    pub occurred: (Timestamp, Timestamp),
}

/// What became of a month that was to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// It is gone.
    Deleted {
        /// How many objects that were.
        objects: u64,
    },
    /// The store keeps it; nothing was deleted.
    Locked {
        /// Until when, where the store tells.
        until: Option<Timestamp>,
    },
    /// There is no such month.
    Absent,
}

/// The archive did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be reached, or refused.
    #[error("cannot {doing} the archive; see whether it can be reached and lets us")]
    Unavailable {
        /// What was being done: `read`, `write to`, `delete from`.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What lies there is not what was stored.
    #[error("`{object}` in the archive is damaged: {how}; run `annals archive verify`")]
    Damaged {
        /// Which object.
        object: String,
        /// How it shows.
        how: String,
    },
    /// The month or piece that was named is not there.
    #[error("`{0}` is not in the archive")]
    Absent(String),
}

impl ArchivedMonth {
    /// Whether it is about a position.
    pub fn spans(&self, position: Position) -> bool {
        self.after < position && position <= self.until
    }
}
