//! Finding and curing damage in the files of a search index.

use annals_domain::Position;

use crate::search::SearchError;

/// A search index that looks after its files. Blocking.
///
/// # Contract
/// - What is found damaged, by a look or by a search, is known until it was set aside.
/// - After [`Upkeep::set_damage_aside`] searches read what is left. It ends at
///   [`SearchIndex::position`](crate::SearchIndex::position); what follows is to be added again.
pub trait Upkeep {
    /// Reads all files and compares them with what was written. `pace` is told how many bytes were
    /// read; it may wait, and ends the look by answering false.
    fn look(&self, pace: &mut dyn FnMut(u64) -> bool) -> Result<Look, SearchError>;

    /// Whether damage is known that was not set aside.
    fn is_damaged(&self) -> bool;

    /// Whether something failed for which damage is a likely reason, so that a look is due.
    fn is_suspect(&self) -> bool;

    /// Takes what is damaged, and all that is newer, out of the way. Answers up to where the index
    /// now reaches, if there was any damage.
    fn set_damage_aside(&self) -> Result<Option<Position>, SearchError>;

    /// Memory for what was opened of the files.
    fn memory(&self) -> IndexMemory;
}

/// What a look at the files found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// How many files were read.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Files that do not hold what was written.
    pub damaged: Vec<String>,
    /// Whether all were read.
    pub complete: bool,
}

/// Memory for what was opened of the files, bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexMemory {
    /// Kept to be read again; bounded by a setting.
    pub kept: u64,
    /// Held for as long as a file is open.
    pub held: u64,
}
