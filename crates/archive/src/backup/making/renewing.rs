//! Pieces of earlier backups that are made anew: those of which retention removed something since, so that
//! nobody can read it in a backup either, and those that are gone or damaged.

use std::collections::BTreeMap;

use annals_domain::Position;
use bytes::Bytes;
use jiff::Timestamp;

use super::pieces::Writing;
use super::{MakeError, read};
use crate::backup::manifest::{PieceEntry, Snapshot};
use crate::backup::removals::Removals;
use crate::backup::repository::{Repository, RepositoryError};
use crate::backup::restoring::{RestoreError, emptied, fetch, rows_of};
use crate::backup::source::BackupSource;
use crate::records::{PieceRow, PieceWriter};

const SECONDS_OF_DAY: i64 = 86_400;

impl Writing<'_> {
    /// Looks at the pieces of all snapshots, and makes those anew that are not as they are to be.
    pub(super) async fn renew(
        &mut self,
        source: &mut dyn BackupSource,
        snapshots: &[Snapshot],
        now: Timestamp,
    ) -> Result<(), MakeError> {
        let (removals, _) = read(source, "what was removed", |source| source.removals())?;
        let there = self.there().await?;
        let pieces: BTreeMap<&str, &PieceEntry> = snapshots
            .iter()
            .flat_map(|snapshot| &snapshot.pieces)
            .map(|piece| (piece.name.as_str(), piece))
            .collect();
        for (number, (name, piece)) in pieces.into_iter().enumerate() {
            let is_there = there.get(name) == Some(&piece.bytes);
            let is_empty_enough = removals.within(piece.first, piece.last) <= piece.removed;
            let days = self.settings.read_again_days;
            if is_there && is_empty_enough && !is_read_again(number, days, now) {
                continue;
            }
            self.lock.renew(Timestamp::now()).await?;
            let rows = match fetch(&self.repository.place, piece).await {
                Ok(_) if is_empty_enough => continue,
                Ok(bytes) => decoded(piece, bytes)?,
                Err(RepositoryError::Missing(_) | RepositoryError::Damaged(_)) => {
                    self.read_anew(source, piece).await?
                }
                Err(error) => return Err(error.into()),
            };
            let anew = self.anew(rows, &removals).await?;
            self.renewed.insert(name.to_owned(), anew);
        }
        replace_in(&mut self.pieces, &self.renewed);
        Ok(())
    }

    /// The records of a piece as they are in the log.
    async fn read_anew(
        &mut self,
        source: &mut dyn BackupSource,
        piece: &PieceEntry,
    ) -> Result<Vec<PieceRow>, MakeError> {
        let mut rows: Vec<PieceRow> = Vec::new();
        let mut after = Position(piece.first.0.saturating_sub(1));
        while after < piece.last {
            let some = self.rows(source, after, piece.last).await?;
            let Some(last) = some.last() else { break };
            after = last.position;
            rows.extend(some);
        }
        match rows.len() as u64 == piece.records {
            true => Ok(rows),
            false => Err(MakeError::OtherLog(piece.last)),
        }
    }

    async fn anew(
        &mut self,
        rows: Vec<PieceRow>,
        removals: &Removals,
    ) -> Result<PieceEntry, MakeError> {
        let mut writing = PieceWriter::begin(Vec::new())?;
        tokio::task::block_in_place(|| {
            rows.into_iter().try_for_each(|row| match removals.of(row.position) {
                Some(run) => writing.put(emptied(row, Some(run))),
                None => writing.put(row),
            })
        })?;
        self.put(writing).await
    }
}

/// Has the snapshots that are there name what was made anew.
pub(super) async fn replace(
    repository: &Repository,
    snapshots: &mut [Snapshot],
    renewed: &BTreeMap<String, PieceEntry>,
) -> Result<(), MakeError> {
    for snapshot in snapshots {
        if replace_in(&mut snapshot.pieces, renewed) {
            repository.put_snapshot_anew(snapshot).await?;
        }
    }
    Ok(())
}

/// Whether any was replaced by another.
fn replace_in(pieces: &mut [PieceEntry], renewed: &BTreeMap<String, PieceEntry>) -> bool {
    let mut is_other = false;
    for piece in pieces {
        if let Some(anew) = renewed.get(&piece.name)
            && anew != piece
        {
            *piece = anew.clone();
            is_other = true;
        }
    }
    is_other
}

/// Whether it is the day of a piece.
fn is_read_again(number: usize, days: u32, now: Timestamp) -> bool {
    let (today, days) = (now.as_second().div_euclid(SECONDS_OF_DAY), i64::from(days));
    days > 0 && (today + number as i64).rem_euclid(days) == 0
}

fn decoded(piece: &PieceEntry, bytes: Bytes) -> Result<Vec<PieceRow>, MakeError> {
    match tokio::task::block_in_place(|| rows_of(piece, bytes)) {
        Ok(rows) => Ok(rows),
        Err(RestoreError::Piece { source, .. }) => Err(source.into()),
        Err(_) => Err(RepositoryError::Damaged(piece.name.clone()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::READ_AGAIN_DAYS;
    use super::*;

    #[test]
    fn backups_a_day_or_a_week_apart_come_to_each_piece_once_in_so_many() {
        let days = READ_AGAIN_DAYS;
        for interval in [1, 7, 14, 30] {
            for number in [0, 1, 30, 31, 1000] {
                let at = |run: i64| SECONDS_OF_DAY * (20_000 + run * interval);
                let read = (0..i64::from(days)).filter(|run| {
                    is_read_again(number, days, Timestamp::from_second(at(*run)).unwrap())
                });
                assert_eq!(read.count(), 1, "piece {number}, every {interval} days");
            }
        }
        assert!(!(0..100).any(|number| is_read_again(number, 0, Timestamp::UNIX_EPOCH)));
    }
}
