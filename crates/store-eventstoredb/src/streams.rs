//! Reading and appending single streams, with the patience that a remote server asks for.

use std::sync::Arc;
use std::time::Duration;

use eventstore::{ExpectedRevision, RecordedEvent};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::connection::{Connection, jittered};
use crate::failure::Failure;
use crate::generation::Lane;
use crate::names::Names;
use crate::settings::Settings;
use crate::wire::{Place, Proposed, Written};

/// The first pause before an append is sent again; each further one is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Appends to streams and reads them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Streams {
    names: Names,
    connection: Arc<Connection>,
    settings: Settings,
    appends: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl Streams {
    pub(crate) fn new(connection: Arc<Connection>, settings: Settings) -> Self {
        let appends = settings.in_flight_appends_max.clamp(1, Semaphore::MAX_PERMITS);
        let bytes = settings.in_flight_bytes_max.clamp(1, u32::MAX as usize);
        Self {
            connection,
            appends: Arc::new(Semaphore::new(appends)),
            bytes: Arc::new(Semaphore::new(bytes)),
            names: Names::new(&settings.namespace),
            settings,
        }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Appends events in one step. A lost answer is asked for again with the same events and the same
    /// expectation, which the server recognises: it answers as it did the first time.
    ///
    /// `expected` must name a revision, or that there is no stream: only then is an append that is
    /// sent again recognised for ever (with `Any` the server remembers a few MiB of ids).
    pub(crate) async fn append(
        &self,
        stream: &str,
        expected: ExpectedRevision,
        events: &[Proposed],
    ) -> Result<Written, Failure> {
        let deadline = Instant::now() + self.settings.append_patience;
        self.append_in(Lane::Aside, deadline, stream, expected, events).await
    }

    /// The same in a given lane, and no attempt is begun after a deadline.
    pub(crate) async fn append_in(
        &self,
        lane: Lane,
        deadline: Instant,
        stream: &str,
        expected: ExpectedRevision,
        events: &[Proposed],
    ) -> Result<Written, Failure> {
        debug_assert!(
            matches!(expected, ExpectedRevision::NoStream | ExpectedRevision::Exact(_)),
            "an append without an expectation may be stored twice"
        );
        let bytes: usize = events.iter().map(Proposed::len).sum();
        let bytes = bytes.clamp(1, self.settings.in_flight_bytes_max.clamp(1, u32::MAX as usize));
        let room = async {
            let append = self.appends.acquire().await;
            (append, self.bytes.acquire_many(bytes as u32).await)
        };
        let _room = tokio::time::timeout_at(deadline, room)
            .await
            .map_err(|_| Failure::unknown("too many appends wait for the server"))?;
        let mut pause = RETRY_PAUSE;
        loop {
            let generation = self.connection.generation(deadline).await?;
            let patience = self.settings.attempt_patience;
            let failure = match generation.append(lane, stream, expected, events, patience).await {
                Ok(written) => return Ok(written),
                Err(failure) => failure,
            };
            self.connection.report(&generation, &failure);
            if !failure.may_pass() || Instant::now() + pause >= deadline {
                return Err(failure);
            }
            metrics::counter!("annals_log_append_retries_total").increment(1);
            tokio::time::sleep(jittered(pause)).await;
            pause = (2 * pause).min(RETRY_PAUSE_MAX);
        }
    }

    /// Up to `limit` events of a stream from a revision on; none when there is no such stream.
    pub(crate) async fn read_forwards(
        &self,
        stream: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let patience = self.settings.read_patience;
        let stream: Arc<str> = stream.into();
        self.repeating(async move |generation| {
            generation.read_forwards(&stream, from, limit, patience).await
        })
        .await
    }

    /// The last event of a stream.
    pub(crate) async fn read_last(&self, stream: &str) -> Result<Option<RecordedEvent>, Failure> {
        let patience = self.settings.read_patience;
        let stream: Arc<str> = stream.into();
        self.repeating(async move |generation| generation.read_last(&stream, patience).await).await
    }

    /// Up to `limit` events of the whole server, from a place on, that included; `None`: from its beginning.
    pub(crate) async fn read_all_from(
        &self,
        from: Option<Place>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let patience = self.settings.read_patience;
        self.repeating(async move |generation| {
            generation.read_all_from(from, limit, patience).await
        })
        .await
    }

    /// Writes the metadata of a stream. `expected` names a revision or that there is none, so that a write
    /// that is sent again happens once.
    pub(crate) async fn write_metadata(
        &self,
        stream: &str,
        expected: ExpectedRevision,
        metadata: &Proposed,
    ) -> Result<(), Failure> {
        let patience = self.settings.attempt_patience;
        let (stream, metadata): (Arc<str>, _) = (stream.into(), metadata.clone());
        self.repeating(async move |generation| {
            generation.write_metadata(&stream, expected, &metadata, patience).await
        })
        .await
    }

    /// Starts a scavenge of the server node that this one is connected to.
    pub(crate) async fn scavenge(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.settings.append_patience;
        let generation = self.connection.generation(deadline).await?;
        generation.scavenge(self.settings.attempt_patience).await
    }

    /// Does what can be done again, and does it once more on a new connection if the first has gone.
    async fn repeating<T>(
        &self,
        work: impl AsyncFn(Arc<crate::generation::Generation>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + self.settings.append_patience;
        let mut pause = RETRY_PAUSE;
        loop {
            let generation = self.connection.generation(deadline).await?;
            let failure = match work(Arc::clone(&generation)).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if failure.may_pass() {
                // Reads are few and mostly answered: one that is not tells enough.
                self.connection.replace(&generation, &failure);
            }
            if !failure.may_pass() || Instant::now() + pause >= deadline {
                return Err(failure);
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (2 * pause).min(RETRY_PAUSE_MAX);
        }
    }
}
