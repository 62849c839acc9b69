//! An export job: what was asked for, and how far it is. What may become of it is decided here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use annals_domain::{Position, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::form::Form;

/// Identifies an export. Random, so that nobody guesses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExportId(Uuid);

impl ExportId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for ExportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ExportId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Ok(Self(text.parse()?))
    }
}

/// Who asked for an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The tenant they act in.
    pub tenant: TenantId,
    /// Who they are.
    pub id: String,
    /// What their rights follow from; the API alone reads it.
    pub rights: serde_json::Value,
}

impl Requester {
    /// Whether this is the same person in the same tenant, whatever their rights are by now.
    pub fn is_same(&self, other: &Self) -> bool {
        self.tenant == other.tenant && self.id == other.id
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// It waits for its turn.
    Queued,
    /// It is being written.
    Running,
    /// The file can be downloaded.
    Done,
    /// It could not be written.
    Failed,
    /// Somebody ended it, or its requester may no longer export.
    Cancelled,
    /// The file was there and is removed.
    Expired,
}

impl ExportStatus {
    /// Whether it waits or is being written.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// A job, as it is kept in `job.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportJob {
    /// Version of this form: 1.
    pub v: u32,
    /// Identifies it.
    pub id: ExportId,
    /// Who asked for it.
    pub requester: Requester,
    /// In which form.
    pub form: Form,
    /// Which events the requester may see at all, as canonical text.
    pub scope: String,
    /// What was asked for, as canonical text; empty: every event.
    pub query: String,
    /// Up to where in the log.
    pub until: Position,
    /// Where it stands.
    pub status: ExportStatus,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When writing began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Until when the file can be downloaded.
    pub expires_at: Option<Timestamp>,
    /// Everything up to here was looked at and is in the file.
    pub position: Position,
    /// Events in the file.
    pub events: u64,
    /// Length of the file.
    pub bytes: u64,
    /// About how much is done, of a hundred.
    pub percent: u8,
    /// SHA-256 of the finished file.
    pub sha256: Option<String>,
}

/// How long what is known of an ended job is kept, in times of its file.
const REMEMBERED_TIMES: u32 = 7;

impl ExportJob {
    /// Why it must not go on, if its file has nothing that can be gone on with: writing begins anew.
    pub(crate) fn begun_anew(self) -> Self {
        Self { position: Position::START, events: 0, bytes: 0, percent: 0, ..self }
    }

    /// The job after it ended.
    pub(crate) fn ended(
        self,
        status: ExportStatus,
        reason: Option<String>,
        now: Timestamp,
        expires: Duration,
    ) -> Self {
        let done = status == ExportStatus::Done;
        Self {
            status,
            reason,
            finished_at: Some(now),
            expires_at: done.then(|| later(now, expires)),
            percent: if done { 100 } else { self.percent },
            bytes: if done { self.bytes } else { 0 },
            ..self
        }
    }

    /// The job as it is at that time: a file whose time is over is not shown for a moment longer.
    pub fn at(&self, now: Timestamp) -> Self {
        let mut job = self.clone();
        if self.status == ExportStatus::Done && self.expires_at.is_some_and(|end| end <= now) {
            job.status = ExportStatus::Expired;
        }
        job
    }

    /// Whether nobody needs to know of it any more.
    pub(crate) fn is_forgotten(&self, now: Timestamp, expires: Duration) -> bool {
        let ended = self.finished_at.filter(|_| !self.status.is_active());
        ended.is_some_and(|ended| later(ended, expires * REMEMBERED_TIMES) <= now)
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
