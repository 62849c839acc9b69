//! Whether an append fits the stream: `IndexWriter.CheckCommit` of the real server.

use uuid::Uuid;

use super::{Log, Written};
use crate::event::Expected;
use crate::refusal::Refusal;

/// What is to be done with an append.
pub(super) enum Verdict {
    /// Write it; `begins_again` when the stream had been deleted softly.
    Write { begins_again: bool },
    /// Exactly this was written before: answer as then.
    Repeated(Written),
}

impl Log {
    /// Compares what is expected with what is.
    ///
    /// Ids tell a repeat only beside an explicit revision. `Any` writes again, as the real server
    /// does once its cache has forgotten the id.
    pub(super) fn check(
        &self,
        stream: &str,
        expected: Expected,
        ids: &[Uuid],
    ) -> Result<Verdict, Refusal> {
        let owner = stream.strip_prefix("$$").unwrap_or(stream);
        if self.is_tombstoned(stream) || self.is_tombstoned(owner) {
            return Err(Refusal::StreamDeleted(owner.to_owned()));
        }
        let current = self.last_revision(stream);
        let soft_deleted = self.metadata.get(stream).is_some_and(|of| of.soft_deleted());
        let begins_again = soft_deleted && current.is_some();
        let write = Ok(Verdict::Write { begins_again });
        let wrong = Err(Refusal::WrongExpectedVersion { expected, current });
        let first = match expected {
            Expected::Any => return write,
            Expected::StreamExists if current.is_some() && !soft_deleted => return write,
            Expected::StreamExists => return wrong,
            Expected::NoStream if current.is_none() => return write,
            Expected::Exact(revision) if current == Some(revision) => return write,
            Expected::Exact(revision) if current.is_none_or(|last| revision > last) => {
                return wrong;
            }
            Expected::NoStream => 0,
            Expected::Exact(revision) => revision + 1,
        };
        let same = self.count_same(stream, first, ids);
        if same == ids.len() && !ids.is_empty() {
            return Ok(Verdict::Repeated(self.written(stream, Some(first + same as u64 - 1))));
        }
        if same == 0 && expected == Expected::NoStream && soft_deleted {
            return write;
        }
        wrong
    }

    fn is_tombstoned(&self, stream: &str) -> bool {
        self.streams.get(stream).is_some_and(|of| of.tombstone.is_some())
    }

    /// How many of the ids stand in the stream from a revision on.
    fn count_same(&self, stream: &str, first: u64, ids: &[Uuid]) -> usize {
        let Some(of) = self.streams.get(stream) else { return 0 };
        let from = usize::try_from(first).unwrap_or(usize::MAX);
        let there = of.events.iter().skip(from).map(|index| self.events[*index].id);
        there.zip(ids).take_while(|(there, id)| there == *id).count()
    }
}
