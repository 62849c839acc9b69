//! The only writers to the event log.
//!
//! Each shard is one actor and owns the streams that fall to it. While one append is under way,
//! further requests wait in its mailbox; the next append takes all of them at once. So batches grow
//! with the load, and a quiet system pays no delay.
//!
//! A caller hears back only after the log has confirmed the append: [`Durable`] can be made nowhere
//! else.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use annals_domain::{EventId, Receipt, StreamName};
use annals_ports::{AppendError, AppendItem, EventLog, Expected, LogError};
use annals_record::Record;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tracing::{error, warn};

use crate::permits::Permit;
use crate::sealing::{Fresh, Sealed};
use crate::supervision::Address;

/// A value that is true only of what lies on disk; the engine alone makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// What is durable.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What is durable.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Why an event was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The id was used for another event.
    #[error("event id {0} was already used for another event; make a fresh id")]
    IdempotencyConflict(EventId),
    /// Too much is waiting; nothing was recorded.
    #[error("too many events are waiting to be recorded; try again shortly")]
    Busy,
    /// No space is left; nothing was recorded.
    #[error("no space is left to record events")]
    Full,
    /// The log cannot be written; whether this event was recorded is not known. Sending it again
    /// with the same id is safe.
    #[error("the event log is unavailable; send the event again with the same id")]
    Unavailable,
    /// The stored form is larger than the log takes.
    #[error("event {0} is too large for the log")]
    TooLarge(EventId),
}

/// What becomes of one event.
pub type RecordResult = Result<Durable<Receipt>, RecordError>;

/// How the rest of the engine reaches the shards.
#[derive(Clone)]
pub(crate) struct Shards {
    addresses: Arc<[Address<Message>]>,
}

impl Shards {
    pub(crate) fn new(addresses: Vec<Address<Message>>) -> Self {
        Self { addresses: addresses.into() }
    }

    /// Records the events, each in its stream; answers in the same order.
    pub(crate) async fn record(&self, sealed: Vec<Sealed>, permit: Permit) -> Vec<RecordResult> {
        let permit = Arc::new(permit);
        let total = sealed.len();
        let mut by_shard: Vec<Vec<(usize, Sealed)>> =
            self.addresses.iter().map(|_| Vec::new()).collect();
        for (index, event) in sealed.into_iter().enumerate() {
            by_shard[self.shard_of(&event.record.stream)].push((index, event));
        }
        let mut answers: Vec<RecordResult> = vec![Err(RecordError::Unavailable); total];
        let mut waiting = Vec::new();
        for (address, events) in self.addresses.iter().zip(by_shard) {
            if events.is_empty() {
                continue;
            }
            let (indexes, events): (Vec<usize>, Vec<Sealed>) = events.into_iter().unzip();
            let permit = Arc::clone(&permit);
            let answer = address
                .ask(move |reply| Message::Record(Request { events, reply, _permit: permit }));
            waiting.push(async move { (indexes, answer.await) });
        }
        for (indexes, answer) in futures_util::future::join_all(waiting).await {
            // A shard that stopped before answering leaves its events unconfirmed.
            for (index, result) in indexes.into_iter().zip(answer.unwrap_or_default()) {
                answers[index] = result;
            }
        }
        answers
    }

    fn shard_of(&self, stream: &StreamName) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(stream);
        (hash % self.addresses.len() as u64) as usize
    }
}

pub(crate) enum Message {
    /// Events of one caller, for streams of this shard.
    Record(Request),
    /// Sent by the shard to itself: it lies in the mailbox behind all that is to go along.
    Append,
}

pub(crate) struct Request {
    events: Vec<Sealed>,
    reply: RpcReplyPort<Vec<RecordResult>>,
    /// The mailbox has no bound of its own; this share of it is given back when the request ends.
    _permit: Arc<Permit>,
}

pub(crate) struct RecorderActor {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) fresh: Arc<Fresh>,
    pub(crate) batch_events_max: usize,
}

#[derive(Default)]
pub(crate) struct State {
    waiting: Vec<Request>,
    waiting_events: usize,
}

impl Actor for RecorderActor {
    type Msg = Message;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<State, ActorProcessingErr> {
        Ok(State::default())
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Record(request) => {
                if state.waiting.is_empty() {
                    myself.cast(Message::Append)?;
                }
                state.waiting_events += request.events.len();
                state.waiting.push(request);
                if state.waiting_events >= self.batch_events_max {
                    self.append(state).await;
                }
            }
            // Nothing waits when a full batch went ahead of its turn.
            Message::Append if state.waiting.is_empty() => {}
            Message::Append => self.append(state).await,
        }
        Ok(())
    }
}

impl RecorderActor {
    async fn append(&self, state: &mut State) {
        let requests = std::mem::take(&mut state.waiting);
        state.waiting_events = 0;
        let mut batch = Vec::with_capacity(requests.iter().map(|r| r.events.len()).sum());
        let mut places = Vec::with_capacity(batch.capacity());
        let mut replies = Vec::with_capacity(requests.len());
        for request in requests {
            replies.push((request.events.len(), request.reply, request._permit));
            for Sealed { record, event } in request.events {
                self.fresh.deposit(&record, Arc::clone(&event));
                places.push(Place::of(&record, &event));
                batch.push(item(record));
            }
        }
        let mut results = match self.log.append(batch).await {
            Ok(results) => self.answers(places, results).into_iter(),
            Err(error) => {
                let refusal = refusal_of(&error);
                places.iter().for_each(|place| self.fresh.withdraw(place.fresh_key));
                vec![Err(refusal); places.len()].into_iter()
            }
        };
        metrics::histogram!("annals_append_batch_events").record(results.len() as f64);
        for (count, reply, _permit) in replies {
            // The caller may have left; the events are recorded all the same.
            let _ = reply.send(results.by_ref().take(count).collect());
        }
    }

    fn answers(
        &self,
        places: Vec<Place>,
        results: Vec<Result<Vec<annals_ports::Appended>, AppendError>>,
    ) -> Vec<RecordResult> {
        places
            .into_iter()
            .zip(results)
            .map(|(place, result)| match result {
                Ok(appended) => {
                    let appended = appended[0];
                    if appended.duplicate {
                        self.fresh.withdraw(place.fresh_key);
                    }
                    Ok(Durable(Receipt {
                        id: place.id,
                        stream: place.stream,
                        revision: appended.revision,
                        position: appended.position,
                        received_at: place.received_at,
                        duplicate: appended.duplicate,
                    }))
                }
                Err(error) => {
                    self.fresh.withdraw(place.fresh_key);
                    Err(refusal_of_item(error, place.id))
                }
            })
            .collect()
    }
}

/// What is needed of an event after its record has gone to the log.
struct Place {
    id: EventId,
    stream: StreamName,
    received_at: annals_domain::time::DateTime,
    fresh_key: crate::sealing::FreshKey,
}

impl Place {
    fn of(record: &Record, event: &annals_domain::Event) -> Self {
        Self {
            id: record.id,
            stream: record.stream.clone(),
            received_at: event.received_at,
            fresh_key: Fresh::key_of(record),
        }
    }
}

fn item(record: Record) -> AppendItem {
    AppendItem { stream: record.stream.clone(), expected: Expected::Any, records: vec![record] }
}

fn refusal_of(error: &LogError) -> RecordError {
    match error {
        LogError::Full => {
            warn!("the disk is full: recording is refused until there is space");
            RecordError::Full
        }
        LogError::Unavailable { .. } | LogError::Broken { .. } | LogError::Corrupt { .. } => {
            error!(error = error as &dyn std::error::Error, "events could not be appended");
            RecordError::Unavailable
        }
    }
}

fn refusal_of_item(error: AppendError, id: EventId) -> RecordError {
    match error {
        AppendError::IdempotencyConflict { id } => RecordError::IdempotencyConflict(id),
        AppendError::TooLarge { id, .. } => RecordError::TooLarge(id),
        AppendError::WrongRevision { .. } => {
            error!(event.id = %id, %error, "an append that expects nothing was refused");
            RecordError::Unavailable
        }
    }
}
