//! What a backup is made of and what a restored one is written to: the stores of a machine.

use annals_domain::Position;
use annals_ports::TreeStore;

use super::keys::{ErasedKey, Keys};
use super::manifest::{Commitment, RegisterEntry, TreeEntry};
use super::removals::Removals;
use crate::records::PieceRow;

/// An error of a store.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// The stores of a log, for reading, which others write meanwhile. Blocking, each call for a short time.
pub trait BackupSource: Send {
    /// The Merkle trees as they are now; read before [`BackupSource::head`], so that no tree is ahead.
    fn trees(&mut self) -> Result<Vec<TreeEntry>, BoxedError>;

    /// Position of the newest record.
    fn head(&mut self) -> Result<Position, BoxedError>;

    /// Records behind `after` up to `until`, in order: at most `limit`, and about `bytes_max` bytes.
    fn records(
        &mut self,
        after: Position,
        until: Position,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<PieceRow>, BoxedError>;

    /// Everything that retention removed, and the position of the newest event that tells of a removal.
    fn removals(&mut self) -> Result<(Removals, Position), BoxedError>;

    /// All wrapped keys; read after [`BackupSource::head`], so that every record has its keys.
    fn keys(&mut self) -> Result<Keys, BoxedError>;

    /// All registers.
    fn registers(&mut self) -> Result<Vec<RegisterEntry>, BoxedError>;

    /// The daily commitments.
    fn commitments(&mut self) -> Result<Vec<Commitment>, BoxedError>;

    /// The key that was destroyed, when this record tells that somebody was erased.
    fn erased(&mut self, row: &PieceRow) -> Result<Option<ErasedKey>, BoxedError>;
}

/// Empty stores that are filled. Blocking. Nothing of it is in use before [`RestoreTarget::finish`].
pub trait RestoreTarget: Send {
    /// Writes records, in order; those that were removed stay as their places.
    fn records(&mut self, rows: Vec<PieceRow>) -> Result<(), BoxedError>;

    /// Writes the wrapped keys.
    fn keys(&mut self, keys: &Keys) -> Result<(), BoxedError>;

    /// Writes the registers.
    fn registers(&mut self, registers: &[RegisterEntry]) -> Result<(), BoxedError>;

    /// Writes the daily commitments.
    fn commitments(&mut self, commitments: &[Commitment]) -> Result<(), BoxedError>;

    /// Where the Merkle trees go; none where they are only checked.
    fn trees(&mut self) -> Result<Option<&dyn TreeStore>, BoxedError>;

    /// Makes everything durable and ready to be opened.
    fn finish(&mut self) -> Result<(), BoxedError>;
}

/// Restores to nowhere: everything is checked, and nothing written.
#[derive(Debug, Default)]
pub struct Nowhere;

impl RestoreTarget for Nowhere {
    fn records(&mut self, _: Vec<PieceRow>) -> Result<(), BoxedError> {
        Ok(())
    }

    fn keys(&mut self, _: &Keys) -> Result<(), BoxedError> {
        Ok(())
    }

    fn registers(&mut self, _: &[RegisterEntry]) -> Result<(), BoxedError> {
        Ok(())
    }

    fn commitments(&mut self, _: &[Commitment]) -> Result<(), BoxedError> {
        Ok(())
    }

    fn trees(&mut self) -> Result<Option<&dyn TreeStore>, BoxedError> {
        Ok(None)
    }

    fn finish(&mut self) -> Result<(), BoxedError> {
        Ok(())
    }
}
