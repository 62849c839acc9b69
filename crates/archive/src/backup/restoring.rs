//! Restores a snapshot, as a whole or up to a point. Everything is checked before anything is in use.

use std::collections::BTreeSet;

use annals_domain::{EventId, Position};
use annals_ports::trees::TreeShard;
use annals_record::RootKey;
use bytes::Bytes;

use super::keys::DamagedKey;
use super::manifest::PieceEntry;
use super::planning::RestorePlan;
use super::repository::{PIECE_BYTES_MAX, Repository, RepositoryError, sha256};
use super::source::{BoxedError, RestoreTarget};
use super::trees::{Growing, Naming, TreeError};
use crate::objects::Place;
use crate::records::{Content, PieceError, PieceReader, PieceRow, RowError};

/// What was restored.
#[derive(Debug, Clone, Default)]
pub struct Restored {
    /// How many records, those that retention removed among them.
    pub records: u64,
    /// How many of them hold nothing.
    pub removed: u64,
    /// Position of the last.
    pub head: Position,
    /// How many keys erasures took out just now.
    pub cleansed: usize,
    /// Keys that were damaged before they were backed up. They are restored as they were: what lies under
    /// them cannot be read, and everything else can.
    pub damaged_keys: Vec<DamagedKey>,
    /// Runs of retention that removed records and lie behind the point of restoring.
    pub runs_elsewhere: BTreeSet<EventId>,
    /// The trees as they are now.
    pub trees: Vec<TreeShard>,
}

/// Nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The repository is not whole.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// There is no such point.
    #[error("no backup reaches to {wanted}; the newest ends at position {newest}")]
    NotThere {
        /// What was asked for.
        wanted: String,
        /// Where the backups end.
        newest: Position,
    },
    /// A piece cannot be read.
    #[error("cannot read `{name}`")]
    Piece {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: PieceError,
    },
    /// A record contradicts itself.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The pieces are not what the snapshot tells.
    #[error("`{0}` has other records than its snapshot tells")]
    OtherRecords(String),
    /// The records are not those that were signed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The new stores failed.
    #[error("cannot write {what}")]
    Target {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: BoxedError,
    },
}

/// Checks everything, and writes it into `target`. When this fails, what was written is to
/// be thrown away. Runs on a runtime with several threads.
pub async fn restore(
    repository: &Repository,
    plan: &RestorePlan,
    root: &RootKey,
    naming: Naming<'_>,
    target: &mut dyn RestoreTarget,
    mut progress: impl FnMut(u64),
) -> Result<Restored, RestoreError> {
    let mut keys = repository.keys(&plan.snapshot).await?;
    let cleansed = keys.cleanse(&plan.erased, root);
    let mut restored =
        Restored { cleansed, damaged_keys: keys.damaged(root), ..Restored::default() };
    let mut growing = Growing::new(&plan.snapshot.trees, plan.until, &naming);
    let mut runs = BTreeSet::new();
    let needed: Vec<&PieceEntry> =
        plan.snapshot.pieces.iter().filter(|piece| piece.first <= plan.until).collect();
    let mut next = needed.first().map(|piece| fetching(repository, piece));
    for (number, piece) in needed.iter().enumerate() {
        let bytes = match next.take() {
            Some(fetching) => fetching
                .await
                .unwrap_or_else(|_| Err(RepositoryError::Missing(piece.name.clone())))?,
            None => fetch(&repository.place, piece).await?,
        };
        next = needed.get(number + 1).map(|piece| fetching(repository, piece));
        tokio::task::block_in_place(|| {
            let mut step = Step { plan, restored: &mut restored, runs: &mut runs };
            step.piece(piece, bytes, &mut growing, target)
        })?;
        progress(restored.records);
    }
    if restored.head != plan.until {
        let last = needed.last().map_or_else(String::new, |piece| piece.name.clone());
        return Err(RestoreError::OtherRecords(last));
    }
    restored.runs_elsewhere.retain(|run| !runs.contains(run));
    tokio::task::block_in_place(|| finish(plan, &keys, growing, target, &mut restored))?;
    Ok(restored)
}

fn finish(
    plan: &RestorePlan,
    keys: &super::Keys,
    growing: Growing<'_>,
    target: &mut dyn RestoreTarget,
    restored: &mut Restored,
) -> Result<(), RestoreError> {
    let failed = |what| move |source| RestoreError::Target { what, source };
    let trees = target.trees().map_err(failed("the Merkle trees"))?;
    restored.trees = growing.finish(trees)?;
    target.keys(keys).map_err(failed("the keys"))?;
    target.registers(&plan.snapshot.registers).map_err(failed("the registers"))?;
    if plan.until == plan.snapshot.head() {
        target.commitments(&plan.snapshot.commitments).map_err(failed("the commitments"))?;
    }
    target.finish().map_err(failed("the stores"))
}

fn fetching(
    repository: &Repository,
    piece: &PieceEntry,
) -> tokio::task::JoinHandle<Result<Bytes, RepositoryError>> {
    let (place, piece) = (repository.place.clone(), piece.clone());
    tokio::spawn(async move { fetch(&place, &piece).await })
}

/// A piece whose digest was compared.
pub(super) async fn fetch(place: &Place, piece: &PieceEntry) -> Result<Bytes, RepositoryError> {
    let bytes = place.get(&piece.name, PIECE_BYTES_MAX).await?;
    let bytes = bytes.ok_or_else(|| RepositoryError::Missing(piece.name.clone()))?;
    match sha256(&bytes) == piece.sha256 {
        true => Ok(bytes),
        false => Err(RepositoryError::Damaged(piece.name.clone())),
    }
}

pub(super) fn rows_of(piece: &PieceEntry, bytes: Bytes) -> Result<Vec<PieceRow>, RestoreError> {
    let failed = |source| RestoreError::Piece { name: piece.name.clone(), source };
    let groups: Result<Vec<_>, _> = PieceReader::open(bytes).map_err(failed)?.collect();
    Ok(groups.map_err(failed)?.into_iter().flatten().collect())
}

/// The place of a record that was removed.
pub(super) fn emptied(row: PieceRow, by: Option<EventId>) -> PieceRow {
    PieceRow { content: Content::Removed { by }, ..row }
}

/// One piece on its way.
struct Step<'a> {
    plan: &'a RestorePlan,
    restored: &'a mut Restored,
    runs: &'a mut BTreeSet<EventId>,
}

impl Step<'_> {
    fn piece(
        &mut self,
        piece: &PieceEntry,
        bytes: Bytes,
        growing: &mut Growing<'_>,
        target: &mut dyn RestoreTarget,
    ) -> Result<(), RestoreError> {
        let failed = |source| RestoreError::Piece { name: piece.name.clone(), source };
        let mut reader = PieceReader::open(bytes).map_err(failed)?;
        while let Some(rows) = reader.next_rows().map_err(failed)? {
            let mut kept = Vec::with_capacity(rows.len());
            for row in rows {
                if row.position > self.plan.until {
                    break;
                }
                if row.position <= self.restored.head {
                    return Err(RestoreError::OtherRecords(piece.name.clone()));
                }
                kept.push(self.row(row)?);
            }
            self.grow(&kept, growing, target)?;
            let written = target.records(kept);
            written.map_err(|source| RestoreError::Target { what: "records", source })?;
        }
        Ok(())
    }

    /// Checks a record, and empties one that was removed later.
    fn row(&mut self, row: PieceRow) -> Result<PieceRow, RestoreError> {
        row.check()?;
        self.restored.records += 1;
        self.restored.head = row.position;
        self.runs.insert(row.id);
        let removed_by = match &row.content {
            Content::Removed { by } => Some(by.or(self.plan.removals.of(row.position))),
            Content::Kept { .. } => self.plan.removals.of(row.position).map(Some),
        };
        let Some(by) = removed_by else { return Ok(row) };
        self.restored.removed += 1;
        self.restored.runs_elsewhere.extend(by);
        Ok(emptied(row, by))
    }

    fn grow(
        &self,
        rows: &[PieceRow],
        growing: &mut Growing<'_>,
        target: &mut dyn RestoreTarget,
    ) -> Result<(), RestoreError> {
        let failed = |source| RestoreError::Target { what: "the Merkle trees", source };
        let store = target.trees().map_err(failed)?;
        for row in rows {
            if let Some(leaf) = row.leaf {
                growing.add(row.position, leaf, store)?;
            }
        }
        Ok(())
    }
}
