//! Where detection keeps what it has learned between two starts.

use annals_domain::Position;
use annals_domain::detection::SavedRule;

use crate::ReadModelError;

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedDetection {
    /// Up to where the log was taken in.
    pub position: Position,
    /// Up to where the log was only learned from: nothing was raised for what happened before there was
    /// any detection.
    pub silent_until: Position,
    /// What each rule remembers.
    pub rules: Vec<SavedRule>,
}

/// Keeps what detection has learned. Blocking: call it off the async threads.
///
/// # Contract
/// Positions and rules are one transaction. Rules that are not named stay as they were.
pub trait DetectionStore: Send + Sync + 'static {
    /// What was kept; nothing before the first save.
    fn load(&self) -> Result<Option<SavedDetection>, ReadModelError>;

    /// Puts these rules in the place of what was kept of them; one with an empty state goes.
    fn save(&self, saved: &SavedDetection) -> Result<(), ReadModelError>;

    /// Forgets everything.
    fn clear(&self) -> Result<(), ReadModelError>;
}
