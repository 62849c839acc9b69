//! What was appended and has not come back by the subscription yet.
//!
//! The copy of the log is always a little behind. An append needs to know its stream's end and the
//! ids that were used a moment ago, and its answer needs the places that only the subscription tells.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::LogEntry;
use annals_ports::append_plan::{Held, RecordKey, next_revision};
use tokio::sync::{oneshot, watch};

/// The newest part of the log, known to this node before its copy has it.
#[derive(Debug)]
pub(crate) struct Ahead {
    state: Mutex<State>,
    applied: watch::Sender<Position>,
    /// How many records are here.
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    ids: HashMap<(TenantId, EventId), Held>,
    runs: HashMap<StreamName, Run>,
    newest: Position,
    /// About how far records lie from each other, as the last batches show.
    spacing: u64,
    waiting: HashMap<StreamName, Waiting>,
}

/// The end of a stream that lies here, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: Revision,
    last: Revision,
}

/// What lies here of a stream, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Revisions from the first to the second, of which all ids are known here.
    pub(crate) run: Option<(Revision, Revision)>,
    /// What is held under the keys that were asked for.
    pub(crate) held: Vec<Option<Held>>,
}

/// Somebody who wants to know where some revisions of a stream came to lie.
#[derive(Debug)]
struct Waiting {
    first: Revision,
    places: Vec<Option<Position>>,
    missing: usize,
    done: Option<oneshot::Sender<Vec<Position>>>,
}

/// A wish for places, which ends with this value: whoever has it may give up.
#[derive(Debug)]
pub(crate) struct Expecting<'a> {
    ahead: &'a Ahead,
    stream: &'a StreamName,
    places: oneshot::Receiver<Vec<Position>>,
}

impl Expecting<'_> {
    /// Waits until all places are known.
    pub(crate) async fn places(&mut self) -> Option<Vec<Position>> {
        (&mut self.places).await.ok()
    }

    /// The places, if they are known by now.
    pub(crate) fn known(&mut self) -> Option<Vec<Position>> {
        self.places.try_recv().ok()
    }
}

impl Drop for Expecting<'_> {
    fn drop(&mut self) {
        self.ahead.lock().waiting.remove(self.stream);
    }
}

impl Ahead {
    /// `applied` is where the copy ends.
    pub(crate) fn new(applied: Position) -> Self {
        Self {
            state: Mutex::default(),
            applied: watch::Sender::new(applied),
            count: watch::Sender::new(0),
        }
    }

    /// Up to where the copy has the log.
    pub(crate) fn applied(&self) -> watch::Receiver<Position> {
        self.applied.subscribe()
    }

    /// How many records the copy lacks that this node knows of.
    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// What lies here of a stream and under some keys.
    pub(crate) fn look<'a>(
        &self,
        stream: &StreamName,
        keys: impl Iterator<Item = &'a RecordKey>,
    ) -> Seen {
        let state = self.lock();
        let held = keys.map(|key| state.ids.get(&(key.tenant.clone(), key.id)).copied());
        Seen { run: state.runs.get(stream).map(|run| (run.first, run.last)), held: held.collect() }
    }

    /// About how many positions a record takes.
    pub(crate) fn positions_per_record(&self) -> u64 {
        match self.lock().spacing {
            0 => SPACING,
            spacing => spacing,
        }
    }

    /// The highest position that this node has heard of.
    pub(crate) fn newest(&self) -> Position {
        self.lock().newest.max(*self.applied.borrow())
    }

    /// Adds records of a stream that are known to lie in the log. What the copy has already is left
    /// out.
    pub(crate) fn add(
        &self,
        stream: &StreamName,
        records: impl Iterator<Item = (RecordKey, Position, Revision)>,
    ) {
        let mut state = self.lock();
        let applied = *self.applied.borrow();
        for (key, position, revision) in records.filter(|(_, position, _)| *position > applied) {
            let held = Held { position, revision, fingerprint: key.fingerprint };
            // The first that used an id counts.
            state.ids.entry((key.tenant, key.id)).or_insert(held);
            state.newest = state.newest.max(position);
            let run = state.runs.entry(stream.clone());
            let run = run.or_insert(Run { first: revision, last: revision });
            if revision > next_revision(Some(run.last)) {
                // What lies between is in the copy already.
                *run = Run { first: revision, last: revision };
            }
            run.last = run.last.max(revision);
        }
        self.count.send_replace(state.ids.len());
    }

    /// Begins to watch for the places of `count` records of a stream, from a revision on. There is
    /// one append to a stream at a time, so there is one such wish.
    pub(crate) fn expect<'a>(
        &'a self,
        stream: &'a StreamName,
        first: Revision,
        count: usize,
    ) -> Expecting<'a> {
        let (done, places) = oneshot::channel();
        let waiting =
            Waiting { first, places: vec![None; count], missing: count, done: Some(done) };
        self.lock().waiting.insert(stream.clone(), waiting);
        Expecting { ahead: self, stream, places }
    }

    /// The copy has these records now, and everything up to a position.
    pub(crate) fn remove(&self, applied: &[AppliedRecord], up_to: Position) {
        let mut state = self.lock();
        state.spacing = spaced(state.spacing, applied);
        for record in applied {
            let id = (record.key.tenant.clone(), record.key.id);
            if state.ids.get(&id).is_some_and(|held| held.position <= record.position) {
                state.ids.remove(&id);
            }
            if let Some(run) = state.runs.get_mut(&record.stream) {
                run.first = run.first.max(next_revision(Some(record.revision)));
                if run.first > run.last {
                    state.runs.remove(&record.stream);
                }
            }
            if let Some(waiting) = state.waiting.get_mut(&record.stream) {
                waiting.tell(record.revision, record.position);
            }
        }
        self.count.send_replace(state.ids.len());
        // Under the lock, so that `add` sees either the record here or the position moved on.
        self.applied.send_if_modified(|position| {
            let moves = *position < up_to;
            *position = (*position).max(up_to);
            moves
        });
    }

    /// What the lock guards is whole whenever it is let go.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is needed of a record after the copy has taken it.
#[derive(Debug, Clone)]
pub(crate) struct AppliedRecord {
    key: RecordKey,
    stream: StreamName,
    revision: Revision,
    position: Position,
}

impl From<&LogEntry> for AppliedRecord {
    fn from(entry: &LogEntry) -> Self {
        Self {
            key: RecordKey::from(&entry.record),
            stream: entry.record.stream.clone(),
            revision: entry.revision,
            position: entry.position,
        }
    }
}

/// What is assumed of the distance of records before any came.
const SPACING: u64 = 1000;
/// Fewer records than this tell nothing of it.
const SPACING_RECORDS_MIN: usize = 20;

/// The distance of records, with those of one more batch.
fn spaced(before: u64, batch: &[AppliedRecord]) -> u64 {
    let [first, .., last] = batch else { return before };
    if batch.len() < SPACING_RECORDS_MIN {
        return before;
    }
    let spacing = (last.position.0 - first.position.0) / (batch.len() as u64 - 1);
    match before {
        0 => spacing.max(1),
        before => ((7 * before + spacing) / 8).max(1),
    }
}

impl Waiting {
    fn tell(&mut self, revision: Revision, position: Position) {
        let index = revision.0.checked_sub(self.first.0).and_then(|i| usize::try_from(i).ok());
        let Some(place) = index.and_then(|index| self.places.get_mut(index)) else { return };
        if place.replace(position).is_none() {
            self.missing -= 1;
        }
        if self.missing == 0
            && let Some(done) = self.done.take()
        {
            // Whoever waited may have given up.
            let _ = done.send(self.places.iter().copied().flatten().collect());
        }
    }
}

#[cfg(test)]
mod tests;
