//! Pages that go on into the archive: what is no longer in the log is looked for there.
//!
//! The archive is gone through from its newest piece that may hold something back to the oldest. One page
//! fetches so much and no more; then it ends where it came to, says so, and its cursor goes on from there. So
//! a page may be empty and still have a next one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::filter::{Filter, Order, PageKey, TimeRange};
use annals_domain::lifecycle::{Due, Judge, RetentionNow};
use annals_domain::{Position, Recorded, TenantId};
use annals_ports::LogEntry;
use annals_ports::archive::{ArchiveReader, ArchivedPiece, Month};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{PageRequest, Queries, QueryError, page_key};
use crate::matching::Wanted;
use crate::opening::ReadError;
use crate::retention::Retention;

/// Pieces that one page fetches at most.
pub const ARCHIVED_PIECES_MAX: usize = 16;
/// When one page has fetched so many bytes it fetches no further piece.
pub const ARCHIVED_BYTES_MAX: u64 = 256 << 20;
/// When a page has taken so long it fetches no further piece.
const PATIENCE: Duration = Duration::from_secs(5);
/// Records that are opened at once.
const STEP: usize = 256;

/// The archive.
#[derive(Clone)]
pub struct ArchiveParts {
    /// Reads it.
    pub reader: Arc<dyn ArchiveReader>,
    /// Whether this node writes it: then it deletes from it what is due, too.
    pub writes: bool,
}

/// A page of events of the log and of the archive.
#[derive(Debug, Clone)]
pub struct ArchivedPage {
    /// As they were recorded, newest first.
    pub events: Vec<Recorded>,
    /// Behind what the next page begins; none when this is the last.
    pub next: Option<PageKey>,
    /// What was looked into.
    pub archive: ArchiveSearch,
}

/// What of the archive was looked into for one page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ArchiveSearch {
    /// How many pieces were fetched.
    pub pieces: usize,
    /// How many bytes that were.
    pub bytes: u64,
    /// Whether everything that the page spans was looked into. If not, it ends early and the next goes on.
    pub complete: bool,
}

/// A piece that may hold something.
struct Promising {
    month: Month,
    number: usize,
    told: ArchivedPiece,
}

/// What is looked for in the archive, and what of it may be shown.
struct Asked<'a> {
    parts: ArchiveParts,
    wanted: Wanted,
    stretch: Stretch,
    judge: Judge<'a>,
}

/// The stretch of positions that a page is about.
#[derive(Clone, Copy)]
struct Stretch {
    /// Above this one.
    above: Position,
    /// Below this one.
    below: Position,
}

impl Queries {
    /// Whether there is an archive.
    pub fn has_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// A page of the events that match, newest first, with those that only the archive has. What is due and not
    /// held is not shown any more, also where the archive still has it. The order of the request is not looked at.
    ///
    /// # Errors
    /// Beside others [`QueryError::NoArchive`], and [`QueryError::Archive`] when it cannot be read.
    pub async fn page_with_archive(
        &self,
        request: PageRequest,
        retention: &Retention,
        now: RetentionNow,
    ) -> Result<ArchivedPage, QueryError> {
        let parts = self.archive.clone().ok_or(QueryError::NoArchive)?;
        let PageRequest { scope, filter, after, limit, .. } = request.clone();
        let live = self.page(PageRequest { order: Order::RecordedNewest, ..request }).await?;
        let last = live.events.last().filter(|_| live.more);
        let below = after.map_or(Position(u64::MAX), |after| after.position);
        // What the index does not have yet is newer than any month that was closed.
        let below = below.min(Position(self.as_of.0.saturating_add(1)));
        let above = last.map_or(Position::START, |last| last.position);
        let stretch = Stretch { above, below };
        let wanted = Wanted::new(&scope, filter);
        let judge = retention.judge(wanted.tenant(), now);
        let Found { events: old, search, unseen } =
            self.archived(Asked { parts, wanted, stretch, judge }, limit).await?;
        let mut events = live.events;
        events.extend(old);
        events.sort_by_key(|event| std::cmp::Reverse(event.position));
        if let Some(unseen) = unseen {
            events.retain(|event| event.position > unseen);
        }
        let is_cut = events.len() > limit;
        events.truncate(limit);
        let next = match unseen {
            Some(unseen) if !is_cut => {
                Some(PageKey { position: Position(unseen.0 + 1), occurred_us: 0 })
            }
            _ => events.last().filter(|_| is_cut || live.more).map(page_key),
        };
        Ok(ArchivedPage { events, next, archive: search })
    }

    /// The newest matching events of a stretch that only the archive has: one more than the limit, if there
    /// are so many.
    async fn archived(&self, asked: Asked<'_>, limit: usize) -> Result<Found, QueryError> {
        let Asked { parts, wanted, stretch, .. } = &asked;
        // Opening records takes the same threads as searching.
        let _turn = self.turns.take(wanted.tenant(), 1).await?;
        let begun = Instant::now();
        let mut found = Found::default();
        found.search.complete = true;
        for piece in promising(parts, wanted, *stretch).await? {
            if found.events.len() > limit {
                break;
            }
            if found.search.is_enough(begun) {
                found.unseen = Some(piece.told.last.min(Position(stretch.below.0 - 1)));
                found.search.complete = false;
                break;
            }
            found.search.pieces += 1;
            found.search.bytes += piece.told.bytes;
            let entries = parts.reader.piece(wanted.tenant(), piece.month, piece.number).await?;
            let room = limit + 1 - found.events.len();
            found.events.extend(self.matching(&asked, entries, room).await?);
        }
        Ok(found)
    }

    /// The newest entries of a piece that match and are not in the log.
    async fn matching(
        &self,
        Asked { wanted, stretch, judge, .. }: &Asked<'_>,
        mut entries: Vec<LogEntry>,
        room: usize,
    ) -> Result<Vec<Recorded>, QueryError> {
        require_tenant(wanted.tenant(), &entries);
        let mut due = BTreeMap::new();
        entries.retain(|entry| {
            let is_asked = stretch.above < entry.position && entry.position < stretch.below;
            match due_of(judge, entry).filter(|_| is_asked) {
                None => is_asked,
                // A hold may cover it, which only the opened event tells.
                Some(one) => judge.holds_any() && due.insert(entry.position, one).is_none(),
            }
        });
        let is_shown = |event: &Recorded| {
            due.get(&event.position).is_none_or(|due| judge.clear(due, Some(event)).is_err())
        };
        let mut found = Vec::new();
        while !entries.is_empty() && found.len() < room {
            let chunk = entries.split_off(entries.len().saturating_sub(STEP));
            let positions: Vec<Position> = chunk.iter().map(|entry| entry.position).collect();
            let there = self.log.read_at(&positions).await.map_err(ReadError::from)?;
            let gone = chunk.into_iter().zip(there).filter(|(_, there)| there.is_none());
            let gone: Vec<LogEntry> = gone.map(|(entry, _)| entry).collect();
            let opened = self.opener.open_all(gone).await?.into_iter().rev();
            found.extend(
                opened
                    .filter(|event| wanted.holds(&event.event) && is_shown(event))
                    .take(room - found.len()),
            );
        }
        Ok(found)
    }
}

/// What was found in the archive.
#[derive(Default)]
struct Found {
    /// Newest first.
    events: Vec<Recorded>,
    search: ArchiveSearch,
    /// The highest position that was not looked at, when the search ended early.
    unseen: Option<Position>,
}

impl ArchiveSearch {
    /// Whether a page has fetched what one may. It always fetches one piece, so that the next page is
    /// further.
    fn is_enough(&self, begun: Instant) -> bool {
        self.pieces >= ARCHIVED_PIECES_MAX
            || (self.pieces > 0
                && (self.bytes >= ARCHIVED_BYTES_MAX || begun.elapsed() >= PATIENCE))
    }
}

/// The pieces that may hold something, newest first.
async fn promising(
    parts: &ArchiveParts,
    wanted: &Wanted,
    stretch: Stretch,
) -> Result<Vec<Promising>, QueryError> {
    let (mut received, mut occurred) = (TimeRange::default(), TimeRange::default());
    narrow(&wanted.filter, &mut received, &mut occurred);
    let mut promising = Vec::new();
    for month in parts.reader.months(wanted.tenant()).await? {
        for (number, told) in month.pieces.into_iter().enumerate().rev() {
            let may_hold = told.last > stretch.above
                && told.first < stretch.below
                && overlaps(received, told.received)
                && overlaps(occurred, told.occurred);
            if may_hold {
                promising.push(Promising { month: month.month, number, told });
            }
        }
    }
    promising.sort_by_key(|piece| std::cmp::Reverse(piece.told.last));
    Ok(promising)
}

/// That the time of a record is over. What cannot be read is shown to be damaged, not hidden.
fn due_of(judge: &Judge<'_>, entry: &LogEntry) -> Option<Due> {
    let header = entry.record.header().ok()?;
    judge.due(entry.position, &header.event_type, &header.retention, header.recorded_at).ok()
}

fn require_tenant(tenant: &TenantId, entries: &[LogEntry]) {
    let foreign = entries.iter().any(|entry| entry.record.tenant != *tenant);
    assert!(!foreign, "the archive told a record of another tenant");
}

/// The times that events must be of to match.
fn narrow(filter: &Filter, received: &mut TimeRange, occurred: &mut TimeRange) {
    match filter {
        Filter::Received(range) => both(received, range),
        Filter::Occurred(range) => both(occurred, range),
        Filter::And(all) => all.iter().for_each(|one| narrow(one, received, occurred)),
        _ => {}
    }
}

fn both(range: &mut TimeRange, other: &TimeRange) {
    range.from = range.from.max(other.from);
    range.until = match (range.until, other.until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}

fn overlaps(range: TimeRange, times: (Timestamp, Timestamp)) -> bool {
    range.from.is_none_or(|from| times.1 >= from) && range.until.is_none_or(|until| times.0 < until)
}
