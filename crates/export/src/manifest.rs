//! What goes with every file: what was asked for, by whom, what is in it, and its digest.

use serde::{Deserialize, Serialize};

/// The manifest of a file, written as JSON beside it.
///
/// Whoever keeps file and manifest can show later which question the file answers, over which part
/// of the log, and that not a byte of it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form: 1.
    pub manifest_version: u32,
    /// Identifies the export.
    pub id: String,
    /// Whose events.
    pub tenant: String,
    /// Who asked for them.
    pub requester: String,
    /// What was asked for, as canonical text; empty: every event.
    pub query: String,
    /// Which events the requester may see at all, as canonical text.
    pub scope: String,
    /// In which form.
    pub format: String,
    /// Every event after this position was looked at …
    pub from_position: String,
    /// … up to this one.
    pub until_position: String,
    /// Events in the file, oldest first.
    pub events: u64,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// When the export was asked for.
    pub requested_at: String,
    /// When the file was finished.
    pub finished_at: String,
    /// Which Annals wrote it.
    pub program: String,
}
