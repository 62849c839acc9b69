//! Backups: a repository of snapshots in a folder or an object store.
//!
//! ```text
//! annals-backup.json                     which log, since when
//! lock                                   while a backup is made
//! pieces/<first>-<last>-<digest>.parquet runs of stored records
//! removals/<digest>.zst                  what retention removed
//! keys/<name>.zst                        the wrapped keys
//! snapshots/<name>.json                  what belongs together: a backup is there when this is
//! ```
//!
//! A snapshot names its pieces with their digests. An incremental one takes over those of the snapshot
//! before and adds what is new. Pieces never change; one of which retention removed records since is made
//! anew without them, and all snapshots name the new one then. What is personal is sealed as in the log, and keys are wrapped: the master
//! key is never here. Everything is authenticated with HMAC-SHA-256 under a key that follows from the
//! master key; a signature that others could check would serve nobody, as without the master key nothing
//! here can be put to use. Merkle checkpoints in a snapshot carry the log's own signatures.

mod keeping;
mod keys;
mod locking;
mod making;
mod manifest;
mod planning;
mod removals;
mod repository;
mod restoring;
mod schedule;
mod seal;
mod source;
mod trees;

pub use keeping::{KeepRules, kept};
pub use keys::{DamagedKey, ErasedKey, KeyRow, Keys, KeysError, TenantKeyRow};
pub use locking::{Holder, LOCK_SECONDS, Lock, LockError};
pub use making::{Made, MakeError, MakeSettings, READ_AGAIN_DAYS, make};
pub use manifest::{
    Commitment, End, Kind, PieceEntry, RegisterEntry, RemovalsEntry, Snapshot, TreeEntry,
};
pub use planning::{Point, RestorePlan, plan};
pub use removals::{Removal, Removals};
pub use repository::{Repository, RepositoryError, SNAPSHOTS_MAX};
pub use restoring::{RestoreError, Restored, restore};
pub use schedule::is_due;
pub use seal::{BackupKey, SealError};
pub use source::{BackupSource, BoxedError, Nowhere, RestoreTarget};
pub use trees::{Naming, TreeError};

#[cfg(test)]
mod tests;
