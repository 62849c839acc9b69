//! Appending records: each stream for itself, all streams beside each other.

mod preparing;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::{RecordKey, next_revision};
use annals_ports::{AppendError, AppendItem, Appended, Expected, LogError, LogReplica};
use annals_record::Record;
use eventstore::{ExpectedRevision, RecordedEvent};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;
use tracing::{debug, error};

use crate::ahead::{Ahead, Seen};
use crate::failure::Failure;
use crate::rounds::{Facts, Pending, Round, RoundLimits, plan_round};
use crate::settings::Settings;
use crate::streams::Streams;
use crate::wire::{Proposed, Written};
use preparing::{Work, prepare};

/// How often an append may find that another node was faster.
const CONFLICTS_MAX: usize = 50;
/// How many events of a stream's end are read at once.
const TAIL_PAGE: usize = 500;
/// Streams are locked by their hash; so many may be written at once.
const LOCKS: usize = 1024;

type Answer = Result<Vec<Appended>, AppendError>;

/// Appends to the log.
pub(crate) struct Appender {
    streams: Streams,
    replica: Arc<dyn LogReplica>,
    ahead: Arc<Ahead>,
    settings: Settings,
    /// One append to a stream at a time: what it expects follows from the one before.
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Appender {
    pub(crate) fn new(
        streams: Streams,
        replica: Arc<dyn LogReplica>,
        ahead: Arc<Ahead>,
        settings: Settings,
    ) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        Self { streams, replica, ahead, settings, locks, hasher: RandomState::new() }
    }

    pub(crate) async fn append(&self, batch: Vec<AppendItem>) -> Result<Vec<Answer>, LogError> {
        self.wait_for_room().await?;
        let mut answers: Vec<Option<Answer>> =
            std::iter::repeat_with(|| None).take(batch.len()).collect();
        let (works, refused) = prepare(batch, self.settings.record_bytes_max).await?;
        for (index, refusal) in refused {
            answers[index] = Some(Err(refusal));
        }
        let works = self.with_facts(works).await?;
        let mut running: FuturesUnordered<_> =
            works.into_iter().map(|(work, facts)| self.append_to_stream(work, facts)).collect();
        while let Some(of_stream) = running.next().await {
            for (index, answer) in of_stream {
                answers[index] = Some(answer);
            }
        }
        let unanswered = |answer: &&Option<Answer>| {
            matches!(answer, None | Some(Err(AppendError::Unknown { .. })))
        };
        match answers.iter().filter(unanswered).count() {
            0 => {}
            items => error!(items, "the event log did not answer; the senders are told to repeat"),
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(unknown()))).collect())
    }

    fn on_server(&self, stream: &StreamName) -> String {
        self.streams.names().on_server(stream.as_str())
    }

    /// Waits for a connection, and until the copy has come near enough.
    async fn wait_for_room(&self) -> Result<(), LogError> {
        let deadline = Instant::now() + self.settings.append_patience;
        self.streams.connection().generation(deadline).await.map_err(unavailable)?;
        let mut count = self.ahead.count();
        let near = count.wait_for(|count| *count < self.settings.ahead_records_max);
        match tokio::time::timeout_at(deadline, near).await {
            Ok(_) => Ok(()),
            Err(_) => Err(unavailable(Failure::unknown("the copy of the log does not keep up"))),
        }
    }

    /// Looks up what this node knows of the streams and ids.
    async fn with_facts(&self, works: Vec<Work>) -> Result<Vec<(Work, Facts)>, LogError> {
        // In this order: whatever lies at or before the end that is found for a stream, is found under
        // its id as well. What moves from ahead of the copy into it in between is seen twice.
        let ahead: Vec<Seen> = works.iter().map(|work| self.look_ahead(work)).collect();
        let names: Vec<StreamName> = works.iter().map(|work| work.stream.clone()).collect();
        let ends = self.replica.last_revisions(&names).await?;
        let keys: Vec<RecordKey> = works.iter().flat_map(Work::keys).cloned().collect();
        let held = self.replica.held(&keys).await?;
        let mut held = keys.into_iter().zip(held);
        let mut with_facts = Vec::with_capacity(works.len());
        for (work, (last, seen)) in works.into_iter().zip(ends.into_iter().zip(ahead)) {
            let mut facts = Facts { last, ..Facts::default() };
            let count = work.keys().count();
            for (key, held) in held.by_ref().take(count) {
                if let Some(held) = held {
                    facts.held.insert((key.tenant, key.id), held);
                }
            }
            facts.add(seen, work.keys());
            with_facts.push((work, facts));
        }
        Ok(with_facts)
    }

    /// Appends the items of one stream, round by round, and answers each.
    async fn append_to_stream(&self, work: Work, mut facts: Facts) -> Vec<(usize, Answer)> {
        let lock = self.hasher.hash_one(&work.stream) as usize % LOCKS;
        let _turn = self.locks[lock].lock().await;
        // What became known while another append to the stream was under way.
        facts.add(self.look_ahead(&work), work.keys());
        let Work { stream, items } = work;
        let limits = RoundLimits {
            records_max: self.settings.append_records_max,
            bytes_max: self.settings.append_bytes_max,
        };
        let mut answers = Vec::with_capacity(items.len());
        // Who expects something of the stream must hear of its true end.
        let mut must_read = items.iter().any(|item| item.expected != Expected::Any);
        let mut conflicts = 0;
        while answers.len() < items.len() {
            let waiting = &items[answers.len()..];
            let outcome = if std::mem::take(&mut must_read) {
                self.read_tail(&stream, &mut facts).await.map(|_| None)
            } else {
                let round = plan_round(&stream, waiting, &facts, limits);
                let known = self.ahead.newest();
                let stored = self.store(&stream, waiting, &round, &mut facts).await;
                stored.map(|(first, places)| Some(round.answers(first, &places, known)))
            };
            match outcome {
                Ok(Some(of_round)) => {
                    let indices = waiting.iter().map(|item| item.index);
                    answers.extend(indices.zip(of_round));
                }
                Ok(None) => {}
                Err(Failure::Conflict) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    must_read = true;
                    metrics::counter!("annals_log_append_conflicts_total").increment(1);
                }
                Err(failure) => {
                    debug!(%stream, %failure, "records could not be appended");
                    answers.extend(waiting.iter().map(|item| (item.index, Err(unknown()))));
                }
            }
        }
        answers
    }

    fn look_ahead(&self, work: &Work) -> Seen {
        self.ahead.look(&work.stream, work.keys())
    }

    /// Stores the records of a round, if it has any, and tells where they came to lie.
    async fn store(
        &self,
        stream: &StreamName,
        items: &[Pending],
        round: &Round,
        facts: &mut Facts,
    ) -> Result<(Revision, Vec<Position>), Failure> {
        let first = next_revision(facts.last);
        let (keys, proposed): (Vec<_>, Vec<Proposed>) =
            round.to_store(items).map(|(key, proposed)| (key, proposed.clone())).unzip();
        if proposed.is_empty() {
            return Ok((first, Vec::new()));
        }
        let expected = match facts.last {
            None => ExpectedRevision::NoStream,
            Some(last) => ExpectedRevision::Exact(last.0),
        };
        // Only the place of the last record is in the answer; the others come by the subscription.
        let expecting =
            (proposed.len() > 1).then(|| self.ahead.expect(stream, first, proposed.len()));
        let places = async {
            let written = self.streams.append(&self.on_server(stream), expected, &proposed).await?;
            self.places(stream, first, &proposed, written, expecting).await
        };
        let outcome = places.await;
        if proposed.len() > 1 {
            self.ahead.expect_nothing(stream);
        }
        let places = outcome?;
        for (key, (position, revision)) in keys.iter().zip(places.iter().zip(first.0..)) {
            facts.learn(key, *position, Revision(revision));
        }
        let revisions = (first.0..).map(Revision);
        let records = keys.into_iter().cloned().zip(places.iter().copied()).zip(revisions);
        self.ahead.add(stream, records.map(|((key, place), revision)| (key, place, revision)));
        Ok((first, places))
    }

    /// Where the records of an append lie.
    async fn places(
        &self,
        stream: &StreamName,
        first: Revision,
        proposed: &[Proposed],
        written: Written,
        expecting: Option<oneshot::Receiver<Vec<Position>>>,
    ) -> Result<Vec<Position>, Failure> {
        let last = first.0 + proposed.len() as u64 - 1;
        if written.last == Some(last) {
            match (expecting, written.place) {
                (None, Some(place)) => return Ok(vec![Position(place)]),
                (None, None) => {}
                (Some(places), _) => {
                    let patience = self.settings.attempt_patience;
                    if let Ok(Ok(places)) = tokio::time::timeout(patience, places).await {
                        return Ok(places);
                    }
                }
            }
        }
        let events =
            self.streams.read_forwards(&self.on_server(stream), first.0, proposed.len()).await?;
        let ours = events.iter().map(|event| event.id).eq(proposed.iter().map(Proposed::id));
        match ours {
            true => Ok(events.iter().map(|event| Position(event.position.commit)).collect()),
            false => Err(Failure::Conflict),
        }
    }

    /// Learns what lies in a stream beyond what this node knows.
    async fn read_tail(&self, stream: &StreamName, facts: &mut Facts) -> Result<(), Failure> {
        let known = facts.last;
        loop {
            let from = next_revision(facts.last);
            let events =
                self.streams.read_forwards(&self.on_server(stream), from.0, TAIL_PAGE).await?;
            self.learn(stream, &events, facts);
            if events.len() < TAIL_PAGE {
                break;
            }
        }
        if facts.last == known
            && let Some(last) = self.streams.read_last(&self.on_server(stream)).await?
        {
            // What lay in between was taken out of the stream.
            facts.last = facts.last.max(Some(Revision(last.revision)));
        }
        Ok(())
    }

    fn learn(&self, stream: &StreamName, events: &[RecordedEvent], facts: &mut Facts) {
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let (position, revision) = (Position(event.position.commit), Revision(event.revision));
            facts.last = facts.last.max(Some(revision));
            // What is no record takes a revision all the same; the copying of the log reports it.
            if let Ok(record) = Record::decode(&event.data) {
                let key = (&record).into();
                facts.learn(&key, position, revision);
                records.push((key, position, revision));
            }
        }
        self.ahead.add(stream, records.into_iter());
    }
}

fn unknown() -> AppendError {
    AppendError::Unknown { doing: "appending" }
}

pub(crate) fn unavailable(failure: Failure) -> LogError {
    LogError::Unavailable { doing: "appending", source: Some(Box::new(failure)) }
}
