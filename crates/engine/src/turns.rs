//! Whose question is worked on next: the threads are also needed to record events, so only so many
//! questions run at once, and the others wait in a fair queue.
//!
//! While recording is pressed fewer run: what is not recorded in time is lost to its sender, and
//! whoever reads can come again. Waiting is bounded in number, for all and for each tenant, and in
//! time; whoever waits no longer leaves the queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_domain::TenantId;
use annals_domain::limits::RequestLimits;
use tokio::sync::oneshot;

use crate::fair_queue::FairQueue;
use crate::queries::QueryError;
use crate::waiting::Waiting;

/// Gives out turns; cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    recording: Arc<Waiting>,
    /// How many run at once, and how many while recording is pressed.
    running_max: usize,
    pressed_max: usize,
    waiting_max: usize,
    patience: Duration,
}

struct State {
    running: usize,
    queue: FairQueue<TenantId, Waiter>,
    next: u64,
}

struct Waiter {
    number: u64,
    wake: oneshot::Sender<Turn>,
}

/// The turn of one question; it ends when this is dropped.
pub(crate) struct Turn(Arc<Shared>);

/// Too many questions wait, or this one waited for too long.
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
    pub(crate) fn new(limits: &RequestLimits, recording: Arc<Waiting>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let patience = Duration::from_millis(limits.questions_wait_ms_max);
        let running = (2 * processors.max(2), processors.div_ceil(2));
        Self::made(running, limits.questions_waiting_max, patience, recording)
    }

    fn made(
        (running_max, pressed_max): (usize, usize),
        waiting_max: usize,
        patience: Duration,
        recording: Arc<Waiting>,
    ) -> Self {
        let queue = FairQueue::new(1);
        let state = Mutex::new(State { running: 0, queue, next: 0 });
        Self(Arc::new(Shared { state, recording, running_max, pressed_max, waiting_max, patience }))
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, tenant: &TenantId) -> Result<Turn, NoTurn> {
        let shared = &self.0;
        let (place, woken) = {
            let running_max = shared.running_max();
            let mut state = shared.locked();
            if state.queue.is_empty() && state.running < running_max {
                state.running += 1;
                return Ok(Turn(Arc::clone(shared)));
            }
            let waiting = (state.queue.len(), state.queue.len_of(tenant));
            // One tenant alone may not fill the queue.
            if waiting.0 >= shared.waiting_max || waiting.1 >= shared.waiting_max.div_ceil(2) {
                return refuse("too_many_waiting");
            }
            let (wake, woken) = oneshot::channel();
            let number = state.next;
            state.next += 1;
            state.queue.push(tenant.clone(), 1, Waiter { number, wake });
            (Place { shared, tenant, number }, woken)
        };
        let turn = tokio::time::timeout(shared.patience, woken).await;
        drop(place);
        match turn {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => refuse("waited_too_long"),
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.locked().queue.len()
    }
}

fn refuse(reason: &'static str) -> Result<Turn, NoTurn> {
    metrics::counter!("annals_questions_refused_total", "reason" => reason).increment(1);
    Err(NoTurn)
}

impl Shared {
    fn running_max(&self) -> usize {
        match self.recording.is_pressed(Instant::now()) {
            true => self.pressed_max,
            false => self.running_max,
        }
    }

    /// A turn has ended: whoever is next gets theirs.
    fn end_turn(self: &Arc<Self>) {
        let running_max = self.running_max();
        let mut gone = Vec::new();
        let mut state = self.locked();
        state.running -= 1;
        while state.running < running_max {
            let Some(waiter) = state.queue.pop() else { break };
            state.running += 1;
            // Whoever left at this moment gives the turn back, which needs the lock that is held.
            gone.extend(waiter.wake.send(Turn(Arc::clone(self))).err());
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
        self.0.end_turn();
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
