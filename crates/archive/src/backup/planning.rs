//! What is to be restored, and what must not come back with it.

use std::collections::{BTreeMap, BTreeSet};

use annals_domain::Position;
use jiff::Timestamp;
use serde::Deserialize;

use super::keys::ErasedKey;
use super::manifest::Snapshot;
use super::removals::Removals;
use super::repository::{Repository, RepositoryError};
use super::restoring::{RestoreError, fetch, rows_of};
use crate::records::{Content, PieceRow};

/// Up to where to restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Everything there is.
    Newest,
    /// What was recorded up to a time.
    Time(Timestamp),
    /// Records up to a position.
    Position(Position),
}

/// What would be restored.
#[derive(Debug, Clone)]
pub struct RestorePlan {
    /// From which snapshot.
    pub snapshot: Snapshot,
    /// Up to which position.
    pub until: Position,
    /// What is not to come back.
    pub removals: Removals,
    /// Whose keys are not to come back.
    pub erased: Vec<ErasedKey>,
    /// The largest tree of each shard that any snapshot tells of.
    pub known: BTreeMap<String, u64>,
}

impl RestorePlan {
    /// How large each tree will be; none of one that is cut.
    fn sizes(&self) -> BTreeMap<&str, Option<u64>> {
        let size = |entry: &super::TreeEntry| (entry.position <= self.until).then_some(entry.size);
        self.snapshot.trees.iter().map(|entry| (entry.name.as_str(), size(entry))).collect()
    }

    /// Trees that were signed and are larger than what would be restored: to sign under the same name again
    /// would be a fork. `others` are sizes of shards that somebody else remembers.
    pub fn forks(&self, others: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
        let sizes = self.sizes();
        let mut larger = BTreeMap::new();
        for (shard, known) in self.known.iter().chain(others) {
            let restored = sizes.get(shard.as_str()).copied().flatten().unwrap_or(0);
            if *known > restored {
                let largest = larger.entry(shard.clone()).or_insert(0);
                *largest = (*known).max(*largest);
            }
        }
        larger.into_iter().collect()
    }
}

/// Finds what is to be restored, and what must not come back. Of `ledger` and all snapshots every erasure
/// counts, whenever it was.
pub async fn plan(
    repository: &Repository,
    point: Point,
    ledger: Vec<ErasedKey>,
) -> Result<RestorePlan, RestoreError> {
    let snapshots = repository.snapshots().await?;
    let none = || RepositoryError::None(repository.place().url().to_owned());
    let newest = snapshots.last().ok_or_else(none)?;
    let not_there = |wanted: String| RestoreError::NotThere { wanted, newest: newest.head() };
    let (snapshot, until) = match point {
        Point::Newest => (newest, newest.head()),
        Point::Position(position) => {
            let reaching = snapshots.iter().find(|snapshot| snapshot.head() >= position);
            let snapshot = reaching.filter(|_| position > Position::START);
            (snapshot.ok_or_else(|| not_there(format!("position {position}")))?, position)
        }
        Point::Time(time) => {
            let reaching = snapshots.iter().find(|snapshot| snapshot.made_at >= time);
            let snapshot = reaching.ok_or_else(|| not_there(time.to_string()))?;
            (snapshot, last_before(repository, snapshot, time).await?)
        }
    };
    let mut removals = repository.removals(snapshot).await?;
    removals.join(repository.removals(newest).await?);
    let mut erased: BTreeSet<ErasedKey> = ledger.into_iter().collect();
    erased.extend(repository.erased().await?);
    let mut known: BTreeMap<String, u64> = BTreeMap::new();
    for other in &snapshots {
        erased.extend(other.erased.iter().cloned());
        for tree in other.trees.iter().filter(|tree| !tree.note.is_empty()) {
            let largest = known.entry(tree.name.clone()).or_default();
            *largest = (*largest).max(tree.size);
        }
    }
    let (snapshot, erased) = (snapshot.clone(), erased.into_iter().collect());
    Ok(RestorePlan { snapshot, until, removals, erased, known })
}

/// Position of the last record that was recorded up to a time.
async fn last_before(
    repository: &Repository,
    snapshot: &Snapshot,
    time: Timestamp,
) -> Result<Position, RestoreError> {
    let mut until = snapshot.head();
    for piece in snapshot.pieces.iter().rev() {
        let rows = rows_of(piece, fetch(&repository.place, piece).await?)?;
        let later = rows.iter().find(|row| recorded_at(row).is_some_and(|at| at > time));
        match later {
            Some(row) => until = Position(row.position.0 - 1),
            None => break,
        }
        if rows.iter().take_while(|row| row.position <= until).any(|row| recorded_at(row).is_some())
        {
            break;
        }
    }
    Ok(until)
}

fn recorded_at(row: &PieceRow) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Times {
        recorded_at: Timestamp,
    }
    let Content::Kept { header, .. } = &row.content else { return None };
    serde_json::from_slice::<Times>(header).ok().map(|times| times.recorded_at)
}
