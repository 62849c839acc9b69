//! Follows the log and fills the feed.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::{EventLog, Follower, LogEntry, LogError};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Feed, READ_MAX};
use crate::opening::{Opener, ReadError};
use crate::reading::{open_whole, report_damaged};

/// How long one turn waits for news before the actor looks at its mailbox again.
const TURN: Duration = Duration::from_millis(500);
/// How long it rests after a failure before the log is read again.
const REST: Duration = Duration::from_secs(1);

/// Follows the log and fills the feed.
pub(crate) struct FeedActor {
    pub(crate) feed: Arc<Feed>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) opener: Opener,
    pub(crate) stopping: CancellationToken,
}

pub(crate) struct State {
    follower: Box<dyn Follower>,
    /// How many entries are asked for: fewer, while a damaged one lies ahead.
    limit: usize,
}

/// Sent by the feed to itself, once a turn.
pub(crate) struct Turn;

impl Actor for FeedActor {
    type Msg = Turn;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Turn>, (): ()) -> Result<State, ActorProcessingErr> {
        myself.cast(Turn)?;
        // After a restart it goes on where the feed ended.
        Ok(self.following_from(self.feed.head()))
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let news = tokio::select! {
            // Nothing is said to itself any more: this was the last turn.
            () = self.stopping.cancelled() => return Ok(()),
            news = tokio::time::timeout(TURN, state.follower.next(state.limit)) => news,
        };
        let outcome = match news {
            // Nothing is new.
            Err(_) => Ok(()),
            Ok(Ok(entries)) => {
                state.limit = (2 * state.limit).min(READ_MAX);
                self.publish(entries).await
            }
            Ok(Err(LogError::Corrupt { .. })) if state.limit > 1 => {
                // What lies before the damaged entry comes first.
                state.limit /= 2;
                Ok(())
            }
            Ok(Err(damaged @ LogError::Corrupt { position, .. })) => {
                self.pass_over(position, damaged, state);
                Ok(())
            }
            Ok(Err(error)) => Err(error.into()),
        };
        if let Err(error) = outcome {
            self.meet(error, state).await?;
        }
        myself.cast(Turn)?;
        Ok(())
    }
}

impl FeedActor {
    fn following_from(&self, after: Position) -> State {
        State { follower: self.log.follow(after), limit: READ_MAX }
    }

    async fn publish(&self, entries: Vec<LogEntry>) -> Result<(), ReadError> {
        let Some(last) = entries.last() else { return Ok(()) };
        let head = last.position;
        self.feed.publish(open_whole(&self.opener, entries).await?, head);
        Ok(())
    }

    fn pass_over(&self, position: Position, damaged: LogError, state: &mut State) {
        report_damaged(&ReadError::Log(damaged));
        let end = position.max(self.feed.head());
        self.feed.publish(Vec::new(), end);
        *state = self.following_from(end);
    }

    /// A log that cannot be reached is waited for; anything else is a failure of this actor.
    async fn meet(&self, error: ReadError, state: &mut State) -> Result<(), ActorProcessingErr> {
        tokio::time::sleep(REST).await;
        if !error.may_pass() {
            return Err(error.into());
        }
        warn!(error = &error as &dyn std::error::Error, "waiting for the event log");
        *state = self.following_from(self.feed.head());
        Ok(())
    }
}
