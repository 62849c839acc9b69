//! An export at the service, as the service tells of it.

use data_encoding::HEXLOWER;
use serde::Deserialize;

/// Below it lie all exports of a service, and what else an export names.
const EXPORTS: &str = "/api/v1/exports/";
/// Bytes of a SHA-256.
const SHA256_LEN: usize = 32;

/// The answer to `GET /api/v1/exports/{id}`, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    status: Status,
    reason: Option<String>,
    events: u64,
    bytes: u64,
    percent: u8,
    sha256: Option<String>,
    file: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
    Expired,
}

/// What is to be done about a job.
#[derive(Debug)]
pub(super) enum Standing {
    /// Wait.
    UnderWay { percent: u8, word: &'static str },
    /// Download the file.
    Ready(Ready),
    /// There will be no file; why.
    Ended(String),
    /// Nothing: this is no job of Annals.
    Nonsense,
}

/// A file that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ready {
    /// How many events it holds.
    pub(super) events: u64,
    /// Its length.
    pub(super) bytes: u64,
    /// Its digest, in hexadecimal.
    pub(super) sha256: String,
    /// Its path at the service.
    pub(super) file: String,
}

impl Job {
    pub(super) fn standing(self) -> Standing {
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        match self.status {
            Status::Queued => Standing::UnderWay { percent: 0, word: "queued" },
            Status::Running => Standing::UnderWay { percent: self.percent, word: "running" },
            Status::Failed => Standing::Ended(format!("failed: {reason}")),
            Status::Cancelled => Standing::Ended(format!("was cancelled: {reason}")),
            Status::Expired => Standing::Ended(format!("has expired: {reason}")),
            Status::Done => self.ready().map_or(Standing::Nonsense, Standing::Ready),
        }
    }

    fn ready(self) -> Option<Ready> {
        let sha256 = self.sha256.filter(|text| is_sha256(text))?;
        let file = self.file.filter(|path| is_of_exports(path))?;
        Some(Ready { events: self.events, bytes: self.bytes, sha256, file })
    }
}

/// Whether a path leads to exports, and so the token may be sent there: never to another server.
pub(super) fn is_of_exports(path: &str) -> bool {
    path.strip_prefix(EXPORTS).is_some_and(|rest| !rest.is_empty())
}

fn is_sha256(text: &str) -> bool {
    HEXLOWER.decode(text.as_bytes()).is_ok_and(|digest| digest.len() == SHA256_LEN)
}
