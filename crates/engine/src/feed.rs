//! The newest events, opened once and kept in memory for everyone who follows the log.
//!
//! One task follows the log and puts what comes into a ring of bounded size. Projections, live
//! readers and search take it from there. Whoever falls behind the ring reads the log itself, from
//! their own position: nothing is lost, nothing is sampled, and no queue grows.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use annals_domain::{Position, Recorded};
use annals_ports::{EventLog, Follower};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::watch;
use tracing::error;

use crate::opening::{Opener, ReadError, read_after};

/// How many entries are read from the log at once.
const READ_MAX: usize = 1024;
/// How long one turn of the feed waits for news before it looks at its mailbox again.
const TURN: Duration = Duration::from_millis(500);

/// The newest events of the log.
pub(crate) struct Feed {
    ring: RwLock<Ring>,
    head: watch::Sender<Position>,
    events_max: usize,
}

/// Events in chunks, so that a reader takes hold of many at the price of one.
struct Ring {
    chunks: VecDeque<Arc<[Recorded]>>,
    events: usize,
    /// The ring holds every event after this position, up to the head.
    after: Position,
}

/// What the ring has after some position.
pub(crate) enum Recent {
    /// These events, up to the head; none when there is nothing new.
    Events(Vec<Arc<[Recorded]>>),
    /// The ring begins later.
    Behind,
}

impl Feed {
    /// A feed that begins at the head of the log.
    pub(crate) fn starting_at(head: Position, events_max: usize) -> Self {
        let ring = Ring { chunks: VecDeque::new(), events: 0, after: head };
        Self { ring: RwLock::new(ring), head: watch::Sender::new(head), events_max }
    }

    /// Newest position in the feed.
    pub(crate) fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Tells of every new head.
    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    /// The events after a position, in chunks; the first chunk may begin earlier.
    pub(crate) fn recent(&self, after: Position) -> Recent {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if after < ring.after {
            return Recent::Behind;
        }
        let newer = |chunk: &&Arc<[Recorded]>| chunk.last().is_some_and(|e| e.position > after);
        let mut chunks: Vec<_> = ring.chunks.iter().rev().take_while(newer).cloned().collect();
        chunks.reverse();
        Recent::Events(chunks)
    }

    fn publish(&self, chunk: Vec<Recorded>, head: Position) {
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            if !chunk.is_empty() {
                ring.events += chunk.len();
                ring.chunks.push_back(chunk.into());
            }
            while ring.events > self.events_max && ring.chunks.len() > 1 {
                let Some(oldest) = ring.chunks.pop_front() else { break };
                ring.events -= oldest.len();
                ring.after = oldest.last().map_or(ring.after, |event| event.position);
            }
        }
        self.head.send_replace(head);
    }
}

/// A damaged record is passed over by all projections alike; `annals verify` names it too.
pub(crate) fn report_damaged(error: &ReadError) {
    metrics::counter!("annals_damaged_records_total").increment(1);
    error!(error = error as &dyn std::error::Error, "a damaged record is passed over");
}

/// Follows the log from one reader's own position.
pub struct FeedReader {
    feed: Arc<Feed>,
    log: Arc<dyn EventLog>,
    opener: Opener,
    position: Position,
    news: watch::Receiver<Position>,
}

impl FeedReader {
    pub(crate) fn new(
        feed: Arc<Feed>,
        log: Arc<dyn EventLog>,
        opener: Opener,
        after: Position,
    ) -> Self {
        let news = feed.watch();
        Self { feed, log, opener, position: after, news }
    }

    /// Where this reader is: everything up to here was returned.
    pub fn position(&self) -> Position {
        self.position
    }

    /// How many positions lie between this reader and the head.
    pub fn backlog(&self) -> u64 {
        self.feed.head().0.saturating_sub(self.position.0)
    }

    /// Waits for further events and returns up to `limit` of them. Dropping the future loses none.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        loop {
            self.news.borrow_and_update();
            let events = match self.feed.recent(self.position) {
                Recent::Events(chunks) => take(&chunks, self.position, limit),
                Recent::Behind => {
                    let limit = limit.min(READ_MAX);
                    read_after(&*self.log, &self.opener, self.position, limit).await?
                }
            };
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
            // The feed lives as long as its readers, so this cannot fail.
            let _ = self.news.changed().await;
        }
    }
}

fn take(chunks: &[Arc<[Recorded]>], after: Position, limit: usize) -> Vec<Recorded> {
    let events = chunks.iter().flat_map(|chunk| chunk.iter());
    events.filter(|event| event.position > after).take(limit).cloned().collect()
}

/// Follows the log and fills the feed.
pub(crate) struct FeedActor {
    pub(crate) feed: Arc<Feed>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) opener: Opener,
}

pub(crate) struct State {
    follower: Box<dyn Follower>,
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
        Ok(State { follower: self.log.follow(self.feed.head()) })
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Ok(entries) = tokio::time::timeout(TURN, state.follower.next(READ_MAX)).await {
            let entries = entries?;
            let head = entries.last().map_or(self.feed.head(), |entry| entry.position);
            let mut events = Vec::with_capacity(entries.len());
            for result in self.opener.open(entries).await? {
                match result {
                    Ok(recorded) => events.push(recorded),
                    Err(error) => report_damaged(&error),
                }
            }
            self.feed.publish(events, head);
        }
        myself.cast(Turn)?;
        Ok(())
    }
}
