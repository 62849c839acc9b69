//! Makes a snapshot while the log is being written.
//!
//! The order is what makes it consistent: first the trees, then the head of the log, then records up to it,
//! then what was removed, and the keys last. So no tree is ahead of the records, no record is without its
//! key, and every removal is explained by an event that is in the backup. The manifest is written at the
//! end; whatever stops before, the next run takes over the pieces that are there, by their digests.

mod pieces;
mod pruning;
mod renewing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use annals_domain::Position;
use annals_record::RootKey;
use jiff::Timestamp;

use self::pieces::{STEP_BYTES, Writing};
use self::pruning::{cleanse, prune};
use self::renewing::replace;
use super::keeping::KeepRules;
use super::keys::{DamagedKey, ErasedKey};
use super::locking::{Lock, LockError};
use super::manifest::{End, FORMAT, Kind, RemovalsEntry, Snapshot};
use super::removals::Removals;
use super::repository::{KEYS, Repository, RepositoryError, name_at};
use super::source::{BackupSource, BoxedError};
use crate::records::PieceError;

/// How often the head is read anew because retention removed meanwhile.
const HEADS_MAX: u32 = 16;

/// How a backup is made.
#[derive(Debug, Clone, Default)]
pub struct MakeSettings {
    /// Read every record, also those that an earlier snapshot has.
    pub full: bool,
    /// Read back what was written, and compare.
    pub verify: bool,
    /// Which snapshots stay.
    pub keep: KeepRules,
    /// Records a second at most; 0: as fast as it goes.
    pub records_per_second: u64,
    /// Each piece of earlier backups is read again on one day of so many, and made anew from the log when it
    /// is damaged; 0: none is read.
    pub read_again_days: u32,
}

/// [`MakeSettings::read_again_days`] unless there is a reason for others. A prime number, so that backups at
/// any interval come to each piece.
pub const READ_AGAIN_DAYS: u32 = 31;

/// What was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Records that were read from the log.
    pub records: u64,
    /// Bytes of pieces that were made of them.
    pub bytes: u64,
    /// Snapshots that were deleted because no rule keeps them.
    pub deleted: usize,
    /// Keys of erased persons that were taken out of older snapshots.
    pub cleansed: usize,
    /// Pieces of earlier backups that were made anew: retention removed some of what they hold, or they were
    /// gone or damaged.
    pub renewed: usize,
    /// Keys that do not open where the log lies; they are in the backup as they are.
    pub damaged_keys: Vec<DamagedKey>,
}

/// A backup was not made; those before are as they were.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The repository failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// Another backup is under way.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The stores failed.
    #[error("cannot read {what} for the backup")]
    Source {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: BoxedError,
    },
    /// A piece could not be made.
    #[error(transparent)]
    Piece(#[from] PieceError),
    /// The log is not the one that the newest snapshot is of.
    #[error(
        "the newest backup holds a record at position {0} that the log does not have: the log was put back to \
         an earlier time, or is another one; use another place for its backups"
    )]
    OtherLog(Position),
    /// Retention removed all the time.
    #[error("retention kept removing records while the backup was made; try again later")]
    Restless,
    /// What was written is not what is there.
    #[error("`{0}` was written and has other bytes now; the place damages what it keeps")]
    NotKept(String),
    /// Two snapshots of one moment.
    #[error("there is a snapshot named {0} already; try again")]
    Taken(String),
}

impl From<crate::objects::ObjectError> for MakeError {
    fn from(error: crate::objects::ObjectError) -> Self {
        Self::Repository(error.into())
    }
}

/// Makes a snapshot. Runs on a runtime with several threads: the stores are read on this one.
pub async fn make(
    repository: &Repository,
    source: &mut dyn BackupSource,
    root: &RootKey,
    settings: &MakeSettings,
    lock: &mut Lock,
) -> Result<Made, MakeError> {
    let made_at = Timestamp::now();
    let mut snapshots = repository.snapshots().await?;
    let newest = snapshots.last();
    let base = newest.filter(|_| !settings.full);
    let trees = read(source, "the Merkle trees", |source| source.trees())?;
    let mut head = read(source, "the log", |source| source.head())?;
    if let Some(newest) = newest {
        continues(source, newest, head)?;
    }
    let mut writing = Writing {
        repository,
        settings,
        lock,
        began: Instant::now(),
        pieces: base.map(|base| base.pieces.clone()).unwrap_or_default(),
        new: BTreeSet::new(),
        renewed: BTreeMap::new(),
        erased: newest.map(|newest| newest.erased.iter().cloned().collect()).unwrap_or_default(),
        end: base.and_then(|base| base.end),
        records: 0,
        bytes: 0,
    };
    writing.erased.extend(repository.erased().await?);
    writing.renew(source, &snapshots, made_at).await?;
    let mut removals = None;
    for _ in 0..HEADS_MAX {
        writing.up_to(source, head).await?;
        let (removed, told_at) = read(source, "what was removed", |source| source.removals())?;
        if told_at <= head {
            removals = Some(removed);
            break;
        }
        head = read(source, "the log", |source| source.head())?;
    }
    let removals = removals.ok_or(MakeError::Restless)?;
    let registers = read(source, "the registers", |source| source.registers())?;
    let commitments = read(source, "the commitments", |source| source.commitments())?;
    let mut keys = read(source, "the keys", |source| source.keys())?;
    let erased: Vec<ErasedKey> = writing.erased.iter().cloned().collect();
    keys.cleanse(&erased, root);
    let damaged_keys = keys.damaged(root);
    let name = name_at(made_at);
    let snapshot = Snapshot {
        format: FORMAT,
        keys: format!("{KEYS}/{name}.zst"),
        removals: put_removals(repository, &removals).await?,
        name,
        origin: repository.origin().to_owned(),
        made_at,
        kind: base.map_or(Kind::Full, |_| Kind::Incremental),
        end: writing.end,
        pieces: writing.pieces.clone(),
        registers,
        trees,
        commitments,
        erased,
    };
    repository.put_keys(&snapshot.keys, &keys).await?;
    if settings.verify {
        writing.verify(&snapshot).await?;
    }
    // Whoever took it over may have deleted pieces.
    writing.lock.confirm().await?;
    if !repository.put_snapshot(&snapshot).await? {
        return Err(MakeError::Taken(snapshot.name));
    }
    let Writing { records, bytes, renewed, .. } = writing;
    replace(repository, &mut snapshots, &renewed).await?;
    let cleansed = cleanse(repository, &snapshots, &snapshot.erased, root).await?;
    let deleted = prune(repository, snapshots, &snapshot, &settings.keep, lock).await?;
    let renewed = renewed.len();
    Ok(Made { snapshot, records, bytes, deleted, cleansed, renewed, damaged_keys })
}

fn read<T>(
    source: &mut dyn BackupSource,
    what: &'static str,
    read: impl FnOnce(&mut dyn BackupSource) -> Result<T, BoxedError>,
) -> Result<T, MakeError> {
    tokio::task::block_in_place(|| read(source))
        .map_err(|source| MakeError::Source { what, source })
}

/// Whether the log goes on from where the newest snapshot ends.
fn continues(
    source: &mut dyn BackupSource,
    newest: &Snapshot,
    head: Position,
) -> Result<(), MakeError> {
    let Some(End { position, id }) = newest.end else { return Ok(()) };
    let before = Position(position.0.saturating_sub(1));
    let found = match head < position {
        true => Vec::new(),
        false => read(source, "the log", |source| source.records(before, position, 1, STEP_BYTES))?,
    };
    match found.first() {
        Some(row) if row.position == position && row.id == id => Ok(()),
        _ => Err(MakeError::OtherLog(position)),
    }
}

async fn put_removals(
    repository: &Repository,
    removals: &Removals,
) -> Result<RemovalsEntry, MakeError> {
    let name = repository.put_removals(removals).await?;
    Ok(RemovalsEntry { name, records: removals.len() as u64 })
}
