//! The only writers to the event log.
//!
//! Each shard is one actor and owns the streams that fall to it. While one append is under way,
//! further requests wait in its mailbox; the next append takes all of them at once. So batches grow
//! with the load, and a quiet system pays no delay. When more waits than goes into one batch,
//! tenants take turns: one event waits for the batch under way, not for the backlog of others.
//!
//! A caller hears back only after the log has confirmed the append: [`Durable`] can be made nowhere
//! else.

use std::sync::Arc;

use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, Receipt, StreamName, TenantId};
use annals_ports::{AppendError, AppendItem, Appended, EventLog, Expected, LogError};
use annals_record::Record;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tracing::{error, warn};

use crate::fair_queue::FairQueue;
use crate::permits::Permit;
use crate::sealing::{Fresh, FreshKey, Sealed};
use crate::waiting::Waits;

/// Bytes of records that a tenant may put into a batch at its turn.
const TURN_BYTES: u64 = 16 * 1024;

/// A value that is true only of what lies on disk; the engine alone makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// What a store of this machine has confirmed to the engine.
    pub(crate) fn confirmed(value: T) -> Self {
        Self(value)
    }

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

pub(crate) enum Message {
    /// Events of one caller, for streams of this shard.
    Record(Request),
    /// Sent by the shard to itself: it lies in the mailbox behind all that is to go along.
    Append,
}

pub(crate) struct Request {
    pub(crate) tenant: TenantId,
    pub(crate) events: Vec<Sealed>,
    pub(crate) reply: RpcReplyPort<Vec<RecordResult>>,
    /// The mailbox has no bound of its own; this share of it is given back when the request ends.
    pub(crate) permit: Arc<Permit>,
    /// Until the request has its turn.
    pub(crate) waits: Waits,
}

pub(crate) struct RecorderActor {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) fresh: Arc<Fresh>,
    pub(crate) batch_events_max: usize,
}

/// What waits for its batch; bounded by the permits that requests hold.
pub(crate) struct State {
    waiting: FairQueue<TenantId, Request>,
}

impl Actor for RecorderActor {
    type Msg = Message;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<State, ActorProcessingErr> {
        Ok(State { waiting: FairQueue::new(TURN_BYTES) })
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
                let bytes = request.events.iter().map(|sealed| bytes_of(&sealed.record)).sum();
                state.waiting.push(request.tenant.clone(), bytes, request);
            }
            Message::Append => {
                self.append(self.next_batch(state)).await;
                // What came meanwhile lies in the mailbox before this, and takes part in the turns.
                if !state.waiting.is_empty() {
                    myself.cast(Message::Append)?;
                }
            }
        }
        Ok(())
    }
}

impl RecorderActor {
    /// Requests in the order of turns, up to a whole batch; the last one may go beyond it.
    fn next_batch(&self, state: &mut State) -> Vec<Request> {
        let (mut requests, mut events) = (Vec::new(), 0);
        while events < self.batch_events_max
            && let Some(request) = state.waiting.pop()
        {
            events += request.events.len();
            requests.push(request);
        }
        requests
    }

    async fn append(&self, requests: Vec<Request>) {
        let events = requests.iter().map(|request| request.events.len()).sum();
        let mut batch = Vec::with_capacity(events);
        let mut places = Vec::with_capacity(events);
        let mut replies = Vec::with_capacity(requests.len());
        for Request { events, reply, permit, waits, tenant: _ } in requests {
            drop(waits);
            replies.push((events.len(), reply, permit));
            for sealed in events {
                places.push(self.place_of(&sealed));
                batch.push(item(sealed.record));
            }
        }
        let results = match self.log.append(batch).await {
            Ok(results) => self.answers(places, results).await,
            Err(error) => {
                let refusal = refusal_of(&error);
                places.iter().for_each(|place| self.fresh.withdraw(place.fresh_key));
                vec![Err(refusal); places.len()]
            }
        };
        metrics::histogram!("annals_append_batch_events").record(results.len() as f64);
        let mut results = results.into_iter();
        for (count, reply, permit) in replies {
            // The caller may have left; the events are recorded all the same.
            let _ = reply.send(results.by_ref().take(count).collect());
            drop(permit);
        }
    }

    fn place_of(&self, sealed: &Sealed) -> Place {
        let Sealed { record, event } = sealed;
        Place {
            id: record.id,
            stream: record.stream.clone(),
            received_at: event.received_at,
            header_digest: record.header_digest(),
            fresh_key: self.fresh.deposit(record, Arc::clone(event)),
        }
    }

    async fn answers(
        &self,
        places: Vec<Place>,
        results: Vec<Result<Vec<Appended>, AppendError>>,
    ) -> Vec<RecordResult> {
        let mut answers = Vec::with_capacity(places.len());
        let mut duplicates = Vec::new();
        for (place, result) in places.into_iter().zip(results) {
            if !matches!(&result, Ok(appended) if !appended[0].duplicate) {
                self.fresh.withdraw(place.fresh_key);
            }
            let answer = result.map_err(|error| refusal_of_item(error, place.id));
            let answer = answer.map(|appended| place.receipt(appended[0]));
            if let Ok(receipt) = &answer
                && receipt.duplicate
            {
                duplicates.push((answers.len(), receipt.position));
            }
            answers.push(answer.map(Durable));
        }
        if !duplicates.is_empty() {
            self.tell_old_times(&mut answers, &duplicates).await;
        }
        answers
    }

    /// A receipt is the same however often its event is sent, so it tells when the event was taken
    /// on for the first time.
    async fn tell_old_times(&self, answers: &mut [RecordResult], duplicates: &[(usize, Position)]) {
        let positions: Vec<Position> = duplicates.iter().map(|(_, position)| *position).collect();
        let entries = match self.log.read_at(&positions).await {
            Ok(entries) => entries,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "old receipts could not be read");
                // They are recorded, but the receipts cannot be told.
                for (index, _) in duplicates {
                    answers[*index] = Err(RecordError::Unavailable);
                }
                return;
            }
        };
        for ((index, _), entry) in duplicates.iter().zip(entries) {
            let Ok(Durable(receipt)) = &mut answers[*index] else { continue };
            // Of an event that retention removed time and header are gone; the rest of its receipt stays.
            let Some(entry) = entry else {
                receipt.header_digest = None;
                continue;
            };
            receipt.header_digest = Some(entry.record.header_digest());
            match entry.record.header() {
                Ok(header) => receipt.received_at = DateTime::utc(header.recorded_at),
                Err(_) => answers[*index] = Err(RecordError::Unavailable),
            }
        }
    }
}

/// What is needed of an event after its record has gone to the log.
struct Place {
    id: EventId,
    stream: StreamName,
    received_at: DateTime,
    header_digest: [u8; 32],
    fresh_key: FreshKey,
}

impl Place {
    fn receipt(self, appended: Appended) -> Receipt {
        Receipt {
            id: self.id,
            stream: self.stream,
            revision: appended.revision,
            position: appended.position,
            received_at: self.received_at,
            header_digest: Some(self.header_digest),
            duplicate: appended.duplicate,
        }
    }
}

/// What a record costs to write.
fn bytes_of(record: &Record) -> u64 {
    let sealed: usize = record.groups.iter().map(|group| group.ciphertext.len()).sum();
    (record.header.len() + sealed) as u64
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
        AppendError::Unknown { .. } => {
            error!(event.id = %id, %error, "an event could not be appended");
            RecordError::Unavailable
        }
    }
}
