//! What a bundle shows of each stream: from where to where, and whether anything is left out.
//!
//! The crate's own words on why this suffices stand in [`crate`], under "Completeness".

mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use annals_tlog::Entry;

use crate::event::CheckedEvent;
use crate::head::CheckedHead;
use crate::limits::{EVENTS_MAX, SHARDS_MAX, STREAMS_MAX};
use crate::names::{EVENTS_FILE, HEADS_FILE};
use crate::problem::Problem;
use crate::report::{Counts, Finding};

pub use verdict::{Completeness, StreamReport};

/// The events of a bundle, remembered in some hundred bytes each.
#[derive(Default)]
pub(crate) struct Streams {
    streams: BTreeMap<String, Stream>,
    /// The shards in their order; a row names its shard by the place here.
    shards: Vec<String>,
    last_index: u64,
    headers: BTreeSet<[u8; 32]>,
    counts: Counts,
    last_head: Option<String>,
}

/// The events of one stream, in the order of their revisions and of the log.
#[derive(Default)]
struct Stream {
    rows: Vec<Row>,
    head: Option<CheckedHead>,
}

#[derive(Clone, Copy)]
struct Row {
    revision: u64,
    shard: usize,
    index: u64,
    header_digest: [u8; 32],
}

/// How many events of a stream there are, and from where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) events: u64,
    pub(crate) first_revision: u64,
    pub(crate) last_revision: u64,
}

impl Streams {
    /// Takes the next event of the bundle.
    ///
    /// # Errors
    /// When it is not after the one before, or is one too many.
    pub(crate) fn add(&mut self, event: &CheckedEvent) -> Result<(), Problem> {
        let place = &event.place;
        if self.counts.events == EVENTS_MAX {
            return Err(Problem::TooMany { what: "events", max: EVENTS_MAX });
        }
        let shard = self.shard_after_last(&place.shard, place.index)?;
        self.check_room_for(&place.stream)?;
        if !self.headers.insert(event.header_digest) {
            return Err(Problem::HeaderTwice);
        }
        let (revision, index) = (place.revision, place.index);
        let stream = self.streams.entry(place.stream.clone()).or_default();
        if let Some(before) = stream.rows.last().filter(|before| before.revision >= revision) {
            return Err(Problem::RevisionNotRising { before: before.revision });
        }
        stream.rows.push(Row { revision, shard, index, header_digest: event.header_digest });
        self.counts.events += 1;
        self.counts.parts_shown += event.shown;
        self.counts.parts_withheld += event.withheld;
        Ok(())
    }

    /// Takes the next head.
    ///
    /// # Errors
    /// When it is not after the one before, or no event is of its stream.
    pub(crate) fn claim(&mut self, head: CheckedHead) -> Result<(), Problem> {
        let name = &head.row.stream;
        if self.last_head.as_ref().is_some_and(|last| last >= name) {
            return Err(Problem::HeadOrder);
        }
        self.last_head = Some(name.clone());
        let stream = self.streams.get_mut(name).filter(|stream| !stream.rows.is_empty());
        stream.ok_or(Problem::HeadWithoutEvents)?.head = Some(head);
        Ok(())
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether an event is in this shard.
    pub(crate) fn has_shard(&self, name: &str) -> bool {
        self.shards.iter().any(|shard| shard == name)
    }

    /// The streams with the extents of their events.
    pub(crate) fn extents(&self) -> impl Iterator<Item = (&str, Extent)> {
        self.streams.iter().filter_map(|(name, stream)| Some((name.as_str(), stream.extent()?)))
    }

    /// What is shown of each stream, and what contradicts the ends that are claimed.
    pub(crate) fn verdicts(&self) -> (Vec<StreamReport>, Vec<Finding>) {
        let (mut reports, mut findings) = (Vec::new(), Vec::new());
        for (name, extent) in self.extents() {
            let stream = &self.streams[name];
            let completeness = match &stream.head {
                None => stream.without_head(),
                Some(head) => match stream.check_head(head, &self.shards) {
                    Ok(completeness) => completeness,
                    Err(problem) => {
                        let missing = matches!(problem, Problem::Missing { .. });
                        let file = if missing { EVENTS_FILE } else { HEADS_FILE };
                        findings.push(Finding::of_stream(file, name, problem));
                        continue;
                    }
                },
            };
            let Extent { events, first_revision, last_revision } = extent;
            let stream = name.to_owned();
            let report =
                StreamReport { stream, events, first_revision, last_revision, completeness };
            reports.push(report);
        }
        (reports, findings)
    }

    fn shard_after_last(&mut self, name: &str, index: u64) -> Result<usize, Problem> {
        let last = self.shards.last().map(String::as_str);
        let after = last.is_none_or(|last| (last, self.last_index) < (name, index));
        if !after {
            return Err(Problem::Order);
        }
        if last != Some(name) {
            if self.shards.len() == SHARDS_MAX {
                let max = u64::try_from(SHARDS_MAX).unwrap_or(u64::MAX);
                return Err(Problem::TooMany { what: "shards", max });
            }
            self.shards.push(name.to_owned());
        }
        self.last_index = index;
        Ok(self.shards.len() - 1)
    }

    fn check_room_for(&self, stream: &str) -> Result<(), Problem> {
        if self.streams.len() < STREAMS_MAX || self.streams.contains_key(stream) {
            return Ok(());
        }
        let max = u64::try_from(STREAMS_MAX).unwrap_or(u64::MAX);
        Err(Problem::TooMany { what: "streams", max })
    }
}

impl Stream {
    fn extent(&self) -> Option<Extent> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        Some(Extent {
            events: u64::try_from(self.rows.len()).unwrap_or(u64::MAX),
            first_revision: first.revision,
            last_revision: last.revision,
        })
    }

    fn without_head(&self) -> Completeness {
        match self.gaps().next() {
            None => Completeness::Contiguous,
            Some((first, last)) => {
                let missing = self.gaps().map(|(first, last)| last - first + 1).sum();
                Completeness::Gaps { missing, first, last }
            }
        }
    }

    /// First and last revision of each gap between the first and the last event.
    fn gaps(&self) -> impl Iterator<Item = (u64, u64)> {
        let pairs = self.rows.windows(2).map(|pair| (pair[0].revision + 1, pair[1].revision));
        pairs.filter(|(next, found)| next < found).map(|(next, found)| (next, found - 1))
    }

    fn check_head(&self, head: &CheckedHead, shards: &[String]) -> Result<Completeness, Problem> {
        let last = head.row.last_revision;
        if let Some((first, last)) = self.gaps().next() {
            return Err(Problem::Missing { first, last });
        }
        let at_end = self.rows.binary_search_by_key(&last, |row| row.revision);
        let at_end = at_end.map_err(|_| Problem::EndMissing { last })?;
        if Entry::of_digest(&self.rows[at_end].header_digest) != head.row.entry {
            return Err(Problem::EndDiffers { last });
        }
        // What the commitment covers lies before its place in the log, and the rest does not.
        let end = (head.commitment.shard.as_str(), head.commitment.size);
        let covered = |row: &&Row| (shards[row.shard].as_str(), row.index) < end;
        let (before, after) = self.rows.split_at(at_end + 1);
        let misplaced = before.last().filter(|row| !covered(row));
        let misplaced = misplaced.or_else(|| after.first().filter(covered));
        if let Some(row) = misplaced {
            return Err(Problem::EndMisplaced { revision: row.revision });
        }
        Ok(Completeness::Complete { through: last, day: head.commitment.day.clone() })
    }
}

#[cfg(test)]
mod tests;
