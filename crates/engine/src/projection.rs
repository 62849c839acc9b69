//! What a projection is, and the actor that keeps one up to date.
//!
//! A projection keeps its position in the same commit as its data (DESIGN 1.3), so it is brought
//! up to date exactly once however often it is restarted.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_domain::{EventId, Position, Recorded};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::feed::{Feed, FeedReader};

/// How long one turn waits for news before the actor looks at its mailbox again.
const TURN: Duration = Duration::from_millis(500);
/// How long a projection that fails for a reason outside of the events rests before it tries again.
const REST: Duration = Duration::from_secs(1);
/// How many parked events are remembered for display; all are counted.
const PARKED_MAX: usize = 1000;

/// Something derived from the log that follows it. Blocking.
pub(crate) trait Projection: Send + Sync + 'static {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// Position up to which it is durable.
    fn position(&self) -> Result<Position, ProjectionError>;

    /// Takes the events in. They end at `end`; damaged records are left out before.
    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError>;

    /// Makes what was taken in durable and visible.
    fn commit(&self) -> Result<(), ProjectionError>;
}

/// A projection failed for a reason that may lie outside of the events.
pub(crate) type ProjectionError = Box<dyn std::error::Error + Send + Sync>;

/// An event that a projection could not take in.
#[derive(Debug, Clone)]
pub struct Parked {
    /// Which projection.
    pub projection: &'static str,
    /// Which event.
    pub event: EventId,
    /// Where it lies.
    pub position: Position,
    /// What went wrong.
    pub cause: String,
}

/// How far a projection has come, and what it had to leave aside.
pub struct Progress {
    name: &'static str,
    applied: watch::Sender<Position>,
    parked: Mutex<Vec<Parked>>,
}

impl Progress {
    pub(crate) fn new(name: &'static str, position: Position) -> Arc<Self> {
        let applied = watch::Sender::new(position);
        Arc::new(Self { name, applied, parked: Mutex::default() })
    }

    /// Which projection.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Position up to which it has come.
    pub fn position(&self) -> Position {
        *self.applied.borrow()
    }

    /// Tells of every step.
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.applied.subscribe()
    }

    /// Events that it could not take in. `annals rebuild` tries them again.
    pub fn parked(&self) -> Vec<Parked> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn park(&self, event: &Recorded, cause: String) {
        let (id, position) = (event.event.id, event.position);
        error!(projection = self.name, event.id = %id, %position, cause, "parked a poison event");
        metrics::counter!("annals_poison_events_total", "projection" => self.name).increment(1);
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if parked.len() < PARKED_MAX {
            parked.push(Parked { projection: self.name, event: id, position, cause });
        }
    }
}

/// Follows the feed and keeps one projection up to date.
pub(crate) struct Projector {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) reader: Box<dyn Fn(Position) -> FeedReader + Send + Sync>,
    pub(crate) batch_events_max: usize,
    /// At least this long between two commits.
    pub(crate) commit_interval: Duration,
}

pub(crate) struct State {
    reader: FeedReader,
    committed: Instant,
    /// Taken in, but not yet committed.
    pending: bool,
}

pub(crate) enum Message {
    /// Sent by the projector to itself, once a turn.
    Turn,
}

impl Actor for Projector {
    type Msg = Message;
    type State = State;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        (): ()) -> Result<State, ActorProcessingErr> {
        let position = self.blocking(|projection| projection.position()).await?;
        self.progress.applied.send_replace(position);
        myself.cast(Message::Turn)?;
        Ok(State { reader: (self.reader)(position), committed: Instant::now(), pending: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        Message::Turn: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        self.turn(state).await?;
        myself.cast(Message::Turn)?;
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        self.commit(state).await
    }
}

impl Projector {
    async fn turn(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        let until_commit = (state.committed + self.commit_interval) - Instant::now();
        let patience = if state.pending { until_commit.min(TURN) } else { TURN };
        let news = tokio::time::timeout(patience, state.reader.next(self.batch_events_max)).await;
        if let Ok(events) = news {
            self.apply(Arc::new(events?), state.reader.position()).await?;
            state.pending = true;
        }
        if state.pending && state.committed.elapsed() >= self.commit_interval {
            self.commit(state).await?;
        }
        let lag = self.feed.head().0.saturating_sub(state.reader.position().0);
        metrics::gauge!("annals_projection_lag", "projection" => self.progress.name)
            .set(lag as f64);
        Ok(())
    }

    async fn commit(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        if !state.pending {
            return Ok(());
        }
        self.blocking(|projection| projection.commit()).await?;
        state.pending = false;
        state.committed = Instant::now();
        self.progress.applied.send_replace(state.reader.position());
        Ok(())
    }

    /// Takes the events in; when the whole batch fails, each on its own, so that one poison event
    /// cannot hold up the others.
    async fn apply(
        &self,
        events: Arc<Vec<Recorded>>,
        end: Position,
    ) -> Result<(), ActorProcessingErr> {
        let batch = Arc::clone(&events);
        let Err(cause) = self.attempt(move |p| p.apply(&batch, end)).await else { return Ok(()) };
        warn!(projection = self.progress.name, cause, "a batch failed; taking its events singly");
        let mut failed = 0;
        for index in 0..events.len() {
            let one = Arc::clone(&events);
            let at = events[index].position;
            let attempt = self.attempt(move |p| p.apply(&one[index..=index], at)).await;
            if let Err(cause) = attempt {
                failed += 1;
                // When the first ones all fail, the fault is not in the events.
                if failed == events.len().min(3) && failed == index + 1 {
                    tokio::time::sleep(REST).await;
                    return Err(format!("{}: {cause}", self.progress.name).into());
                }
                self.progress.park(&events[index], cause);
            }
        }
        Ok(())
    }

    async fn attempt(
        &self,
        step: impl FnOnce(&dyn Projection) -> Result<(), ProjectionError> + Send + 'static,
    ) -> Result<(), String> {
        let projection = Arc::clone(&self.projection);
        let outcome = tokio::task::spawn_blocking(move || {
            std::panic::catch_unwind(AssertUnwindSafe(|| step(&*projection)))
        });
        match outcome.await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(with_causes(&*error)),
            Ok(Err(_)) | Err(_) => Err("it panicked; see the operations log".into()),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        step: impl FnOnce(&dyn Projection) -> Result<T, ProjectionError> + Send + 'static,
    ) -> Result<T, ActorProcessingErr> {
        let projection = Arc::clone(&self.projection);
        tokio::task::spawn_blocking(move || step(&*projection)).await?
    }
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
