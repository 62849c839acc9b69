//! The archive: each month that is closed, outside of the log, so that whoever has the folder and the log's
//! public keys can check it.
//!
//! ```text
//! archive/<log>/<tenant>/2026-03/records-0001-<digest>.parquet   records as the log holds them
//! archive/<log>/<tenant>/2026-03/proof-0001-<digest>.json        that they are leaves of the log's tree
//! archive/<log>/<tenant>/2026-03/manifest.json                   what the month consists of; written last
//! archive/<log>/_months/2026-03.json                             that the month is whole, for all tenants
//! archive/<log>/_expired/<tenant>/2026-03.json                   that it was deleted, and what its manifest was
//! ```
//!
//! Every object is written once and never changed. Those of records and proofs are named by what they hold, so
//! a run that was stopped is gone on with by running again. What no manifest names is not part of the archive.
//!
//! A month is a stretch of positions: it ends before the first record that was recorded in a later one. So a
//! record that a shard appended a moment after midnight lies in the next month, and every position is in one
//! month alone. [`Manifest`] tells the times of what is there.

mod archiver;
mod building;
mod expiring;
mod manifest;
mod names;
mod proof;
mod reader;
mod signed;
mod verifying;

pub use archiver::{Archiver, MONTHS_MAX, RunError, StoredMonth, StoredTenant};
pub use building::{HELD_WEIGHT_MAX, PIECE_WEIGHT_MAX};
pub use manifest::{Checkpoint, Manifest, MonthMark, ObjectEntry, PieceEntry, Times};
pub use names::{key_name, root};
pub use proof::{BadProof, MakeProofError, PieceProof};
pub use reader::Archive;
pub use signed::DocumentError;
pub use verifying::{Asked, FINDINGS_MAX, Keys, Report, verify};

/// The most bytes that a manifest or another signed document has.
pub const DOCUMENT_BYTES_MAX: u64 = 16 << 20;
/// The most bytes that a piece or a proof has.
pub const OBJECT_BYTES_MAX: u64 = 512 << 20;

#[cfg(test)]
mod tests;
