//! What a projection is, and how far one has come.
//!
//! A projection keeps its position in the same commit as its data (DESIGN 1.3), so it is brought
//! up to date exactly once however often it is restarted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_domain::{EventId, Position, Recorded};
use tokio::sync::watch;
use tracing::error;

/// How many parked events are remembered for display; all are counted.
const PARKED_MAX: usize = 1000;

/// Something derived from the log that follows it. Blocking.
pub(crate) trait Projection: Send + Sync + 'static {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// Forgets what was not committed; tells the position up to which it is durable.
    ///
    /// After a failure the events that follow this position come again: what was taken in before
    /// the failure may be lost, or be there twice.
    fn rewind(&self) -> Result<Position, ProjectionError>;

    /// Takes the events in. They end at `end`; damaged records are left out before.
    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError>;

    /// Makes what was taken in durable and visible.
    fn commit(&self) -> Result<(), ProjectionError>;

    /// Whether some of what it keeps was found damaged.
    fn is_damaged(&self) -> bool {
        false
    }

    /// Takes what is damaged out of the way, if there is anything. Answers whether there was: then it
    /// goes on from where [`Projection::rewind`] tells.
    fn set_damage_aside(&self) -> Result<bool, ProjectionError> {
        Ok(false)
    }

    /// Whether an event that it fails at may be left out. Where not, it goes on with none behind it.
    fn may_leave_out(&self) -> bool {
        true
    }

    /// More events than this are committed at once, however short the time since the last commit.
    fn uncommitted_max(&self) -> usize {
        16_384
    }
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
    /// Up to where it had come before it had to go back.
    lost: AtomicU64,
    parked: Mutex<Vec<Parked>>,
}

impl Progress {
    pub(crate) fn new(name: &'static str, position: Position) -> Arc<Self> {
        let applied = watch::Sender::new(position);
        Arc::new(Self { name, applied, lost: AtomicU64::new(0), parked: Mutex::default() })
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

    /// Waits until it has come to a position; false when that takes longer.
    pub async fn reaches(&self, position: Position, patience: Duration) -> bool {
        let mut applied = self.watch();
        let reached = applied.wait_for(|applied| *applied >= position);
        matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)))
    }

    /// Events that it could not take in. `annals rebuild` tries them again.
    pub fn parked(&self) -> Vec<Parked> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn advance(&self, position: Position) {
        self.applied.send_replace(position);
    }

    /// What was parked here is what was parked there: that took in the same events anew.
    pub(crate) fn adopt_parked(&self, other: &Self) {
        let adopted =
            other.parked().into_iter().map(|parked| Parked { projection: self.name, ..parked });
        *self.parked.lock().unwrap_or_else(PoisonError::into_inner) = adopted.collect();
    }

    /// It has lost what came after the position, and takes it in again.
    pub(crate) fn fall_back(&self, position: Position) {
        self.lost.fetch_max(self.position().0, Ordering::AcqRel);
        self.applied.send_replace(position);
    }

    /// Whether it lacks something that it had before.
    pub fn is_incomplete(&self) -> bool {
        self.position().0 < self.lost.load(Ordering::Acquire)
    }

    pub(crate) fn park(&self, event: &Recorded, cause: String) {
        let (id, position) = (event.event.id, event.position);
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        // After a restart it may come again.
        if parked.iter().any(|held| held.position == position) {
            return;
        }
        error!(projection = self.name, event.id = %id, %position, cause, "parked a poison event");
        metrics::counter!("annals_poison_events_total", "projection" => self.name).increment(1);
        if parked.len() < PARKED_MAX {
            parked.push(Parked { projection: self.name, event: id, position, cause });
        }
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
