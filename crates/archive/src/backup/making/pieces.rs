//! Makes pieces of what is not in one yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use annals_domain::Position;
use bytes::Bytes;
use jiff::Timestamp;

use super::{MakeError, MakeSettings, read};
use crate::backup::keys::ErasedKey;
use crate::backup::locking::Lock;
use crate::backup::manifest::{End, PieceEntry, Snapshot};
use crate::backup::repository::{PIECE_BYTES_MAX, PIECES, Repository, RepositoryError, sha256};
use crate::backup::restoring::fetch;
use crate::backup::source::BackupSource;
use crate::records::{PieceRow, PieceWriter};

/// Records of one piece at most.
const PIECE_RECORDS_MAX: u64 = 64 * 1024;
/// Bytes of one piece, about, not compressed.
const PIECE_CONTENT_BYTES_MAX: u64 = 128 << 20;
/// Records read in one step, so that no step holds up the log's own housekeeping.
const STEP_RECORDS: usize = 2048;
pub(super) const STEP_BYTES: usize = 16 << 20;
/// Pieces that are being made.
pub(super) struct Writing<'a> {
    pub(super) repository: &'a Repository,
    pub(super) settings: &'a MakeSettings,
    pub(super) lock: &'a mut Lock,
    pub(super) began: Instant,
    pub(super) pieces: Vec<PieceEntry>,
    /// Names of those that this run wrote.
    pub(super) new: BTreeSet<String>,
    /// What was made anew, by the name of what it takes the place of.
    pub(super) renewed: BTreeMap<String, PieceEntry>,
    pub(super) erased: BTreeSet<ErasedKey>,
    pub(super) end: Option<End>,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Writing<'_> {
    /// Makes pieces of the records that are not in one yet.
    pub(super) async fn up_to(
        &mut self,
        source: &mut dyn BackupSource,
        head: Position,
    ) -> Result<(), MakeError> {
        let mut piece: Option<PieceWriter<Vec<u8>>> = None;
        loop {
            let after = self.end.map_or(Position::START, |end| end.position);
            let rows = self.rows(source, after, head).await?;
            let Some(last) = rows.last() else { break };
            self.end = Some(End { position: last.position, id: last.id });
            let mut writing = match piece.take() {
                Some(piece) => piece,
                None => PieceWriter::begin(Vec::new())?,
            };
            tokio::task::block_in_place(|| rows.into_iter().try_for_each(|row| writing.put(row)))?;
            let written = writing.written();
            match written.records >= PIECE_RECORDS_MAX || written.bytes >= PIECE_CONTENT_BYTES_MAX {
                true => {
                    let entry = self.put(writing).await?;
                    self.pieces.push(entry);
                }
                false => piece = Some(writing),
            }
        }
        if let Some(piece) = piece {
            let entry = self.put(piece).await?;
            self.pieces.push(entry);
        }
        Ok(())
    }

    /// The next records of the log, at the pace that is allowed.
    pub(super) async fn rows(
        &mut self,
        source: &mut dyn BackupSource,
        after: Position,
        until: Position,
    ) -> Result<Vec<PieceRow>, MakeError> {
        let rows = read(source, "the log", |source| {
            source.records(after, until, STEP_RECORDS, STEP_BYTES)
        })?;
        self.notice(source, &rows)?;
        self.lock.renew(Timestamp::now()).await?;
        self.pace().await;
        Ok(rows)
    }

    fn notice(
        &mut self,
        source: &mut dyn BackupSource,
        rows: &[PieceRow],
    ) -> Result<(), MakeError> {
        for row in rows {
            let erased = source
                .erased(row)
                .map_err(|source| MakeError::Source { what: "an erasure", source })?;
            self.erased.extend(erased);
        }
        self.records += rows.len() as u64;
        Ok(())
    }

    pub(super) async fn put(
        &mut self,
        piece: PieceWriter<Vec<u8>>,
    ) -> Result<PieceEntry, MakeError> {
        let (bytes, written) = tokio::task::block_in_place(|| piece.finish())?;
        let bytes = Bytes::from(bytes);
        let digest = sha256(&bytes);
        let (first, last) = (written.first, written.last);
        let name = format!("{PIECES}/{:020}-{:020}-{}.parquet", first.0, last.0, &digest[..16]);
        let entry = PieceEntry {
            name: name.clone(),
            first,
            last,
            records: written.records,
            removed: written.removed,
            bytes: bytes.len() as u64,
            sha256: digest,
        };
        self.bytes += entry.bytes;
        // It may be there from a run that was stopped, or from an earlier full backup: it is the same then,
        // unless it was damaged.
        if !self.repository.place.put_new(&name, bytes.clone()).await?
            && fetch(&self.repository.place, &entry).await.is_err()
        {
            self.repository.place.put(&name, bytes).await?;
        }
        self.new.insert(name);
        Ok(entry)
    }

    /// Waits when reading goes faster than it may.
    async fn pace(&self) {
        if self.settings.records_per_second > 0 {
            let due = self.records as f64 / self.settings.records_per_second as f64;
            let due = Duration::from_secs_f64(due);
            tokio::time::sleep(due.saturating_sub(self.began.elapsed())).await;
        }
    }

    /// The pieces that are there, and how many bytes each has.
    pub(super) async fn there(&self) -> Result<BTreeMap<String, u64>, MakeError> {
        let listed = self.repository.place.list(PIECES).await?;
        Ok(listed.into_iter().map(|object| (object.name, object.bytes)).collect())
    }

    /// Reads back what this run wrote, and sees that the rest is there.
    pub(super) async fn verify(&mut self, snapshot: &Snapshot) -> Result<(), MakeError> {
        let there = self.there().await?;
        for piece in &snapshot.pieces {
            if there.get(&piece.name) != Some(&piece.bytes) {
                return Err(RepositoryError::Missing(piece.name.clone()).into());
            }
            if self.new.contains(&piece.name) {
                let bytes = self.repository.bytes_of(&piece.name, PIECE_BYTES_MAX).await?;
                if sha256(&bytes) != piece.sha256 {
                    return Err(MakeError::NotKept(piece.name.clone()));
                }
                self.lock.renew(Timestamp::now()).await?;
            }
        }
        self.repository.keys(snapshot).await?;
        self.repository.removals(snapshot).await?;
        Ok(())
    }
}
