//! What the signed documents of an archive say.

use std::collections::BTreeMap;

use annals_domain::{Position, TenantId};
use annals_ports::archive::{ArchivedMonth, ArchivedPiece, Month};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signed::decimal;

/// First field of every manifest.
pub(super) const FORMAT: &str = "annals-archive/v1";

/// `manifest.json`: one month of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `annals-archive/v1`.
    pub format: String,
    /// Name of the log.
    pub log: String,
    /// Whose records.
    pub tenant: TenantId,
    /// Which month.
    pub month: Month,
    /// It begins behind this position.
    #[serde(with = "decimal")]
    pub after: u64,
    /// It ends with this one.
    #[serde(with = "decimal")]
    pub until: u64,
    /// How many records of the tenant were there when it was written.
    #[serde(with = "decimal")]
    pub records: u64,
    /// The newest time of recording of each class of retention.
    pub classes: BTreeMap<String, Timestamp>,
    /// When it was written.
    pub archived_at: Timestamp,
    /// The signed tree that the records are leaves of; none where the log has no trees.
    pub checkpoint: Option<Checkpoint>,
    /// In rising order of position.
    pub pieces: Vec<PieceEntry>,
}

/// The signed size and root of the tree that proofs are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Name of the shard, such as `2026`.
    pub shard: String,
    /// The signed note (<https://c2sp.org/tlog-checkpoint>).
    pub note: String,
}

/// One piece of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceEntry {
    /// The Parquet file.
    pub object: ObjectEntry,
    /// The proof of its leaves; none where the log has no trees.
    pub proof: Option<ObjectEntry>,
    /// How many records.
    #[serde(with = "decimal")]
    pub records: u64,
    /// Position of the first.
    #[serde(with = "decimal")]
    pub first: u64,
    /// Position of the last.
    #[serde(with = "decimal")]
    pub last: u64,
    /// When they were recorded.
    pub received: Times,
    /// When they happened.
    pub occurred: Times,
}

/// An object beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectEntry {
    /// Its name, beside the manifest.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    #[serde(with = "decimal")]
    pub bytes: u64,
}

/// From the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl Times {
    pub(super) fn of(time: Timestamp) -> Self {
        Self { first: time, last: time }
    }

    pub(super) fn and(self, time: Timestamp) -> Self {
        Self { first: self.first.min(time), last: self.last.max(time) }
    }
}

/// `_months/2026-03.json`: all manifests of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthMark {
    /// `annals-archive/v1`.
    pub format: String,
    /// Name of the log.
    pub log: String,
    /// Which month.
    pub month: Month,
    /// It begins behind this position: where the month before ended.
    #[serde(with = "decimal")]
    pub after: u64,
    /// It ends with this one.
    #[serde(with = "decimal")]
    pub until: u64,
    /// SHA-256 of each tenant's manifest, in hexadecimal.
    pub manifests: BTreeMap<TenantId, String>,
}

/// `_expired/<tenant>/2026-03.json`: a month that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tombstone {
    pub(super) format: String,
    pub(super) log: String,
    pub(super) tenant: TenantId,
    pub(super) month: Month,
    /// SHA-256 of the manifest, in hexadecimal.
    pub(super) manifest: String,
}

impl Manifest {
    /// What the port tells of it.
    pub(super) fn told(&self) -> ArchivedMonth {
        let piece = |piece: &PieceEntry| ArchivedPiece {
            first: Position(piece.first),
            last: Position(piece.last),
            records: piece.records,
            bytes: piece.object.bytes,
            received: (piece.received.first, piece.received.last),
            occurred: (piece.occurred.first, piece.occurred.last),
        };
        ArchivedMonth {
            month: self.month,
            after: Position(self.after),
            until: Position(self.until),
            records: self.records,
            classes: self.classes.clone(),
            pieces: self.pieces.iter().map(piece).collect(),
        }
    }
}
