//! Restarting actors, and reaching them across restarts.

use std::collections::VecDeque;
use std::time::Duration;

use ractor::rpc::CallResult;
use ractor::{ActorRef, Message, RpcReplyPort};
use tokio::sync::watch;
use tokio::time::Instant;

/// Where an actor is to be reached; stays valid when the actor is restarted.
pub(crate) struct Address<M>(watch::Receiver<ActorRef<M>>);

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Message> Address<M> {
    pub(crate) fn of(sender: &watch::Sender<ActorRef<M>>) -> Self {
        Self(sender.subscribe())
    }

    /// Sends a request and waits for its reply; `None` when the actor stopped before replying.
    pub(crate) fn ask<R: Send + 'static>(
        &self,
        request: impl FnOnce(RpcReplyPort<R>) -> M + Send,
    ) -> impl Future<Output = Option<R>> + Send {
        let actor = self.0.borrow().clone();
        async move {
            match actor.call(request, None).await {
                Ok(CallResult::Success(reply)) => Some(reply),
                _ => None,
            }
        }
    }
}

/// Counts restarts, so that a fault which restarting does not cure ends the process.
pub(crate) struct RestartBudget {
    restarts: VecDeque<Instant>,
    max: usize,
    within: Duration,
}

impl RestartBudget {
    pub(crate) fn new(max: usize, within: Duration) -> Self {
        Self { restarts: VecDeque::new(), max, within }
    }

    /// Takes one restart from the budget, or says that it is spent.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.restarts.retain(|at| now.duration_since(*at) < self.within);
        self.restarts.push_back(now);
        self.restarts.len() <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_spent_by_one_restart_too_many_and_fills_up_with_time() {
        let start = Instant::now();
        let mut budget = RestartBudget::new(2, Duration::from_secs(10));
        assert!(budget.take(start));
        assert!(budget.take(start + Duration::from_secs(1)));
        assert!(!budget.take(start + Duration::from_secs(2)));
        assert!(budget.take(start + Duration::from_secs(30)));
    }
}
