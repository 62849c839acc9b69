//! Reading on through the log, past what is damaged.
//!
//! One damaged record must neither hide the others nor hold up who follows the log: it is passed
//! over and reported, and the place read up to moves on.

use annals_domain::{Position, Recorded};
use annals_ports::{EventLog, LogEntry, LogError};
use tracing::error;

use crate::opening::{Opener, ReadError};

mod ahead;

pub(crate) use ahead::ReadAhead;

/// A stretch of the log as it is stored.
pub(crate) struct Stretch {
    pub(crate) entries: Vec<LogEntry>,
    /// Everything up to here was read.
    pub(crate) end: Position,
    /// What lies at the end and cannot even be taken out of the log.
    pub(crate) damaged: Option<LogError>,
}

/// A stretch of the log, opened; damaged records are left out.
pub(crate) struct Opened {
    pub(crate) events: Vec<Recorded>,
    /// Everything up to here was read.
    pub(crate) end: Position,
}

/// Reads up to `limit` records after a position.
pub(crate) async fn entries_after(
    log: &dyn EventLog,
    after: Position,
    limit: usize,
) -> Result<Stretch, LogError> {
    let mut limit = limit;
    loop {
        match log.read_all(after, limit).await {
            Ok(entries) => {
                let end = entries.last().map_or(after, |entry| entry.position);
                return Ok(Stretch { entries, end, damaged: None });
            }
            // What lies before the damaged record is read first, by asking for less.
            Err(LogError::Corrupt { .. }) if limit > 1 => limit /= 2,
            Err(damaged @ LogError::Corrupt { position, .. }) if position > after => {
                return Ok(Stretch { entries: Vec::new(), end: position, damaged: Some(damaged) });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Reads and opens up to `limit` records after a position.
pub(crate) async fn read_after(
    log: &dyn EventLog,
    opener: &Opener,
    after: Position,
    limit: usize,
) -> Result<Opened, ReadError> {
    let Stretch { entries, end, damaged } = entries_after(log, after, limit).await?;
    if let Some(damaged) = damaged {
        report_damaged(&ReadError::Log(damaged));
    }
    Ok(Opened { events: open_whole(opener, entries).await?, end })
}

/// Opens the entries and leaves out the damaged.
pub(crate) async fn open_whole(
    opener: &Opener,
    entries: Vec<LogEntry>,
) -> Result<Vec<Recorded>, ReadError> {
    let results = opener.open(entries).await?;
    Ok(results.into_iter().filter_map(|r| r.inspect_err(report_damaged).ok()).collect())
}

/// A damaged record is passed over by all readers alike; `annals verify` names it too.
pub(crate) fn report_damaged(error: &ReadError) {
    metrics::counter!("annals_damaged_records_total").increment(1);
    error!(error = error as &dyn std::error::Error, "a damaged record is passed over");
}
