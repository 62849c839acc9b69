//! Checks a data directory against itself: is the event log whole, and does each record say of
//! itself what the tables say of it?
//!
//! This finds damage and clumsy changes. Whether someone changed everything consistently is told
//! by the signed checkpoints of the Merkle log, which do not trust this file.

mod checks;
mod removals;
mod trees;

use std::fmt;
use std::path::Path;

use annals_domain::{Position, Revision};

use rusqlite::Connection;

use crate::file::{Format, OpenError};

/// More findings are only counted.
const FINDINGS_MAX: usize = 1000;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records were read.
    pub records: u64,
    /// How many more retention removed.
    pub removed: u64,
    /// What is wrong, at most a thousand.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub findings_total: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings_total == 0
    }

    fn add(&mut self, finding: Finding) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file.
    pub file: &'static str,
    /// In which stream, where that is known.
    pub stream: Option<String>,
    /// At which revision of it.
    pub revision: Option<Revision>,
    /// At which position of the log.
    pub position: Option<Position>,
    /// What.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// `SQLite` finds its own structure damaged; its words.
    Structure(String),
    /// Records are missing before this position: where it should lie.
    PositionGap(Position),
    /// The stream should go on with this revision here.
    RevisionGap(Revision),
    /// A later revision lies at an earlier position.
    OutOfOrder,
    /// Another record has its id.
    Twice,
    /// The bytes are not a record; why.
    Unreadable(String),
    /// It holds nothing, and retention did not do that.
    Emptied,
    /// Retention is told to have removed it, and it is there.
    NotRemoved,
    /// The log has no retention run that tells why it was removed: the id that is named.
    NoRun(String),
    /// Record and table disagree on this.
    Differs {
        /// On what.
        what: &'static str,
        /// What the record says.
        record: String,
        /// What the table says.
        table: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(words) => write!(f, "the file's structure is damaged: {words}"),
            Self::PositionGap(expected) => {
                write!(f, "records are missing before it: position {expected} was expected")
            }
            Self::RevisionGap(expected) => {
                write!(f, "its stream has a gap: revision {expected} was expected")
            }
            Self::OutOfOrder => f.write_str("it lies before an earlier revision of its stream"),
            Self::Twice => f.write_str("its id is that of an earlier record, too"),
            Self::Unreadable(why) => write!(f, "it cannot be read: {why}"),
            Self::Emptied => f.write_str("it was emptied, and not by retention"),
            Self::NotRemoved => f.write_str("it is told to be removed by retention, and is there"),
            Self::NoRun(run) => {
                write!(
                    f,
                    "it was removed, and {run}, which would tell why, is no retention run in the log"
                )
            }
            Self::Differs { what, record, table } => {
                write!(f, "its {what} is `{record}` in the record and `{table}` in the table")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        if let Some(stream) = &self.stream {
            write!(f, ", stream {stream}")?;
        }
        if let Some(revision) = self.revision {
            write!(f, ", revision {revision}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// How far the checking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub doing: &'static str,
    /// Records done.
    pub done: u64,
    /// Records in all.
    pub total: u64,
}

/// The checking itself did not work.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file cannot be read.
    #[error("cannot read the data directory while {doing}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// Checks the event log and the structure of the key store, and reports how far it is now and then.
///
/// It only reads, and may run beside a service; it looks at what is there when it begins.
pub fn verify(dir: &Path, mut progress: impl FnMut(Progress)) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    if let Some(events) = open(dir, &crate::event_log::FORMAT, &mut report)? {
        let total = checks::newest_position(&events, &mut report)?;
        let mut tell = |doing, done| progress(Progress { doing, done, total: total.0 });
        tell("checking the structure of events.db", 0);
        checks::structure(&events, crate::event_log::FORMAT.file, &mut report)?;
        checks::revisions(&events, total, &mut report, &mut tell)?;
        checks::ids(&events, &mut report, &mut tell)?;
        checks::records(&events, total, &mut report, &mut tell)?;
    }
    if dir.join(crate::key_store::FORMAT.file).exists()
        && let Some(keys) = open(dir, &crate::key_store::FORMAT, &mut report)?
    {
        let (done, total) = (report.records, report.records);
        progress(Progress { doing: "checking the structure of keys.db", done, total });
        checks::structure(&keys, crate::key_store::FORMAT.file, &mut report)?;
    }
    Ok(report)
}

/// Checks `tiles.db` against itself, and how far it says that it has come against the log. Whether its trees
/// are those of the log is the matter of the engine.
///
/// It only reads. Of a directory without trees nothing is told.
pub fn verify_trees(dir: &Path) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    let head = |report: &mut Report| match open(dir, &crate::event_log::FORMAT, report)? {
        Some(events) => checks::newest_position(&events, report),
        None => Ok(Position::START),
    };
    let format = &crate::trees::FORMAT;
    if dir.join(format.file).exists()
        && let Some(connection) = open(dir, format, &mut report)?
    {
        checks::structure(&connection, format.file, &mut report)?;
        if report.is_whole() {
            let head = head(&mut report)?;
            trees::check(&connection, head, &mut report)?;
        }
    }
    Ok(report)
}

/// Opens a file for reading; one that is no longer a database is a finding.
fn open(
    dir: &Path,
    format: &Format,
    report: &mut Report,
) -> Result<Option<Connection>, VerifyError> {
    match format.open_checked(dir) {
        Ok(connection) => Ok(Some(connection)),
        Err(OpenError::Damaged { source, .. }) => {
            report.add(checks::structure_finding(format.file, source.to_string()));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
