//! The event log: the only truth.
//!
//! # Contract
//! - A success answer to [`EventLog::append`] means the records are on disk (or on a quorum).
//! - Records of one stream are kept in the order of their revisions, which have no gaps.
//! - An item is stored whole or not at all.
//! - The same id in the same tenant with the same fingerprint is a success that tells the old
//!   place; with another fingerprint it is [`AppendError::IdempotencyConflict`]. For ever.
//! - Positions are totally ordered and never used twice. They rise within a stream, and from one append
//!   that was answered to the next; the streams of one batch may lie in any order.
//! - A [`Follower`] yields every record after its start once, in order of position, without gap
//!   or repetition between what was there and what comes.
//! - After a crash a record is there whole or not at all.
//! - A record that was removed is told by no reader, but for those who were given it before. Its place
//!   and its id stay taken for ever.
//! - A failed fsync is [`LogError::Broken`]; the log takes no further appends until it is reopened.

use annals_domain::lifecycle::Removable;
use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_record::Record;
use async_trait::async_trait;

/// Reads and follows records.
#[async_trait]
pub trait LogReader: Send + Sync + 'static {
    /// Up to `limit` records of a stream, from a revision on, in the given direction.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError>;

    /// Up to `limit` records after a position, in order.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError>;

    /// The records at the positions, in the same order; `None` where there is none.
    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError>;

    /// The record with that id; the first, should another log have let in two.
    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError>;

    /// Position of the newest durable record; [`Position::START`] when there is none.
    async fn head(&self) -> Result<Position, LogError>;

    /// Yields all records after a position, then those to come.
    fn follow(&self, after: Position) -> Box<dyn Follower>;
}

/// Something that is read as another reader is: a file it has, or a log it stands before.
pub trait ReadsThrough: Send + Sync + 'static {
    /// What is read.
    fn reader(&self) -> &dyn LogReader;
}

#[async_trait]
impl<T: ReadsThrough> LogReader for T {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        self.reader().read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        self.reader().read_all(after, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        self.reader().read_at(positions).await
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        self.reader().find(tenant, id).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.reader().head().await
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        self.reader().follow(after)
    }
}

/// Appends records, and reads them.
#[async_trait]
pub trait EventLog: LogReader {
    /// Appends the items, those of one stream in order, and answers each. Waits until what is answered is durable.
    ///
    /// # Errors
    /// [`LogError`] when nothing can be said of any item: they may or may not have been stored,
    /// and sending them again is safe.
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError>;

    /// Which records can be removed.
    fn removal(&self) -> Removal {
        Removal::Each
    }

    /// Removes what the records hold, for good: their bytes are gone when this returns, and the room they took
    /// is free. `run` is the event that tells why; it lies in the log already. Answers how many were removed,
    /// which leaves out positions without a record and those that were removed before. All or none are.
    /// What a legal hold covers cannot be given here.
    ///
    /// Where [`EventLog::removal`] is [`Removal::Beginnings`], records that are none stay and are not counted,
    /// some may be removed when this fails, and giving them again goes on with the rest.
    ///
    /// # Errors
    /// [`RemoveError::Unsupported`] when the log cannot, [`RemoveError::Denied`] when it may not, even when
    /// nothing is to be removed.
    async fn remove(&self, run: EventId, events: &[Removable]) -> Result<u64, RemoveError> {
        let _ = (run, events);
        Err(RemoveError::Unsupported)
    }

    /// Has the store give back the room of what was removed, where it does not do so by itself.
    async fn reclaim(&self) -> Result<(), LogError> {
        Ok(())
    }

    /// Up to `limit` records that another node removed and that are still read here, rising by position. Waits
    /// until there are some, for ever where nobody else removes.
    async fn removed_elsewhere(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        let _ = limit;
        std::future::pending().await
    }

    /// Forgets records that [`EventLog::removed_elsewhere`] told, as if they had been removed here.
    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        let _ = positions;
        Ok(())
    }

    /// How the log is at this moment. A log on the same machine has nothing to tell: what is wrong
    /// with it shows in the answers.
    fn health(&self) -> LogHealth {
        LogHealth::default()
    }

    /// Where the log ended when it was opened. A log that is read from a copy may end beyond what
    /// [`LogReader::head`] tells.
    async fn end_at_opening(&self) -> Result<Position, LogError> {
        self.head().await
    }

    /// About how many positions one event takes, to tell distances in events.
    fn positions_per_event(&self) -> u64 {
        1
    }
}

/// Which records a log can remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Each for itself.
    Each,
    /// Those with which a stream begins, and never the last of a stream.
    Beginnings,
}

/// What a log says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHealth {
    /// Why nothing can be appended, in a sentence for operators; `None`: it can.
    pub trouble: Option<String>,
    /// Whether records that others appended are still missing from what is read here.
    pub catching_up: bool,
    /// Whether that has been so ever since the log was opened, though it can be reached.
    pub incomplete: bool,
}

/// Reads the log forwards for ever.
#[async_trait]
pub trait Follower: Send {
    /// Waits for at least one further record and returns up to `limit` of them.
    ///
    /// Dropping the future loses nothing: the next call begins at the same place.
    async fn next(&mut self, limit: usize) -> Result<Vec<LogEntry>, LogError>;
}

/// Records to be stored together, in one stream.
#[derive(Debug, Clone)]
pub struct AppendItem {
    /// Where to.
    pub stream: StreamName,
    /// What the stream must look like.
    pub expected: Expected,
    /// In order; at least one.
    pub records: Vec<Record>,
}

/// What a stream must look like for an append to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything.
    Any,
    /// No record yet.
    Empty,
    /// This is the revision of its last record.
    Last(Revision),
}

/// Which way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards newer records.
    Forwards,
    /// Towards older records.
    Backwards,
}

/// Where a record came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Place in the whole log.
    pub position: Position,
    /// Place in its stream.
    pub revision: Revision,
    /// Whether it lay there before this append.
    pub duplicate: bool,
}

/// A record with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Place in the whole log.
    pub position: Position,
    /// Place in its stream.
    pub revision: Revision,
    /// The stored form.
    pub record: Record,
}

/// Why an item was not stored.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AppendError {
    /// The stream does not look as expected.
    #[error("stream `{stream}` ends at revision {actual:?}, expected {expected:?}")]
    WrongRevision {
        /// Which stream.
        stream: StreamName,
        /// What the caller expected.
        expected: Expected,
        /// Its last revision.
        actual: Option<Revision>,
    },
    /// The id was used for another event.
    #[error("event id {id} was already used for another event")]
    IdempotencyConflict {
        /// Which id.
        id: EventId,
    },
    /// A record is larger than the log takes.
    #[error("record {id} has {bytes} bytes; the log takes at most {bytes_max}")]
    TooLarge {
        /// Which event.
        id: EventId,
        /// Its stored size.
        bytes: usize,
        /// The most it may have.
        bytes_max: usize,
    },
    /// Whether the item was stored is not known; sending it again is safe.
    #[error("the event log did not answer while {doing}; whether records were stored is not known")]
    Unknown {
        /// What was being done.
        doing: &'static str,
    },
}

/// Why records were not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The log has no way to do so.
    #[error("this event log cannot remove records")]
    Unsupported,
    /// The user of the log may not.
    #[error("the user of the event log may not remove records: {remedy}")]
    Denied {
        /// What to do.
        remedy: &'static str,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why the log as a whole did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No space is left; nothing was stored. Reading goes on.
    #[error("the disk is full; nothing was stored")]
    Full,
    /// The log cannot be reached, or is closing; whether something was stored is not known.
    #[error("the event log is unavailable while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Writing failed in a way after which nothing more may be written (a failed fsync).
    #[error("the event log failed while {doing} and takes no more writes; restart to recover")]
    Broken {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was read is not a record.
    #[error("the record at position {position} cannot be read")]
    Corrupt {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: annals_record::DecodeError,
    },
}
