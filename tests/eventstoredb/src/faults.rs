//! What a test makes a node do wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::gate::Gate;
use crate::refusal::Refusal;

/// What goes wrong with an append, unary or an item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendFault {
    /// It is refused for this reason, and nothing is written.
    Refuse(Refusal),
    /// It is written, and then said to have failed.
    CommitThenFail(Refusal),
    /// It is written, and never answered (`IdempotentNotReady` of the real server).
    CommitSilently,
    /// It is neither written nor answered.
    Swallow,
    /// It is written and answered when [`Faults::release_late_answers`] is called; later ones overtake.
    AnswerLate,
    /// It is written, and its answer comes twice (batches only).
    AnswerTwice,
    /// It is written, and an answer to a request nobody made precedes its own (batches only).
    AnswerStrayFirst,
    /// The whole session ends with `Unavailable` before it is written.
    BreakSession,
}

/// How a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// As if all had been said; clients are not prepared for that.
    Ok,
    /// With `Unavailable`.
    Unavailable,
    /// With `Aborted`.
    Aborted,
}

/// The faults of one node. All are off at first.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    appends: Mutex<VecDeque<AppendFault>>,
    refused_subscriptions: Mutex<VecDeque<SubscriptionEnd>>,
    ended: watch::Sender<Option<SubscriptionEnd>>,
    pause: Mutex<Duration>,
    late: watch::Sender<u64>,
    wire: Gate,
    subscriptions: Gate,
}

impl Faults {
    /// Lets the next so many appends go wrong. Calls add up, in order.
    pub fn next_appends(&self, count: usize, fault: AppendFault) {
        lock(&self.shared.appends).extend(std::iter::repeat_n(fault, count));
    }

    /// How many appends are still to go wrong.
    pub fn appends_left(&self) -> usize {
        lock(&self.shared.appends).len()
    }

    /// Sends all answers that were held back so far.
    pub fn release_late_answers(&self) {
        self.shared.late.send_modify(|round| *round += 1);
    }

    /// Ends all subscriptions that are open now.
    pub fn end_subscriptions(&self, how: SubscriptionEnd) {
        self.shared.ended.send_replace(Some(how));
    }

    /// Ends the next so many subscriptions as soon as they are confirmed.
    pub fn end_next_subscriptions(&self, count: usize, how: SubscriptionEnd) {
        lock(&self.shared.refused_subscriptions).extend(std::iter::repeat_n(how, count));
    }

    /// Sends nothing on subscriptions until [`Faults::resume_subscriptions`].
    pub fn stall_subscriptions(&self) {
        self.shared.subscriptions.set_open(false);
    }

    /// Ends [`Faults::stall_subscriptions`].
    pub fn resume_subscriptions(&self) {
        self.shared.subscriptions.set_open(true);
    }

    /// Waits so long before each event of a subscription; zero ends that.
    pub fn slow_subscriptions(&self, pause: Duration) {
        *lock(&self.shared.pause) = pause;
    }

    /// Accepts connections, but neither reads nor writes, until [`Faults::resume`]. Not even
    /// keep-alive pings are answered.
    pub fn stall(&self) {
        self.shared.wire.set_open(false);
    }

    /// Ends [`Faults::stall`].
    pub fn resume(&self) {
        self.shared.wire.set_open(true);
    }

    pub(crate) fn take_append(&self) -> Option<AppendFault> {
        lock(&self.shared.appends).pop_front()
    }

    pub(crate) fn take_subscription(&self) -> Option<SubscriptionEnd> {
        lock(&self.shared.refused_subscriptions).pop_front()
    }

    pub(crate) fn ended(&self) -> watch::Receiver<Option<SubscriptionEnd>> {
        self.shared.ended.subscribe()
    }

    pub(crate) fn pause(&self) -> Duration {
        *lock(&self.shared.pause)
    }

    pub(crate) fn wire(&self) -> &Gate {
        &self.shared.wire
    }

    pub(crate) fn subscriptions(&self) -> &Gate {
        &self.shared.subscriptions
    }

    /// Waits for the next [`Faults::release_late_answers`], counted from the call, not the poll.
    pub(crate) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut late = self.shared.late.subscribe();
        async move {
            let _ = late.changed().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
