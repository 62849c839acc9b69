//! Where the events of an export come from: the log from end to end when much of it matches, and the
//! index when little does. The events are the same.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::LogEntry;

use super::ExportError;
use crate::feed::distance;
use crate::matching::Wanted;
use crate::opening::ReadError;
use crate::queries::Queries;
use crate::reading::{Stretch, entries_after, report_damaged};

/// So many events are read from the log however few match.
const FEW_EVENTS: u64 = 4096;
/// The index is asked when at most one of so many events matches: reading them one by one costs more
/// than reading them in a row.
const RARE: u64 = 8;
/// How long to wait for the index to reach the end of the snapshot before it is done without.
const INDEX_PATIENCE: Duration = Duration::from_secs(10);
/// Records read at once, at first.
const ENTRIES_AT_FIRST: usize = 256;
/// Records read at once.
const ENTRIES_MIN: usize = 16;
const ENTRIES_MAX: usize = 1024;
/// Stored bytes that are read at once, about.
const STRETCH_BYTES: usize = 512 * 1024;

/// How the events are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By reading all of the log.
    Log,
    /// By asking the index, which has so many.
    Index {
        /// Events that match.
        total: u64,
    },
}

/// Reads the records of a snapshot, stretch by stretch.
pub(crate) struct Source {
    queries: Queries,
    wanted: Arc<Wanted>,
    way: Way,
    after: Position,
    until: Position,
    limit: usize,
    ended: bool,
}

/// Records that follow each other.
pub(crate) struct Found {
    pub(crate) entries: Vec<LogEntry>,
    /// Everything up to here was looked at.
    pub(crate) end: Position,
}

impl Source {
    pub(crate) async fn open(
        queries: Queries,
        wanted: Arc<Wanted>,
        after: Position,
        until: Position,
    ) -> Result<Self, ExportError> {
        let way = way(&queries, &wanted, after, until).await?;
        Ok(Self::by(way, queries, wanted, after, until))
    }

    pub(crate) fn by(
        way: Way,
        queries: Queries,
        wanted: Arc<Wanted>,
        after: Position,
        until: Position,
    ) -> Self {
        let ended = after >= until;
        Self { queries, wanted, way, after, until, limit: ENTRIES_AT_FIRST, ended }
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// The next records; none behind the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>, ExportError> {
        if self.ended {
            return Ok(None);
        }
        let mut found = match self.way {
            Way::Log => self.read_on().await?,
            Way::Index { .. } => self.ask_on().await?,
        };
        if self.ended {
            found.end = self.until;
        }
        self.after = found.end;
        self.limit = next_limit(&found.entries);
        // What belongs to others is not even opened.
        found.entries.retain(|entry| entry.record.tenant == *self.wanted.tenant());
        Ok(Some(found))
    }

    async fn read_on(&mut self) -> Result<Found, ExportError> {
        let read = entries_after(&*self.queries.log, self.after, self.limit).await;
        let Stretch { mut entries, end, damaged } = read.map_err(ReadError::from)?;
        if let Some(damaged) = damaged {
            report_damaged(&ReadError::Log(damaged));
        }
        self.ended = end == self.after || end >= self.until;
        entries.retain(|entry| entry.position <= self.until);
        Ok(Found { entries, end })
    }

    async fn ask_on(&mut self) -> Result<Found, ExportError> {
        let (wanted, limit) = (Arc::clone(&self.wanted), self.limit);
        let positions = self.queries.matches(wanted, self.after, self.until, limit).await?;
        self.ended = positions.len() < limit;
        let end = positions.last().copied().unwrap_or(self.until);
        let entries = match positions.is_empty() {
            true => Vec::new(),
            false => self.queries.log.read_at(&positions).await.map_err(ReadError::from)?,
        };
        Ok(Found { entries: entries.into_iter().flatten().collect(), end })
    }
}

async fn way(
    queries: &Queries,
    wanted: &Arc<Wanted>,
    after: Position,
    until: Position,
) -> Result<Way, ExportError> {
    let all = distance(&*queries.log, after, until);
    if all <= FEW_EVENTS || !queries.wait_for_index(until, INDEX_PATIENCE).await {
        return Ok(Way::Log);
    }
    let count = queries.count_until(Arc::clone(wanted), until, all / RARE).await?;
    Ok(if count.at_least { Way::Log } else { Way::Index { total: count.value } })
}

/// How many records to read next, after these: few when they are large.
fn next_limit(entries: &[LogEntry]) -> usize {
    let bytes: usize = entries.iter().map(stored_bytes).sum();
    let each = bytes.checked_div(entries.len()).unwrap_or(0).max(1);
    (STRETCH_BYTES / each).clamp(ENTRIES_MIN, ENTRIES_MAX)
}

fn stored_bytes(entry: &LogEntry) -> usize {
    let groups: usize = entry.record.groups.iter().map(|group| group.ciphertext.len()).sum();
    entry.record.header.len() + groups
}
