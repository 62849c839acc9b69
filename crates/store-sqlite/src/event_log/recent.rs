//! The newest records, kept by the writer for those who follow the log: they need not read and decode
//! again what was written a moment ago.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::Position;
use annals_ports::LogEntry;

/// How many bytes of records are kept; who is further behind reads the file.
const BYTES_MAX: usize = 16 << 20;
/// About what a record takes beside its header and groups.
const OVERHEAD_BYTES: usize = 512;

/// The end of the log, in memory. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Without gaps: positions are not given twice and none is left out.
    entries: VecDeque<LogEntry>,
    bytes: usize,
}

impl Recent {
    /// Adds what has become durable.
    pub(super) fn push(&self, entries: Vec<LogEntry>) {
        let mut state = self.lock();
        for entry in entries {
            state.bytes += weight(&entry);
            state.entries.push_back(entry);
        }
        while state.bytes > BYTES_MAX
            && let Some(oldest) = state.entries.pop_front()
        {
            state.bytes -= weight(&oldest);
        }
    }

    /// Up to `limit` entries after a position; none when they are no longer here.
    pub(super) fn after(&self, after: Position, limit: usize) -> Vec<LogEntry> {
        let state = self.lock();
        let Some(first) = state.entries.front().map(|entry| entry.position.0) else {
            return Vec::new();
        };
        match (after.0 + 1).checked_sub(first).and_then(|skip| usize::try_from(skip).ok()) {
            Some(skip) => state.entries.iter().skip(skip).take(limit).cloned().collect(),
            None => Vec::new(),
        }
    }

    /// What the lock guards is whole whenever it is let go.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(entry: &LogEntry) -> usize {
    let groups = entry.record.groups.iter().map(|group| group.ciphertext.len());
    OVERHEAD_BYTES + entry.record.header.len() + groups.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use annals_domain::Revision;
    use annals_ports::contract;

    use super::*;

    fn entry(position: u64) -> LogEntry {
        let record = contract::record("acme", "person-acme.a", u128::from(position), "payload");
        LogEntry { position: Position(position), revision: Revision(0), record }
    }

    fn positions(entries: &[LogEntry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.position.0).collect()
    }

    #[test]
    fn what_is_here_comes_without_gap_and_what_is_older_does_not_come() {
        let recent = Recent::default();
        assert!(recent.after(Position(0), 10).is_empty());
        recent.push((5..=8).map(entry).collect());
        assert_eq!(positions(&recent.after(Position(4), 10)), [5, 6, 7, 8]);
        assert_eq!(positions(&recent.after(Position(6), 1)), [7]);
        assert!(recent.after(Position(3), 10).is_empty(), "4 would be missing");
        assert!(recent.after(Position(8), 10).is_empty());
    }

    #[test]
    fn no_more_is_kept_than_the_bound() {
        let recent = Recent::default();
        let one = entry(1);
        let fitting = BYTES_MAX / weight(&one);
        recent.push(
            (1..=fitting as u64 + 1)
                .map(|p| LogEntry { position: Position(p), ..one.clone() })
                .collect(),
        );
        assert!(recent.after(Position(0), 1).is_empty());
        assert_eq!(recent.after(Position(1), usize::MAX).len(), fitting);
    }
}
