//! One connection to the server, from its making to its end.
//!
//! The client library does not recover from everything: a client is dead for good after a failed
//! reconnect, and it stays with a leader that has gone. So a connection is made anew rather than
//! mended; what was made at once lives and ends together.

mod reading;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eventstore::operations::{self, OperationalOptions};
use eventstore::{
    AppendToStreamOptions, BatchAppendClient, BatchAppendOptions, Client, Credentials,
    DeleteStreamOptions, EventData, ExpectedRevision, RecordedEvent, ResolvedEvent,
};
use tokio::time::Instant;

use crate::address::Address;
use crate::failure::Failure;
use crate::isolation::{Ended, Isolated, quietly};
use crate::names::METADATA_PREFIX;
use crate::sockets::OpenSockets;
use crate::wire::{Proposed, Written};

/// Batch-append sessions beside each other. One that ends takes all its open appends along, so what is
/// likely to be refused has sessions of its own: the last two.
const SESSIONS: usize = RECORD_SESSIONS + 2;
/// Those for records.
const RECORD_SESSIONS: usize = 2;
/// Sessions that ended without an answer in between, before the whole connection counts as broken.
const LOST_SESSIONS_MAX: u32 = 2;
/// Sessions that were given up unanswered, before the whole connection counts as broken: the library
/// leaves each of them open, and a server takes some hundred calls on a connection.
const UNANSWERED_SESSIONS_MAX: u32 = 20;

/// What an append is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Records of the log.
    Records,
    /// Records of a stream that another node writes to as well.
    Contended,
    /// Keys and registers, on which nodes collide.
    Aside,
}

/// One client with its runtime and its sessions.
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) version: String,
    isolated: Isolated,
    client: Client,
    credentials: Option<Credentials>,
    keeper: Option<Credentials>,
    sessions: [Mutex<Option<Arc<BatchAppendClient>>>; SESSIONS],
    /// Held while a session is opened: one that nobody uses would stay open.
    opening: [tokio::sync::Mutex<()>; SESSIONS],
    lost_sessions: AtomicU32,
    unanswered_sessions: AtomicU32,
}

impl Generation {
    /// Connects, and finds out whether the server can do what is needed.
    pub(crate) async fn connect(number: u64, address: &Address) -> Result<Self, Failure> {
        let isolated = Isolated::start(&format!("annals-log-{number}"))
            .map_err(|error| Failure::unknown(format!("no thread for the connection: {error}")))?;
        let others = OpenSockets::now();
        let client = connect(&isolated, address).await?;
        let asked = client.clone();
        let info =
            isolated.run(async move { asked.server_info().await }).await.map_err(ended)??;
        others.hurry_later_ones();
        let generation = Self {
            number,
            version: info.version().to_string(),
            isolated,
            client,
            credentials: address.credentials(),
            keeper: address.keeper(),
            sessions: Default::default(),
            opening: Default::default(),
            lost_sessions: Default::default(),
            unanswered_sessions: Default::default(),
        };
        // A server without batch append says so here.
        generation.session(0).await?;
        Ok(generation)
    }

    /// Appends events to a stream in one step.
    pub(crate) async fn append(
        &self,
        lane: Lane,
        stream: &str,
        expected: ExpectedRevision,
        events: &[Proposed],
        patience: Duration,
    ) -> Result<Written, Failure> {
        let lane = lane_of(lane, stream);
        let deadline = Instant::now() + patience;
        // This takes no journey, unless the client is looking for another leader and finds none.
        let opening = tokio::time::timeout_at(deadline, self.session(lane)).await;
        let session = opening.map_err(|_| Failure::Unknown {
            reason: "no session could be opened in time".into(),
            client_is_dead: true,
        })??;
        let data: Vec<EventData> = events.iter().map(Proposed::to_event_data).collect();
        // The session's channels are awake on its own runtime; waiting for the answer is not bound
        // to it.
        let sending = quietly(session.append_to_stream(stream, expected, data));
        let outcome = match tokio::time::timeout_at(deadline, sending).await {
            Ok(Ok(result)) => Ok(Written::from(&result)),
            Ok(Err(error)) => Err(Failure::from(error)),
            Err(_) => {
                self.unanswered_sessions.fetch_add(1, Ordering::Relaxed);
                Err(Failure::unknown("the server did not answer in time"))
            }
        };
        match &outcome {
            Ok(_) => self.lost_sessions.store(0, Ordering::Relaxed),
            // The library ends a session with its first refused append.
            Err(failure) => self.drop_session(lane, &session, failure.may_pass()),
        }
        outcome
    }

    /// Writes the metadata of a stream, as the keeper: a session has one user, so this goes alone.
    pub(crate) async fn write_metadata(
        &self,
        stream: &str,
        expected: ExpectedRevision,
        metadata: &Proposed,
        patience: Duration,
    ) -> Result<(), Failure> {
        let mut options = AppendToStreamOptions::default().expected_revision(expected);
        if let Some(keeper) = self.keeper.clone() {
            options = options.authenticated(keeper);
        }
        let (client, event) = (self.client.clone(), metadata.to_event_data());
        let stream = format!("{METADATA_PREFIX}{stream}");
        let writing = async move { client.append_to_stream(stream, &options, event).await };
        self.within(patience, writing).await.map(|_| ())
    }

    /// Starts a scavenge of this node of the server, as the keeper. One that runs already is as good.
    pub(crate) async fn scavenge(&self, patience: Duration) -> Result<(), Failure> {
        let mut options = OperationalOptions::default();
        if let Some(keeper) = self.keeper.clone() {
            options = options.authenticated(keeper);
        }
        let operations = operations::Client::from(self.client.clone());
        let starting = async move { operations.start_scavenge(1, 0, &options).await };
        self.within(patience, starting).await.map(|_| ())
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
        self.lost_sessions.load(Ordering::Relaxed) >= LOST_SESSIONS_MAX
            || self.unanswered_sessions.load(Ordering::Relaxed) >= UNANSWERED_SESSIONS_MAX
    }

    async fn session(&self, lane: usize) -> Result<Arc<BatchAppendClient>, Failure> {
        if let Some(session) = locked(&self.sessions[lane]).clone() {
            return Ok(session);
        }
        let _turn = self.opening[lane].lock().await;
        if let Some(session) = locked(&self.sessions[lane]).clone() {
            return Ok(session);
        }
        let client = self.client.clone();
        let options = self.signed_in(BatchAppendOptions::default(), |options, credentials| {
            options.authenticated(credentials)
        });
        let opened = self.isolated.run(async move { client.batch_append(&options).await });
        let session = Arc::new(opened.await.map_err(ended)??);
        *locked(&self.sessions[lane]) = Some(Arc::clone(&session));
        Ok(session)
    }

    fn drop_session(&self, lane: usize, session: &Arc<BatchAppendClient>, was_lost: bool) {
        let mut place = locked(&self.sessions[lane]);
        // The first of many appends that were lost with it comes here in time.
        if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            *place = None;
            if was_lost {
                self.lost_sessions.fetch_add(1, Ordering::Relaxed);
            }
        }
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

/// Which session an append goes through.
fn lane_of(lane: Lane, stream: &str) -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    match lane {
        Lane::Contended => RECORD_SESSIONS,
        Lane::Aside => RECORD_SESSIONS + 1,
        Lane::Records => {
            let mut hasher = DefaultHasher::new();
            stream.hash(&mut hasher);
            hasher.finish() as usize % RECORD_SESSIONS
        }
    }
}

/// What these locks guard is whole whenever they are let go.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
