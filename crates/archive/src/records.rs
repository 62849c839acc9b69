//! A piece: a run of stored records as a Parquet file (<https://parquet.apache.org/docs/file-format/>)
//! compressed with Zstandard.
//!
//! One row a record, in rising order of position. Whoever has the file and no Annals can read it with any
//! tool that knows Parquet, and check by SHA-256 that `leaf` is the digest of `header`. What is personal is
//! sealed as it was in the log: `groups` holds ciphertexts.
//!
//! | column | type | holds |
//! |---|---|---|
//! | `position` | int64 | place in the whole log |
//! | `revision` | int64 | place in its stream |
//! | `stream` | string | name of the stream, which holds a pseudonym |
//! | `tenant` | string | whose it is |
//! | `id` | 16 bytes | UUID of the event |
//! | `fingerprint` | 16 bytes | tells other content under the same id |
//! | `leaf` | 32 bytes or none | SHA-256 of the header: what the Merkle tree holds. None only where the record was removed and no tree knows it |
//! | `stored_bytes` | int32 | how long the record is in `events.db` |
//! | `removed_by` | 16 bytes or none | UUID of the event that tells why retention removed it |
//! | `header` | string or none | canonical JSON (RFC 8785), byte for byte; none: removed |
//! | `groups` | list of `key` (20 bytes) and `ciphertext` | the sealed parts, one group a person; none: removed |

mod checking;
mod reader;
mod schema;
mod writer;

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_record::SealedGroup;

pub use checking::RowError;
pub use reader::PieceReader;
pub use schema::{GROUP_BYTES_MAX, GROUP_BYTES_READ_MAX, GROUP_ROWS_MAX};
pub use writer::{PieceWriter, Written};

/// One record of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceRow {
    /// Place in the whole log.
    pub position: Position,
    /// Place in its stream.
    pub revision: Revision,
    /// Its stream.
    pub stream: StreamName,
    /// Whose it is.
    pub tenant: TenantId,
    /// Identifies the event.
    pub id: EventId,
    /// As [`annals_record::Record::fingerprint`].
    pub fingerprint: [u8; 16],
    /// SHA-256 of the header; none only where the record was removed and no tree knows it.
    pub leaf: Option<[u8; 32]>,
    /// How many bytes the record, or the zeros in its place, take in the log.
    pub stored_bytes: u32,
    /// What it holds.
    pub content: Content,
}

/// What a row holds of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Everything.
    Kept {
        /// Canonical JSON, kept verbatim.
        header: Vec<u8>,
        /// The sealed parts.
        groups: Vec<SealedGroup>,
    },
    /// Nothing: retention removed it.
    Removed {
        /// The event that tells why; none where the log does not say.
        by: Option<EventId>,
    },
}

impl PieceRow {
    /// About how many bytes it takes in memory and in a file that is not compressed.
    pub fn weight(&self) -> usize {
        const FIXED: usize = 192;
        let content = match &self.content {
            Content::Kept { header, groups } => {
                let groups = groups.iter().map(|group| group.ciphertext.len() + 24);
                header.len() + groups.sum::<usize>()
            }
            Content::Removed { .. } => 0,
        };
        FIXED + content
    }
}

/// A piece could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PieceError {
    /// The file could not be written, or is not a whole Parquet file.
    #[error("cannot {doing} a piece of records")]
    Parquet {
        /// What was being done: `write`, `read`.
        doing: &'static str,
        /// Why.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// It is a Parquet file with other columns.
    #[error("this Parquet file is not a piece of records: {0}")]
    NotAPiece(&'static str),
    /// A group of rows is larger than this program reads.
    #[error(
        "a group of the piece has {rows} rows and {bytes} bytes; that is more than any piece has"
    )]
    TooLarge {
        /// How many rows.
        rows: i64,
        /// How many bytes, not compressed.
        bytes: i64,
    },
    /// Rows must be put in rising order.
    #[error("the record at position {} was put behind the one at {}", .put.0, .last.0)]
    OutOfOrder {
        /// What was put before.
        last: Position,
        /// What was put.
        put: Position,
    },
}

#[cfg(test)]
mod tests;
