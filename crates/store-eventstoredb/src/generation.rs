//! One connection to the server, from its making to its end.
//!
//! The client library does not recover from everything: a client is dead for good after a failed
//! reconnect, and it stays with a leader that has gone. So a connection is made anew rather than
//! mended; what was made at once lives and ends together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eventstore::{
    AppendToStreamOptions, BatchAppendClient, BatchAppendOptions, Client, Credentials,
    DeleteStreamOptions, EventData, ExpectedRevision, ReadAllOptions, ReadStreamOptions,
    RecordedEvent, ResolvedEvent, StreamPosition,
};

use crate::address::Address;
use crate::failure::Failure;
use crate::isolation::{Ended, Isolated};
use crate::names::METADATA_PREFIX;
use crate::wire::{Place, Proposed, Written};

/// Batch-append sessions beside each other. One that ends takes all its open appends along.
const SESSIONS: usize = 2;
/// Sessions that ended without an answer in between, before the whole connection counts as broken.
const LOST_SESSIONS_MAX: u32 = 2;

/// One client with its runtime and its sessions.
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) version: String,
    isolated: Isolated,
    client: Client,
    credentials: Option<Credentials>,
    keeper: Option<Credentials>,
    sessions: [Mutex<Option<Arc<BatchAppendClient>>>; SESSIONS],
    lost_sessions: std::sync::atomic::AtomicU32,
}

impl Generation {
    /// Connects, and finds out whether the server can do what is needed.
    pub(crate) async fn connect(number: u64, address: &Address) -> Result<Self, Failure> {
        let isolated = Isolated::start(&format!("annals-log-{number}"))
            .map_err(|error| Failure::unknown(format!("no thread for the connection: {error}")))?;
        let client = connect(&isolated, address).await?;
        let asked = client.clone();
        let info =
            isolated.run(async move { asked.server_info().await }).await.map_err(ended)??;
        let generation = Self {
            number,
            version: info.version().to_string(),
            isolated,
            client,
            credentials: address.credentials(),
            keeper: address.keeper(),
            sessions: Default::default(),
            lost_sessions: Default::default(),
        };
        // A server without batch append says so here.
        generation.session(0).await?;
        Ok(generation)
    }

    /// Appends events to a stream in one step.
    pub(crate) async fn append(
        &self,
        stream: &str,
        expected: ExpectedRevision,
        events: &[Proposed],
        patience: Duration,
    ) -> Result<Written, Failure> {
        let lane = lane_of(stream);
        let session = self.session(lane).await?;
        let data: Vec<EventData> = events.iter().map(Proposed::to_event_data).collect();
        // The session's channels are awake on its own runtime; waiting for the answer is not bound
        // to it.
        let sending = session.append_to_stream(stream, expected, data);
        let outcome = match tokio::time::timeout(patience, sending).await {
            Ok(Ok(result)) => Ok(Written::from(&result)),
            Ok(Err(error)) => Err(Failure::from(error)),
            Err(_) => Err(Failure::unknown("the server did not answer in time")),
        };
        match &outcome {
            Ok(_) => self.lost_sessions.store(0, std::sync::atomic::Ordering::Relaxed),
            // The library ends a session with its first refused append.
            Err(failure) => self.drop_session(lane, &session, failure.may_pass()),
        }
        outcome
    }

    /// Creates the metadata of a stream, as the keeper. A single append takes some 45 ms (the library
    /// lets the system wait for more to send), which is little for what is done so seldom.
    pub(crate) async fn create_metadata(
        &self,
        stream: &str,
        metadata: &Proposed,
        patience: Duration,
    ) -> Result<(), Failure> {
        let mut options =
            AppendToStreamOptions::default().expected_revision(ExpectedRevision::NoStream);
        if let Some(keeper) = self.keeper.clone() {
            options = options.authenticated(keeper);
        }
        let (client, event) = (self.client.clone(), metadata.to_event_data());
        let stream = format!("{METADATA_PREFIX}{stream}");
        let writing = async move { client.append_to_stream(stream, &options, event).await };
        self.within(patience, writing).await.map(|_| ())
    }

    /// Deletes a stream; its events are gone after the next scavenge, and its name can be used again.
    pub(crate) async fn delete(&self, stream: &str, patience: Duration) -> Result<(), Failure> {
        let options = self.signed_in(
            DeleteStreamOptions::default().expected_revision(ExpectedRevision::StreamExists),
            |options, credentials| options.authenticated(credentials),
        );
        let (client, stream) = (self.client.clone(), stream.to_owned());
        let deleting = async move { client.delete_stream(stream, &options).await };
        self.within(patience, deleting).await.map(|_| ())
    }

    /// Whether so much went wrong that a new connection should be made.
    pub(crate) fn is_broken(&self) -> bool {
        self.lost_sessions.load(std::sync::atomic::Ordering::Relaxed) >= LOST_SESSIONS_MAX
    }

    async fn session(&self, lane: usize) -> Result<Arc<BatchAppendClient>, Failure> {
        if let Some(session) = locked(&self.sessions[lane]).clone() {
            return Ok(session);
        }
        let client = self.client.clone();
        let options = self.signed_in(BatchAppendOptions::default(), |options, credentials| {
            options.authenticated(credentials)
        });
        let opened = self.isolated.run(async move { client.batch_append(&options).await });
        let session = Arc::new(opened.await.map_err(ended)??);
        let mut place = locked(&self.sessions[lane]);
        Ok(place.get_or_insert(session).clone())
    }

    fn drop_session(&self, lane: usize, session: &Arc<BatchAppendClient>, was_lost: bool) {
        let mut place = locked(&self.sessions[lane]);
        // The first of many appends that were lost with it comes here in time.
        if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            *place = None;
            if was_lost {
                self.lost_sessions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    /// Up to `limit` events of a stream, forwards from a revision.
    pub(crate) async fn read_forwards(
        &self,
        stream: &str,
        from: u64,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options = ReadStreamOptions::default().position(StreamPosition::Position(from));
        self.read_stream(stream, options.forwards().max_count(limit), patience).await
    }

    /// The last event of a stream.
    pub(crate) async fn read_last(
        &self,
        stream: &str,
        patience: Duration,
    ) -> Result<Option<RecordedEvent>, Failure> {
        let options = ReadStreamOptions::default().position(StreamPosition::End).max_count(1);
        Ok(self.read_stream(stream, options, patience).await?.pop())
    }

    /// A stream that does not exist has no events.
    async fn read_stream(
        &self,
        stream: &str,
        options: ReadStreamOptions,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options =
            self.signed_in(options, |options, credentials| options.authenticated(credentials));
        let (client, stream) = (self.client.clone(), stream.to_owned());
        let reading = async move {
            let mut events = Vec::new();
            let mut answer = client.read_stream(stream, &options).await?;
            while let Some(event) = answer.next().await? {
                events.extend(original(event));
            }
            Ok(events)
        };
        match self.within(patience, reading).await {
            Err(Failure::Missing) => Ok(Vec::new()),
            outcome => outcome,
        }
    }

    /// The place of the newest event of the whole server.
    pub(crate) async fn head(&self, patience: Duration) -> Result<Option<Place>, Failure> {
        let options = ReadAllOptions::default().position(StreamPosition::End).max_count(1);
        let newest = self.read_all(options, patience).await?;
        Ok(newest.first().map(Place::of))
    }

    /// Up to `limit` events of the whole server, from a place on, that included; `None`: from its
    /// beginning.
    pub(crate) async fn read_all_from(
        &self,
        from: Option<Place>,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let from = match from {
            Some(place) => StreamPosition::Position(place.into()),
            None => StreamPosition::Start,
        };
        let options = ReadAllOptions::default().position(from).forwards().max_count(limit);
        self.read_all(options, patience).await
    }

    async fn read_all(
        &self,
        options: ReadAllOptions,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options =
            self.signed_in(options, |options, credentials| options.authenticated(credentials));
        let client = self.client.clone();
        let reading = async move {
            let mut events = Vec::new();
            let mut answer = client.read_all(&options).await?;
            while let Some(event) = answer.next().await? {
                events.extend(original(event));
            }
            Ok(events)
        };
        self.within(patience, reading).await
    }

    async fn within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = eventstore::Result<T>> + Send + 'static,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(patience, self.isolated.run(work)).await {
            Ok(outcome) => Ok(outcome.map_err(ended)??),
            Err(_) => Err(Failure::unknown("the server did not answer in time")),
        }
    }

    fn signed_in<O>(&self, options: O, sign: impl FnOnce(O, Credentials) -> O) -> O {
        match self.credentials.clone() {
            Some(credentials) => sign(options, credentials),
            None => options,
        }
    }
}

/// Makes a client on a runtime of its own.
pub(crate) async fn connect(isolated: &Isolated, address: &Address) -> Result<Client, Failure> {
    let (settings, handle) = (address.settings(), isolated.handle().clone());
    let making = async move { Client::with_runtime_handle(handle, settings) };
    Ok(isolated.run(making).await.map_err(ended)??)
}

pub(crate) fn original(event: ResolvedEvent) -> Option<RecordedEvent> {
    event.link.or(event.event)
}

pub(crate) fn ended(_: Ended) -> Failure {
    Failure::Unknown { reason: "the connection ended".into(), client_is_dead: true }
}

fn lane_of(stream: &str) -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    stream.hash(&mut hasher);
    hasher.finish() as usize % SESSIONS
}

/// What these locks guard is whole whenever they are let go.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
