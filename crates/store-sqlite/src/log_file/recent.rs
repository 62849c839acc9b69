//! The newest records, kept by the writer for those who follow the log: they need not read and decode
//! again what was written a moment ago.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::Position;
use annals_ports::LogEntry;

/// How many bytes of records are kept; who is further behind reads the file.
const BYTES_MAX: usize = 16 << 20;
/// About what a record takes beside its header and groups.
const OVERHEAD_BYTES: usize = 512;

/// The end of the log, in memory. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Behind this position nothing is left out. Positions alone do not tell: they may have gaps.
    after: Position,
    /// In order of position.
    entries: VecDeque<LogEntry>,
    bytes: usize,
}

impl Recent {
    /// For a log that ends at `after`.
    pub(crate) fn new(after: Position) -> Self {
        let state = State { after, entries: VecDeque::new(), bytes: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Adds what was committed, in order, behind all that is here.
    pub(crate) fn push(&self, entries: Vec<LogEntry>) {
        let mut state = self.lock();
        for entry in entries {
            state.bytes += weight(&entry);
            state.entries.push_back(entry);
        }
        while state.bytes > BYTES_MAX
            && let Some(oldest) = state.entries.pop_front()
        {
            state.bytes -= weight(&oldest);
            state.after = oldest.position;
        }
    }

    /// Takes out what was removed from the log.
    pub(crate) fn remove(&self, positions: &[Position]) {
        let removed: HashSet<Position> = positions.iter().copied().collect();
        let mut state = self.lock();
        state.entries.retain(|entry| !removed.contains(&entry.position));
        state.bytes = state.entries.iter().map(weight).sum();
    }

    /// Up to `limit` entries after a position; none when they are no longer all here.
    pub(super) fn after(&self, after: Position, limit: usize) -> Vec<LogEntry> {
        let state = self.lock();
        if after < state.after {
            return Vec::new();
        }
        let skip = state.entries.partition_point(|entry| entry.position <= after);
        state.entries.range(skip..).take(limit).cloned().collect()
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
mod tests;
