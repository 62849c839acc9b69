//! Follows the feed and keeps one projection up to date.
//!
//! Events are taken in by batches and committed from time to time. After a failure the projector goes
//! back to what is durable and takes the same events again, with care: by halves, each with its own
//! commit, until the event at fault is found. That one is parked, and the others go on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::{Position, Recorded};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::feed::{Feed, FeedReader};
use crate::opening::ReadError;
use crate::projection::{Progress, Projection, ProjectionError, with_causes};

mod blame;
mod source;

use blame::{Blame, Failure, Findings, Stopped, lacks_space};
use source::Source;

/// How long one turn waits for news before the actor looks at its mailbox again.
const TURN: Duration = Duration::from_millis(500);
/// At least this long between two batches, so that events that come one by one are taken in
/// together. Searches find them in the feed meanwhile.
const PACE: Duration = Duration::from_millis(20);
/// How long a projection that fails for a reason outside of the events rests before it tries again.
const REST: Duration = Duration::from_secs(1);
/// How long an event that failed waits for its second look.
const SECOND_LOOK_AFTER: Duration = Duration::from_millis(250);
/// How long a projector that is stopped goes on taking in what is in the feed.
const CATCH_UP: Duration = Duration::from_secs(3);
/// At least this long between two commits of a projection that is far behind: what it takes in now is
/// not what people look for.
const FAR_BEHIND_COMMIT: Duration = Duration::from_secs(10);

/// Follows the feed and keeps one projection up to date.
pub(crate) struct Projector {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) reader: Box<dyn Fn(Position) -> FeedReader + Send + Sync>,
    pub(crate) batch_events_max: usize,
    /// At least this long between two commits.
    pub(crate) commit_interval: Duration,
    pub(crate) stopping: CancellationToken,
}

pub(crate) struct State {
    reader: Source,
    /// When the next batch may be taken.
    next_batch: Instant,
    committed: Instant,
    /// How many events were taken in, but not yet committed.
    pending: Option<usize>,
    /// Up to here events are taken in with care: among them something failed.
    careful_until: Position,
    /// The event that comes next failed before.
    second_look: bool,
}

/// Events, or nothing within the time.
type News = Result<Result<Vec<Recorded>, ReadError>, Elapsed>;

/// Sent by the projector to itself, once a turn.
pub(crate) struct Turn;

impl Actor for Projector {
    type Msg = Turn;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Turn>, (): ()) -> Result<State, ActorProcessingErr> {
        let state = self.begin().await?;
        myself.cast(Turn)?;
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        self.turn(state).await?;
        // Otherwise this was the last turn.
        if !self.stopping.is_cancelled() {
            myself.cast(Turn)?;
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<Turn>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let deadline = Instant::now() + CATCH_UP;
        while state.reader.position() < self.feed.head() && Instant::now() < deadline {
            let news = self.news(state, deadline - Instant::now()).await;
            self.take_news(news, state).await?;
        }
        self.commit(state).await
    }
}

impl State {
    /// Everything up to here was taken in, or cannot be.
    pub(crate) fn position(&self) -> Position {
        self.reader.position()
    }

    /// About how many events are still to be taken in.
    pub(crate) fn backlog(&self) -> u64 {
        self.reader.backlog()
    }

    /// The same from an earlier position.
    pub(crate) fn backlog_from(&self, position: Position) -> u64 {
        self.reader.backlog_from(position)
    }
}

impl Projector {
    /// Begins where the projection's durable state ends.
    pub(crate) async fn begin(&self) -> Result<State, ActorProcessingErr> {
        let position = self.rewind().await?;
        Ok(State {
            reader: Source::new((self.reader)(position), self.batch_events_max),
            next_batch: Instant::now(),
            committed: Instant::now(),
            pending: None,
            careful_until: Position::START,
            second_look: false,
        })
    }

    /// Takes in what comes next, or waits for it for a while.
    pub(crate) async fn turn(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        if self.projection.is_damaged() {
            self.mend(state).await?;
        }
        if state.reader.backlog() < self.batch_events_max as u64 {
            tokio::time::sleep_until(state.next_batch).await;
        }
        let commit_interval = match state.reader.is_far_behind() {
            true => self.commit_interval.max(FAR_BEHIND_COMMIT),
            false => self.commit_interval,
        };
        let until_commit = (state.committed + commit_interval) - Instant::now();
        let patience = if state.pending.is_some() { until_commit.min(TURN) } else { TURN };
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            news = self.news(state, patience) => self.take_news(news, state).await?,
        }
        let due = state.pending.is_some_and(|events| {
            events >= self.projection.uncommitted_max()
                || state.committed.elapsed() >= commit_interval
        });
        if due {
            self.commit(state).await?;
        }
        metrics::gauge!("annals_projection_lag", "projection" => self.progress.name())
            .set(state.reader.backlog() as f64);
        Ok(())
    }

    /// Waits for events; dropping the future loses none.
    async fn news(&self, state: &mut State, patience: Duration) -> News {
        tokio::time::timeout(patience, state.reader.next()).await
    }

    async fn take_news(&self, news: News, state: &mut State) -> Result<(), ActorProcessingErr> {
        match news {
            Err(_) => Ok(()),
            Ok(Ok(events)) => {
                state.next_batch = Instant::now() + PACE;
                self.take_in(events, state).await
            }
            Ok(Err(error)) => self.wait_for_log(error).await,
        }
    }

    /// A log that cannot be reached is waited for; anything else is a failure of this actor.
    async fn wait_for_log(&self, error: ReadError) -> Result<(), ActorProcessingErr> {
        tokio::time::sleep(REST).await;
        if !error.may_pass() {
            return Err(error.into());
        }
        let projection = self.progress.name();
        warn!(projection, error = &error as &dyn std::error::Error, "waiting for the event log");
        Ok(())
    }

    async fn take_in(
        &self,
        events: Vec<Recorded>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let (events, end) = (Arc::new(events), state.reader.position());
        if self.progress.position() < state.careful_until {
            return self.take_in_carefully(events, end, state).await;
        }
        let batch = Arc::clone(&events);
        match self.attempt(move |projection| projection.apply(&batch, end)).await {
            Ok(()) => {
                *state.pending.get_or_insert_default() += events.len();
                Ok(())
            }
            Err(cause) => self.begin_again(&cause, state).await,
        }
    }

    /// Makes what was taken in durable.
    pub(crate) async fn commit(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        if state.pending.is_none() {
            return Ok(());
        }
        match self.attempt(|projection| projection.commit()).await {
            Ok(()) => {
                self.committed(state);
                Ok(())
            }
            Err(cause) => self.begin_again(&cause, state).await,
        }
    }

    fn committed(&self, state: &mut State) {
        state.pending = None;
        state.committed = Instant::now();
        self.progress.advance(state.reader.position());
    }

    /// Goes back to what is durable. What came since is taken in again, with care.
    async fn begin_again(&self, cause: &str, state: &mut State) -> Result<(), ActorProcessingErr> {
        let projection = self.progress.name();
        warn!(projection, cause, "events could not be taken in; looking for the one at fault");
        state.careful_until = state.careful_until.max(state.reader.position());
        self.go_back(state).await
    }

    async fn go_back(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        let reader = (self.reader)(self.rewind().await?);
        state.reader = Source::new(reader, self.batch_events_max);
        state.pending = None;
        Ok(())
    }

    /// Sets aside what is damaged, and begins again where that leaves off.
    async fn mend(&self, state: &mut State) -> Result<(), ActorProcessingErr> {
        let projection = self.progress.name();
        let outcome = self.attempt(|projection| projection.set_damage_aside()).await;
        match &outcome {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            // Some may have gone, so it goes back all the same.
            Err(cause) => warn!(projection, cause, "damage could not be set aside; trying again"),
        }
        let whole = self.attempt(|projection| projection.rewind()).await?;
        self.progress.fall_back(whole);
        state.reader = Source::new((self.reader)(whole), self.batch_events_max);
        state.pending = None;
        state.second_look = false;
        state.careful_until = Position::START;
        if outcome.is_err() {
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }

    async fn take_in_carefully(
        &self,
        events: Arc<Vec<Recorded>>,
        end: Position,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if !self.projection.may_leave_out() {
            return self.take_in_whole(events, end, state).await;
        }
        let mut blame = Blame::new(events.len(), std::mem::take(&mut state.second_look));
        while let Some(range) = blame.next() {
            let batch = Arc::clone(&events);
            let tried = range.clone();
            let end = if range.end == events.len() { end } else { events[range.end - 1].position };
            let step = move |projection: &dyn Projection| {
                projection.apply(&batch[tried], end)?;
                projection.commit()
            };
            let outcome = self.attempt(step).await;
            if let Err(cause) = &outcome {
                self.rewind().await?;
                if lacks_space(cause) {
                    return self.wait_for_space(cause, state).await;
                }
            }
            blame.learn(range, outcome);
        }
        let Findings { poison, stopped } = blame.findings();
        for Failure { index, cause } in poison {
            self.progress.park(&events[index], cause);
        }
        let Some(stopped) = stopped else {
            self.committed(state);
            return Ok(());
        };
        let (rest, failure, elsewhere) = match stopped {
            Stopped::LookAgain(failure) => (SECOND_LOOK_AFTER, failure, false),
            Stopped::Unclear(failure) => (REST, failure, false),
            Stopped::Elsewhere(failure) => (REST, failure, true),
        };
        if let Some(last) = failure.index.checked_sub(1) {
            self.progress.advance(events[last].position);
        }
        tokio::time::sleep(rest).await;
        if elsewhere {
            return Err(format!("{}: {}", self.progress.name(), failure.cause).into());
        }
        let (projection, cause) = (self.progress.name(), failure.cause);
        warn!(
            projection,
            cause, "an event could not be taken in; trying again, with those behind it"
        );
        state.second_look = true;
        self.go_back(state).await
    }

    /// No event is at fault, also none that failed before: some of them may fit where others do not.
    async fn wait_for_space(
        &self,
        cause: &str,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        warn!(projection = self.progress.name(), cause, "there is no space; trying again");
        tokio::time::sleep(REST).await;
        self.go_back(state).await
    }

    /// Takes all events in, or none. Nothing outside of a projection that leaves nothing out can tell
    /// whose fault it is, so it is tried again until the restarts are used up.
    async fn take_in_whole(
        &self,
        events: Arc<Vec<Recorded>>,
        end: Position,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let step = move |projection: &dyn Projection| {
            projection.apply(&events, end)?;
            projection.commit()
        };
        match self.attempt(step).await {
            Ok(()) => {
                self.committed(state);
                Ok(())
            }
            Err(cause) => {
                tokio::time::sleep(REST).await;
                Err(format!("{}: {cause}", self.progress.name()).into())
            }
        }
    }

    /// Forgets what is not durable; returns the position up to which everything is.
    async fn rewind(&self) -> Result<Position, ActorProcessingErr> {
        let position = self.attempt(|projection| projection.rewind()).await?;
        // The projection's own position does not move past damaged and parked events.
        Ok(position.max(self.progress.position()))
    }

    /// Does something that may block, fail or panic.
    async fn attempt<T: Send + 'static>(
        &self,
        step: impl FnOnce(&dyn Projection) -> Result<T, ProjectionError> + Send + 'static,
    ) -> Result<T, String> {
        let projection = Arc::clone(&self.projection);
        let outcome = tokio::task::spawn_blocking(move || {
            std::panic::catch_unwind(AssertUnwindSafe(|| step(&*projection)))
        });
        match outcome.await {
            Ok(Ok(outcome)) => outcome.map_err(|error| with_causes(&*error)),
            Ok(Err(_)) | Err(_) => Err("it panicked; see the operations log".into()),
        }
    }
}
