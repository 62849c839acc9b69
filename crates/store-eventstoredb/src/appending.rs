//! Appending records: each stream for itself, all streams beside each other.

mod contention;
mod preparing;
mod reading;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::{RecordKey, next_revision};
use annals_ports::{AppendError, AppendItem, Appended, Expected, LogError, LogReplica};
use eventstore::ExpectedRevision;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tracing::error;

use crate::ahead::{Ahead, Seen};
use crate::failure::Failure;
use crate::rounds::{Facts, Pending, Round, RoundLimits, plan_round};
use crate::settings::Settings;
use crate::streams::Streams;
use crate::wire::Proposed;
use contention::Contention;
use preparing::{Work, prepare};

/// How often an append may find that another node was faster.
const CONFLICTS_MAX: usize = 50;
/// Streams are locked by their hash; so many may be written at once.
const LOCKS: usize = 1024;

type Answer = Result<Vec<Appended>, AppendError>;

/// Appends to the log.
pub(crate) struct Appender {
    streams: Streams,
    replica: Arc<dyn LogReplica>,
    ahead: Arc<Ahead>,
    /// Whether what is appended comes back by the subscription at once.
    caught_up: watch::Receiver<bool>,
    settings: Settings,
    /// One append to a stream at a time: what it expects follows from the one before.
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
    contention: Contention,
}

impl Appender {
    pub(crate) fn new(
        streams: Streams,
        replica: Arc<dyn LogReplica>,
        ahead: Arc<Ahead>,
        caught_up: watch::Receiver<bool>,
        settings: Settings,
    ) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        let hasher = RandomState::new();
        let contention = Contention::new();
        Self { streams, replica, ahead, caught_up, settings, locks, hasher, contention }
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
        let call = Call {
            deadline: Instant::now() + self.settings.append_patience,
            trouble: OnceLock::new(),
        };
        let mut running: FuturesUnordered<_> = works
            .into_iter()
            .map(|(work, facts)| self.append_to_stream(&call, work, facts))
            .collect();
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
            items => {
                let trouble = call.trouble.get().map_or("", String::as_str);
                error!(items, trouble, "records may be missing; the senders are told to repeat");
            }
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
    async fn append_to_stream(
        &self,
        call: &Call,
        work: Work,
        mut facts: Facts,
    ) -> Vec<(usize, Answer)> {
        let lock = self.hasher.hash_one(&work.stream) as usize % LOCKS;
        let Ok(_turn) = tokio::time::timeout_at(call.deadline, self.locks[lock].lock()).await
        else {
            call.met(&Failure::unknown("other appends to the same streams took too long"));
            return work.items.iter().map(|item| (item.index, Err(unknown()))).collect();
        };
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
                self.read_tail(call, &stream, &mut facts).await.map(|_| None)
            } else {
                let round = plan_round(&stream, waiting, &facts, limits);
                let known = self.ahead.newest();
                let stored = self.store(call, &stream, waiting, &round, &mut facts).await;
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
                    self.contention.note(&stream);
                    metrics::counter!("annals_log_append_conflicts_total").increment(1);
                }
                Err(failure) => {
                    call.met(&failure);
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
        call: &Call,
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
            let on_server = self.on_server(stream);
            let lane = self.contention.lane(stream);
            let appending =
                self.streams.append_in(lane, call.deadline, &on_server, expected, &proposed);
            self.places(stream, first, &proposed, appending.await?, expecting).await
        };
        let places = places.await?;
        for (key, (position, revision)) in keys.iter().zip(places.iter().zip(first.0..)) {
            facts.learn(key, *position, Revision(revision));
        }
        let revisions = (first.0..).map(Revision);
        let records = keys.into_iter().cloned().zip(places.iter().copied()).zip(revisions);
        self.ahead.add(stream, records.map(|((key, place), revision)| (key, place, revision)));
        Ok((first, places))
    }
}

/// One call of `append`.
struct Call {
    /// After it nothing more is begun.
    deadline: Instant,
    /// The first of what went wrong; the operations log is told of it once.
    trouble: OnceLock<String>,
}

impl Call {
    fn met(&self, failure: &Failure) {
        self.trouble.get_or_init(|| failure.to_string());
    }
}

fn unknown() -> AppendError {
    AppendError::Unknown { doing: "appending" }
}

pub(crate) fn unavailable(failure: Failure) -> LogError {
    LogError::Unavailable { doing: "appending", source: Some(Box::new(failure)) }
}
