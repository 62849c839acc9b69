//! Whose work is done next: only so much is under way at once, and the rest waits in a fair queue.
//!
//! Behind a turn come queues that are not fair (threads, keys, the log), so little may be in them.
//! Questions and recording have turns of their own. While recording is pressed fewer questions run:
//! what is not recorded in time is lost to its sender, and whoever reads can come again. Waiting is bounded in number, for all and for each tenant, and in
//! time; whoever waits no longer leaves the queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_domain::TenantId;
use annals_domain::limits::RequestLimits;
use tokio::sync::oneshot;

use crate::fair_queue::FairQueue;
use crate::queries::QueryError;
use crate::waiting::Waiting;

/// Events whose recording is under way, for each processor: enough to keep it busy, and done in
/// less than a tenth of a second.
const EVENTS_PER_PROCESSOR: usize = 512;
/// Events that a tenant may have recorded at its turn.
const TURN_EVENTS: u64 = 64;

/// Gives out turns; cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    recording: Arc<Waiting>,
    bounds: Bounds,
}

/// How much runs, and how much waits.
struct Bounds {
    /// What the work is, for metrics.
    work: &'static str,
    /// Cost of what runs at once, but for the last one, and while recording is pressed.
    running_max: usize,
    pressed_max: usize,
    waiting_max: usize,
    patience: Duration,
}

struct State {
    /// Cost of what runs.
    running: usize,
    queue: FairQueue<TenantId, Waiter>,
    next: u64,
}

struct Waiter {
    number: u64,
    cost: usize,
    wake: oneshot::Sender<Turn>,
}

/// The turn of somebody; it ends when this is dropped.
pub struct Turn {
    shared: Arc<Shared>,
    cost: usize,
}

/// Too many wait, or this one waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoTurn;

impl From<NoTurn> for QueryError {
    fn from(_: NoTurn) -> Self {
        Self::Busy
    }
}

/// Somebody in the queue, who leaves it when this is dropped.
struct Place<'a> {
    shared: &'a Shared,
    tenant: &'a TenantId,
    number: u64,
}

impl Turns {
    /// Turns of questions.
    pub(crate) fn of_questions(limits: &RequestLimits, recording: Arc<Waiting>) -> Self {
        let bounds = Bounds {
            work: "questions",
            running_max: 2 * processors().max(2),
            pressed_max: processors().div_ceil(2),
            waiting_max: limits.questions_waiting_max,
            patience: Duration::from_millis(limits.questions_wait_ms_max),
        };
        Self::new(bounds, 1, recording)
    }

    /// Turns of recording; what waits holds permits, so it is bounded by these.
    pub(crate) fn of_recording(limits: &RequestLimits, recording: Arc<Waiting>) -> Self {
        let events = processors() * EVENTS_PER_PROCESSOR;
        let bounds = Bounds {
            work: "recording",
            running_max: events,
            pressed_max: events,
            waiting_max: limits.in_flight_events_max,
            patience: Duration::from_secs(limits.body_seconds_max),
        };
        Self::new(bounds, TURN_EVENTS, recording)
    }

    fn new(bounds: Bounds, quantum: u64, recording: Arc<Waiting>) -> Self {
        let state = State { running: 0, queue: FairQueue::new(quantum), next: 0 };
        Self(Arc::new(Shared { state: Mutex::new(state), recording, bounds }))
    }

    /// Waits for a turn to do work of this cost.
    pub(crate) async fn take(&self, tenant: &TenantId, cost: usize) -> Result<Turn, NoTurn> {
        let shared = &self.0;
        let bounds = &shared.bounds;
        let (place, woken) = {
            let running_max = shared.running_max();
            let mut state = shared.locked();
            if state.queue.is_empty() && state.running < running_max {
                state.running += cost;
                return Ok(Turn { shared: Arc::clone(shared), cost });
            }
            let waiting = (state.queue.len(), state.queue.len_of(tenant));
            // One tenant alone may not fill the queue.
            if waiting.0 >= bounds.waiting_max || waiting.1 >= bounds.waiting_max.div_ceil(2) {
                return bounds.refuse("too_many_waiting");
            }
            let (wake, woken) = oneshot::channel();
            let number = state.next;
            state.next += 1;
            state.queue.push(tenant.clone(), cost as u64, Waiter { number, cost, wake });
            (Place { shared, tenant, number }, woken)
        };
        let turn = tokio::time::timeout(bounds.patience, woken).await;
        drop(place);
        match turn {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => bounds.refuse("waited_too_long"),
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.locked().queue.len()
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

impl Bounds {
    fn refuse(&self, reason: &'static str) -> Result<Turn, NoTurn> {
        metrics::counter!(
            "annals_turns_refused_total", "work" => self.work, "reason" => reason
        )
        .increment(1);
        Err(NoTurn)
    }
}

impl Shared {
    fn running_max(&self) -> usize {
        match self.recording.is_pressed(Instant::now()) {
            true => self.bounds.pressed_max,
            false => self.bounds.running_max,
        }
    }

    /// A turn has ended: whoever is next gets theirs.
    fn end_turn(self: &Arc<Self>, cost: usize) {
        let running_max = self.running_max();
        let mut gone = Vec::new();
        let mut state = self.locked();
        state.running -= cost;
        while state.running < running_max {
            let Some(Waiter { cost, wake, .. }) = state.queue.pop() else { break };
            state.running += cost;
            // Whoever left at this moment gives the turn back, which needs the lock that is held.
            gone.extend(wake.send(Turn { shared: Arc::clone(self), cost }).err());
        }
        drop(state);
        drop(gone);
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.end_turn(self.cost);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let left = self.shared.locked().queue.remove(self.tenant, |it| it.number == self.number);
        drop(left);
    }
}

#[cfg(test)]
mod tests;
