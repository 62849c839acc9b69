//! What a snapshot tells.

use annals_domain::{EventId, Position};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys::ErasedKey;

/// Version of the format of snapshots.
pub(super) const FORMAT: u32 = 1;

/// Everything that belongs to one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Version of this format.
    pub format: u32,
    /// Its name, which begins with the time it was made.
    pub name: String,
    /// Name of the log.
    pub origin: String,
    /// When the backup began.
    pub made_at: Timestamp,
    /// Whether pieces of an earlier snapshot were taken over.
    pub kind: Kind,
    /// The last record that is in it; none of an empty log.
    pub end: Option<End>,
    /// In order of position, without gaps between them.
    pub pieces: Vec<PieceEntry>,
    /// Name of the object with the wrapped keys.
    pub keys: String,
    /// What retention removed up to then.
    pub removals: RemovalsEntry,
    /// The registers.
    pub registers: Vec<RegisterEntry>,
    /// The Merkle trees, oldest first, none beyond the last record.
    pub trees: Vec<TreeEntry>,
    /// The daily commitments to where streams ended.
    pub commitments: Vec<Commitment>,
    /// The keys that were destroyed because persons were erased.
    pub erased: Vec<ErasedKey>,
}

impl Snapshot {
    /// Position of the last record.
    pub fn head(&self) -> Position {
        self.end.map_or(Position::START, |end| end.position)
    }

    /// How many records its pieces have.
    pub fn records(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.records).sum()
    }

    /// How many bytes its pieces have.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }
}

/// What a backup began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every record was read from the log.
    Full,
    /// Only records after the snapshot before.
    Incremental,
}

/// The last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Where it lies.
    #[serde(with = "number")]
    pub position: Position,
    /// Which event it is.
    pub id: EventId,
}

/// A piece of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceEntry {
    /// Name of the object.
    pub name: String,
    /// Position of the first record.
    #[serde(with = "number")]
    pub first: Position,
    /// Position of the last record.
    #[serde(with = "number")]
    pub last: Position,
    /// How many records.
    pub records: u64,
    /// How many of them hold nothing, because retention had removed them.
    #[serde(default)]
    pub removed: u64,
    /// How many bytes the object has.
    pub bytes: u64,
    /// SHA-256 of the object, as hexadecimal digits.
    pub sha256: String,
}

/// The object that tells what was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalsEntry {
    /// Name of the object.
    pub name: String,
    /// How many records it names.
    pub records: u64,
}

/// A small shared value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// Its name.
    pub name: String,
    /// Rises with every write.
    pub version: u64,
    /// Base64.
    pub value: String,
}

/// A Merkle tree as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// The shard.
    pub name: String,
    /// How many leaves.
    pub size: u64,
    /// Root, as hexadecimal digits.
    pub root: String,
    /// The records up to here are in this tree or in an older one.
    #[serde(with = "number")]
    pub position: Position,
    /// The digest that is the first leaf when that belongs to no record, as hexadecimal digits.
    pub link: Option<String>,
    /// The signed checkpoint, as it was published; empty when there is none.
    pub note: String,
    /// The newest checkpoint with enough cosignatures.
    pub cosigned: Option<String>,
}

/// A signed note of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Name of its file.
    pub name: String,
    /// The note.
    pub note: String,
}

/// Positions as numbers.
mod number {
    use annals_domain::Position;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(p: &Position, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(p.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
        u64::deserialize(from).map(Position)
    }
}
