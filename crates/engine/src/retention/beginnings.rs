//! Which events a log can remove that removes only what its streams begin with. Pure.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use annals_domain::{Position, StreamName};
use annals_ports::{LogEntry, Removal};

/// Streams of which something stays. A stream counts as its hash: should two be the same, more stays.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    stays: HashSet<u64>,
    hasher: RandomState,
}

impl Beginnings {
    /// Something of the stream stays, and with it all that follows.
    pub(super) fn keep(&mut self, stream: &StreamName) {
        self.stays.insert(self.hasher.hash_one(stream));
    }

    /// Whether all of the stream goes that came so far.
    pub(super) fn may_go(&self, stream: &StreamName) -> bool {
        !self.stays.contains(&self.hasher.hash_one(stream))
    }

    /// Whether nothing stays.
    pub(super) fn is_empty(&self) -> bool {
        self.stays.is_empty()
    }
}

/// What lets events go, in the order of the log. A log that removes each event for itself lets all go.
#[derive(Debug)]
pub(super) struct Gate {
    beginnings: Option<Beginnings>,
    /// What is not due, of the stretch that is looked at.
    kept: VecDeque<(Position, StreamName)>,
}

impl Gate {
    pub(super) fn of(removal: Removal) -> Self {
        let beginnings = (removal == Removal::Beginnings).then(Beginnings::default);
        Self { beginnings, kept: VecDeque::new() }
    }

    /// Whether it matters what an event's stream is.
    pub(super) fn asks_for_streams(&self) -> bool {
        self.beginnings.is_some()
    }

    /// An event that stays lies in the stretch. They come in the order of the log.
    pub(super) fn note_kept(&mut self, entry: &LogEntry) {
        if self.beginnings.is_some() {
            self.kept.push_back((entry.position, entry.record.stream.clone()));
        }
    }

    /// An event that was looked at stays.
    pub(super) fn keep(&mut self, stream: &StreamName) {
        if let Some(beginnings) = &mut self.beginnings {
            beginnings.keep(stream);
        }
    }

    /// Whether nothing stays of what lies before an event in its stream. Positions rise from call to call.
    pub(super) fn may_go(&mut self, position: Position, stream: &StreamName) -> bool {
        let Some(beginnings) = &mut self.beginnings else { return true };
        while let Some((_, kept)) = self.kept.pop_front_if(|(at, _)| *at < position) {
            beginnings.keep(&kept);
        }
        beginnings.may_go(stream)
    }

    /// The stretch ends.
    pub(super) fn end_stretch(&mut self) {
        for (_, stream) in std::mem::take(&mut self.kept) {
            self.keep(&stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_domain::Revision;
    use annals_ports::contract;

    use super::*;

    fn entry(position: u64, stream: &str) -> LogEntry {
        let record = contract::record("acme", stream, u128::from(position), "x");
        LogEntry { position: Position(position), revision: Revision(position), record }
    }

    fn may_go(gate: &mut Gate, position: u64, stream: &str) -> bool {
        let entry = entry(position, stream);
        gate.may_go(entry.position, &entry.record.stream)
    }

    #[test]
    fn what_lies_behind_something_that_stays_waits() {
        let mut gate = Gate::of(Removal::Beginnings);
        gate.note_kept(&entry(2, "s"));
        gate.note_kept(&entry(5, "t"));
        assert!(may_go(&mut gate, 1, "s"), "before it");
        assert!(!may_go(&mut gate, 3, "s"), "behind it");
        assert!(may_go(&mut gate, 4, "t"), "before that of another stream");
        gate.end_stretch();
        assert!(!may_go(&mut gate, 6, "t"), "also from one stretch to the next");
        assert!(may_go(&mut gate, 7, "u"));
        gate.keep(&entry(7, "u").record.stream);
        assert!(!may_go(&mut gate, 8, "u"), "one that is held is one that stays");
    }

    #[test]
    fn a_log_that_removes_each_for_itself_lets_all_go() {
        let mut gate = Gate::of(Removal::Each);
        gate.note_kept(&entry(1, "s"));
        gate.keep(&entry(1, "s").record.stream);
        gate.end_stretch();
        assert!(may_go(&mut gate, 2, "s") && !gate.asks_for_streams());
    }
}
