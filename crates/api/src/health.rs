//! How Annals itself is, as its watcher found it last.

use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::watching::{Readings, Standings, Thresholds};
use jiff::Timestamp;

/// Where the watcher shows what it found; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct HealthBoard(Arc<Mutex<Shown>>);

/// What it found.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// When; none: it has not looked yet.
    pub checked_at: Option<Timestamp>,
    /// What it read.
    pub readings: Readings,
    /// What is raised.
    pub standings: Standings,
    /// From where on something is wrong.
    pub thresholds: Thresholds,
}

impl HealthBoard {
    /// Shows this from now on.
    pub fn show(&self, shown: Shown) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// What is shown.
    pub(crate) fn shown(&self) -> Shown {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
