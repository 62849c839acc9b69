//! An event log in memory that can be told to fail and to pause.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use annals_domain::lifecycle::Removable;
use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_record::Record;
use async_trait::async_trait;
use tokio::sync::watch;

use super::locked;
use crate::append_plan::{Held, RecordKey, Step, next_revision, plan};
use crate::event_log::{
    AppendError, AppendItem, Appended, Direction, EventLog, Follower, LogEntry, LogError,
    LogReader, Removal, RemoveError,
};
use crate::stream_ends::{StreamEnd, StreamEnds};

/// How the next append shall fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogErrorKind {
    /// [`LogError::Full`]; nothing is stored.
    Full,
    /// [`LogError::Unavailable`]; nothing is stored.
    Unavailable,
    /// [`LogError::Unavailable`], but the records were stored: the answer was lost on its way.
    AnswerLost,
    /// [`LogError::Broken`]; nothing is stored, now and ever after.
    Broken,
}

/// An event log in memory. Clones share the log.
#[derive(Debug, Clone)]
pub struct MemoryEventLog {
    state: Arc<Mutex<State>>,
    head: watch::Sender<Position>,
    paused: watch::Sender<bool>,
    /// What another node removed, and is still told here.
    elsewhere: watch::Sender<BTreeSet<Position>>,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<LogEntry>,
    streams: HashMap<StreamName, Vec<usize>>,
    ids: HashMap<(TenantId, EventId), usize>,
    removed: HashSet<Position>,
    failures: VecDeque<LogErrorKind>,
    broken: bool,
    keeps_all: bool,
    only_cuts: bool,
}

impl Default for MemoryEventLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryEventLog {
    /// An empty log.
    pub fn new() -> Self {
        Self {
            state: Arc::default(),
            head: watch::Sender::new(Position::START),
            paused: watch::Sender::new(false),
            elsewhere: watch::Sender::default(),
        }
    }

    /// Makes the next append that is not failed yet fail; several calls fail several appends.
    pub fn fail_next(&self, kind: LogErrorKind) {
        locked(&self.state).failures.push_back(kind);
    }

    /// Lets appends wait, from now on, until [`MemoryEventLog::resume`].
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Lets the waiting appends go on.
    pub fn resume(&self) {
        self.paused.send_replace(false);
    }

    /// Removes nothing from now on, as logs that cannot.
    pub fn keep_all(&self) {
        locked(&self.state).keeps_all = true;
    }

    /// Removes only what streams begin with from now on, as logs on servers.
    pub fn only_cut(&self) {
        locked(&self.state).only_cuts = true;
    }

    /// Behaves as if another node had removed these records.
    pub fn remove_elsewhere(&self, positions: &[Position]) {
        self.elsewhere.send_modify(|elsewhere| elsewhere.extend(positions));
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        locked(&self.state).entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl EventLog for MemoryEventLog {
    async fn append(
        &self,
        batch: Vec<AppendItem>,
    ) -> Result<Vec<Result<Vec<Appended>, AppendError>>, LogError> {
        let mut paused = self.paused.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = paused.wait_for(|paused| !paused).await;
        let mut state = locked(&self.state);
        let failure =
            if state.broken { Some(LogErrorKind::Broken) } else { state.failures.pop_front() };
        match failure {
            None => {}
            Some(LogErrorKind::AnswerLost) => {
                for item in batch {
                    let _ = state.append(item);
                }
                self.head.send_replace(state.head());
                return Err(unavailable());
            }
            Some(LogErrorKind::Full) => return Err(LogError::Full),
            Some(LogErrorKind::Unavailable) => return Err(unavailable()),
            Some(LogErrorKind::Broken) => {
                state.broken = true;
                return Err(LogError::Broken { doing: "appending", source: WANTED.into() });
            }
        }
        let answers = batch.into_iter().map(|item| state.append(item)).collect();
        self.head.send_replace(state.head());
        Ok(answers)
    }

    fn removal(&self) -> Removal {
        match locked(&self.state).only_cuts {
            true => Removal::Beginnings,
            false => Removal::Each,
        }
    }

    async fn removed_elsewhere(&self, limit: usize) -> Result<Vec<Position>, LogError> {
        let mut elsewhere = self.elsewhere.subscribe();
        let doing = "waiting for what is removed elsewhere";
        let some = elsewhere.wait_for(|some| !some.is_empty()).await;
        let some = some.map_err(|_| LogError::Unavailable { doing, source: None })?;
        Ok(some.iter().copied().take(limit).collect())
    }

    async fn forget(&self, positions: &[Position]) -> Result<(), LogError> {
        locked(&self.state).removed.extend(positions);
        self.elsewhere.send_modify(|elsewhere| {
            elsewhere.retain(|position| !positions.contains(position));
        });
        Ok(())
    }

    async fn remove(&self, _: EventId, events: &[Removable]) -> Result<u64, RemoveError> {
        let mut state = locked(&self.state);
        if state.keeps_all {
            return Err(RemoveError::Unsupported);
        }
        let before = state.removed.len();
        for position in events.iter().map(|event| event.position()) {
            if state.at(position).is_some() {
                state.removed.insert(position);
            }
        }
        Ok((state.removed.len() - before) as u64)
    }
}

#[async_trait]
impl StreamEnds for MemoryEventLog {
    async fn stream_ends(
        &self,
        up_to: Position,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamEnd>, LogError> {
        let state = locked(&self.state);
        let end = |(stream, places): (&StreamName, &Vec<usize>)| {
            let entries = places.iter().rev().map(|place| &state.entries[*place]);
            let LogEntry { position, revision, .. } =
                entries.into_iter().find(|entry| entry.position <= up_to)?;
            let (stream, revision, position) = (stream.clone(), *revision, *position);
            Some(StreamEnd { stream, revision, position })
        };
        let mut ends: Vec<StreamEnd> = state.streams.iter().filter_map(end).collect();
        ends.sort_by(|a, b| a.stream.as_str().cmp(b.stream.as_str()));
        ends.retain(|end| after.is_none_or(|after| end.stream.as_str() > after.as_str()));
        ends.truncate(limit);
        Ok(ends)
    }
}

#[async_trait]
impl LogReader for MemoryEventLog {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        let state = locked(&self.state);
        let Some(places) = state.streams.get(stream) else { return Ok(Vec::new()) };
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        let entry = |place: &usize| state.shown(*place);
        Ok(match direction {
            Direction::Forwards => places.iter().skip(from).filter_map(entry).take(limit).collect(),
            Direction::Backwards => {
                let end = places.len().min(from.saturating_add(1));
                places[..end].iter().rev().filter_map(entry).take(limit).collect()
            }
        })
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        Ok(locked(&self.state).after(after, limit))
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        let state = locked(&self.state);
        let place = |position: &Position| usize::try_from(position.0.checked_sub(1)?).ok();
        let shown = |position| state.shown(place(position)?);
        Ok(positions.iter().map(shown).collect())
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        let state = locked(&self.state);
        Ok(state.ids.get(&(tenant.clone(), id)).and_then(|place| state.shown(*place)))
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(*self.head.borrow())
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        Box::new(MemoryFollower {
            state: Arc::clone(&self.state),
            head: self.head.subscribe(),
            after,
        })
    }
}

const WANTED: &str = "a test wanted it";

fn unavailable() -> LogError {
    LogError::Unavailable { doing: "appending", source: Some(WANTED.into()) }
}

impl State {
    fn head(&self) -> Position {
        Position(self.entries.len() as u64)
    }

    fn at(&self, position: Position) -> Option<&LogEntry> {
        let place = usize::try_from(position.0.checked_sub(1)?).ok()?;
        self.entries.get(place)
    }

    /// The entry, unless it was removed.
    fn shown(&self, place: usize) -> Option<LogEntry> {
        let entry = self.entries.get(place)?;
        (!self.removed.contains(&entry.position)).then(|| entry.clone())
    }

    fn after(&self, after: Position, limit: usize) -> Vec<LogEntry> {
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        let there = (skipped..self.entries.len()).filter_map(|place| self.shown(place));
        there.take(limit).collect()
    }

    fn append(&mut self, item: AppendItem) -> Result<Vec<Appended>, AppendError> {
        let keys: Vec<RecordKey> = item.records.iter().map(RecordKey::from).collect();
        let held: Vec<Option<Held>> = keys.iter().map(|key| self.held(key)).collect();
        let last = self.last_revision(&item.stream);
        let steps = plan(&item.stream, item.expected, last, &keys, &held)?;
        let mut answers: Vec<Appended> = Vec::with_capacity(steps.len());
        for (record, step) in item.records.into_iter().zip(steps) {
            answers.push(match step {
                Step::Answer(appended) => appended,
                Step::Repeat(index) => Appended { duplicate: true, ..answers[index] },
                Step::Store => self.store(&item.stream, record),
            });
        }
        Ok(answers)
    }

    fn held(&self, key: &RecordKey) -> Option<Held> {
        let place = self.ids.get(&(key.tenant.clone(), key.id))?;
        let entry = &self.entries[*place];
        Some(Held {
            position: entry.position,
            revision: entry.revision,
            fingerprint: entry.record.fingerprint,
        })
    }

    fn last_revision(&self, stream: &StreamName) -> Option<Revision> {
        let place = *self.streams.get(stream)?.last()?;
        Some(self.entries[place].revision)
    }

    fn store(&mut self, stream: &StreamName, record: Record) -> Appended {
        let place = self.entries.len();
        let position = Position(place as u64 + 1);
        let revision = next_revision(self.last_revision(stream));
        self.streams.entry(stream.clone()).or_default().push(place);
        self.ids.insert((record.tenant.clone(), record.id), place);
        self.entries.push(LogEntry { position, revision, record });
        Appended { position, revision, duplicate: false }
    }
}

struct MemoryFollower {
    state: Arc<Mutex<State>>,
    head: watch::Receiver<Position>,
    after: Position,
}

#[async_trait]
impl Follower for MemoryFollower {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        loop {
            let after = self.after;
            let doing = "following the log";
            let head = *self
                .head
                .wait_for(|head| *head > after)
                .await
                .map_err(|_| LogError::Unavailable { doing, source: None })?;
            let entries = locked(&self.state).after(after, limit.max(1));
            self.after = entries.last().map_or(head, |last| last.position);
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
    }
}
