//! What comes of attempts: whether a message is tried again, and who is told.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use annals_domain::notification::{Outgoing, Route};
use annals_ports::outbox::{Attempt, AttemptOutcome, Pending};
use annals_ports::{DeliveryError, Handed};
use futures_util::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use tracing::{error, warn};

use super::{Posting, REST};
use crate::delivery::counting::DeliveryOutcome;
use crate::delivery::targets::Way;
use crate::delivery::{backoff, retrying};
use crate::projection::with_causes;

/// A carrier that has not answered by then has failed, whatever limits it has itself.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);
/// What is kept of a cause, characters.
const CAUSE_CHARS_MAX: usize = 300;
/// An endpoint that took nothing for so long when a message to it is given up is switched off.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) bucket: String,
    pub(super) pending: Pending,
    pub(super) at: Timestamp,
    pub(super) channel: String,
    pub(super) outcome: Result<Handed, DeliveryError>,
}

impl Posting {
    /// Writes down what came of an attempt, and of others that ended meanwhile; their lanes go on then.
    pub(super) async fn meet(&mut self, first: Ended) {
        let mut ended = vec![first];
        while let Some(Some(more)) = self.under_way.next().now_or_never() {
            ended.push(more);
        }
        let attempts: Vec<Attempt> = ended.iter().map(|one| self.judge(one)).collect();
        let written = attempts.clone();
        while !self.write(written.clone()).await {
            tokio::time::sleep(REST).await;
        }
        for (ended, attempt) in ended.iter().zip(attempts) {
            if self.is_dead(ended, &attempt).await
                && let Route::Endpoint { id } = ended.pending.message.route
            {
                let reason = "it took no message for three days".to_owned();
                self.outcomes.disable(&ended.pending.message.tenant, id, reason);
            }
            self.settle(ended, attempt);
        }
    }

    /// Whether a message was given up at an endpoint that took nothing since it was tried first, days ago.
    fn is_dead(
        &self,
        ended: &Ended,
        attempt: &Attempt,
    ) -> impl Future<Output = bool> + Send + use<> {
        let message = &ended.pending.message;
        let is_endpoint =
            matches!(message.route, Route::Endpoint { .. }) && !self.is_standing(message);
        let first = ended.pending.first_tried.filter(|first| {
            let gone = attempt.outcome == AttemptOutcome::GivenUp && is_endpoint;
            gone && attempt.at.duration_since(*first) >= DEAD_AFTER
        });
        let bucket = ended.bucket.clone();
        let asked =
            first.map(|first| self.blocking(move |outbox| outbox.took_since(&bucket, first)));
        async move {
            let Some(asked) = asked else { return false };
            match asked.await {
                Ok(took) => !took,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "it is not known whether an endpoint took anything; it stays on");
                    false
                }
            }
        }
    }

    /// Whether the attempts stand in the outbox.
    async fn write(&mut self, attempts: Vec<Attempt>) -> bool {
        match self.blocking(move |outbox| outbox.attempted(&attempts)).await {
            Ok(()) => true,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "what came of messages cannot be written down; trying again");
                false
            }
        }
    }

    fn judge(&self, ended: &Ended) -> Attempt {
        let Ended { pending, at, outcome, .. } = ended;
        let (message, tries) = (&pending.message, pending.tries + 1);
        let (message_id, at) = (message.id, *at);
        match outcome {
            Ok(Handed { code }) => {
                let outcome = AttemptOutcome::Delivered;
                Attempt { message: message_id, at, outcome, code: *code, cause: None }
            }
            Err(error) => {
                let pause = match self.is_standing(message) {
                    true if error.permanent || tries >= self.parts.attempts_max => None,
                    true => Some(backoff::rest(message.id, tries, error)),
                    false => retrying::pause(message, tries, error),
                };
                let again = |pause| {
                    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
                    self.watch.now().checked_add(pause).unwrap_or(Timestamp::MAX)
                };
                let outcome =
                    pause.map_or(AttemptOutcome::GivenUp, |it| AttemptOutcome::Again(again(it)));
                let cause = with_causes(error).chars().take(CAUSE_CHARS_MAX).collect();
                Attempt { message: message_id, at, outcome, code: None, cause: Some(cause) }
            }
        }
    }

    fn is_standing(&self, message: &Outgoing) -> bool {
        matches!(&message.route, Route::Endpoint { id } if self.parts.ways.is_standing(*id))
    }

    fn settle(&mut self, ended: &Ended, attempt: Attempt) {
        let Ended { bucket, pending, channel, .. } = ended;
        let message = &pending.message;
        let outcome = match attempt.outcome {
            AttemptOutcome::Delivered => {
                self.outcomes.delivered(&message.tenant, message.id);
                DeliveryOutcome::Delivered
            }
            AttemptOutcome::Again(_) => DeliveryOutcome::Failed,
            AttemptOutcome::GivenUp => {
                let cause = attempt.cause.unwrap_or_default();
                error!(
                    channel, delivery.id = %message.id, event.id = %message.event,
                    position = %message.position, cause, "a delivery was given up"
                );
                self.outcomes.failed(&message.tenant, message.id, cause);
                DeliveryOutcome::Parked
            }
        };
        outcome.count(channel);
        let bucket = self.buckets.entry(bucket.clone()).or_default();
        bucket.ended(&pending.lane, attempt.outcome);
    }
}

/// One attempt, which ends in time and fails even where the carrier panics.
pub(super) async fn attempt(way: &Way, message: &Outgoing) -> Result<Handed, DeliveryError> {
    let failure =
        |doing, source| DeliveryError { doing, permanent: false, retry_after: None, source };
    let attempt = AssertUnwindSafe(way.go(message)).catch_unwind();
    match timeout(ATTEMPT_MAX, attempt).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => {
            Err(failure("deliver", "the carrier panicked; see the operations log".into()))
        }
        Err(elapsed) => Err(failure("deliver in time", elapsed.into())),
    }
}
