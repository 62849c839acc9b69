//! Verifying a whole log: every entry, every tile, the root, the signature, and that nothing else
//! lies about.
//!
//! It reads tile after tile and remembers one tile of each level, so its memory does not grow with
//! the log.

mod finding;
mod levels;
mod strays;

use std::collections::BTreeSet;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::key::VerifyingKey;

pub use finding::{Difference, Finding, Findings};

/// Where the checkpoint lies below the prefix of the log.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// The files of a log, by their paths below its prefix.
pub trait LogFiles {
    /// Why a file cannot be read.
    type Error: std::error::Error + 'static;

    /// The content of a file; none when there is no such file.
    ///
    /// # Errors
    /// When it is not known whether there is one, or it cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Shows the path of every file, in any order.
    ///
    /// # Errors
    /// When the files cannot be listed.
    fn each_path(&self, see: &mut dyn FnMut(&str)) -> Result<(), Self::Error>;
}

/// What to demand beyond the tree itself.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// The sizes that were ever published, when they are known: a partial tile of another size is a
    /// finding then.
    pub published: Option<BTreeSet<u64>>,
    /// How many findings to keep; the rest are counted. 0 means 1,000.
    pub findings_max: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint, when it is signed by the log.
    pub checkpoint: Option<Checkpoint>,
    /// How many entries were read and hashed.
    pub entries: u64,
    /// How many tiles of hashes were read and hashed.
    pub tiles: u64,
    /// What is wrong.
    pub findings: Findings,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

const FINDINGS_MAX: usize = 1_000;

/// Verifies a log against the checkpoint among its files.
///
/// # Errors
/// When files cannot be read. What is wrong with the log is no error but a finding.
pub fn verify_log<F: LogFiles>(
    files: &F,
    log_key: &VerifyingKey,
    demands: &Demands,
) -> Result<Report, F::Error> {
    let limit = if demands.findings_max == 0 { FINDINGS_MAX } else { demands.findings_max };
    let mut findings = Findings::with_limit(limit);
    let opened = match files.read(CHECKPOINT_PATH)? {
        Some(bytes) => SignedCheckpoint::open(&bytes, log_key).map_err(Difference::Checkpoint),
        None => Err(Difference::Missing),
    };
    let checkpoint = match opened {
        Ok(signed) => signed.checkpoint,
        Err(difference) => {
            findings.add(CHECKPOINT_PATH, difference);
            return Ok(Report { checkpoint: None, entries: 0, tiles: 0, findings });
        }
    };
    let counts = levels::check(files, &checkpoint, &mut findings)?;
    strays::check(files, checkpoint.size, demands.published.as_ref(), &mut findings)?;
    let (entries, tiles) = (counts.entries, counts.tiles);
    Ok(Report { checkpoint: Some(checkpoint), entries, tiles, findings })
}

#[cfg(test)]
mod tests;
