//! Records what waits in the spool, in order, once the log is well again.
//!
//! Recording is idempotent by id, so what was recorded and not yet removed when the process died is
//! recorded once all the same. An event that can never be recorded goes to the quarantine and holds
//! nobody up.

mod round;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::TenantId;
use annals_ports::spool::{Lane, Waiting};
use annals_ports::{LocalStoreError, RefusalReason};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::round::{ATTEMPTS_MAX, Verdict, first_of_lanes, verdict};
use super::{Spooler, form};
use crate::quarantine::{RefusalFacts, RefusedEvent};
use crate::recording::Recorder;
use crate::sealing::Admitted;

/// Events recorded in one step at most.
const BATCH_MAX: usize = 256;
/// The pauses after steps that failed grow from the one to the other.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// What an event takes of the bytes under way while it is recorded.
const EVENT_BYTES: usize = 2048;

/// What a [`Drainer`] is made of, and is made of again after a failure.
#[derive(Clone)]
pub(crate) struct DrainerParts {
    pub(crate) spooler: Arc<Spooler>,
    pub(crate) recorder: Recorder,
    pub(crate) stopping: CancellationToken,
}

/// Records what waits.
pub(crate) struct Drainer(pub(crate) DrainerParts);

/// Sent by the drainer to itself: its work begins, and ends when it is stopped.
pub(crate) struct Begin;

impl Actor for Drainer {
    type Msg = Begin;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Begin>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Begin)?;
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Begin>,
        Begin: Begin,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let working = Draining { parts: &self.0, attempts: HashMap::new(), cautious: false };
        tokio::select! {
            () = self.0.stopping.cancelled() => {}
            () = working.run() => {}
        }
        Ok(())
    }
}

struct Draining<'a> {
    parts: &'a DrainerParts,
    /// How often events could not be recorded while others could, by number.
    attempts: HashMap<u64, u32>,
    /// After a failure events go one by one, so that none makes the others fail.
    cautious: bool,
}

/// An event that waits, opened.
struct Opened {
    waiting: Waiting,
    admitted: Admitted,
}

/// What came of a step.
#[derive(Default)]
struct Outcome {
    done: Vec<(u64, Lane)>,
    again: Vec<Waiting>,
    poison: Vec<Poison>,
}

/// An event that cannot be recorded.
struct Poison {
    waiting: Waiting,
    reason: RefusalReason,
    message: String,
    content: bytes::Bytes,
    sender: String,
}

impl Draining<'_> {
    async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            self.parts.spooler.lanes.is_used().await;
            let progress = match self.parts.spooler.is_log_well() {
                false => false,
                true => self.step().await.unwrap_or_else(|error| {
                    let error = &error as &dyn std::error::Error;
                    error!(error, "the spool cannot be read or written; trying again");
                    false
                }),
            };
            self.parts.spooler.tell_metrics();
            if progress {
                pause = PAUSE_MIN;
                if self.parts.spooler.waiting() == 0 {
                    info!("all events that waited in the spool are recorded");
                }
                continue;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Records the oldest events; says whether some of them wait no longer.
    async fn step(&mut self) -> Result<bool, LocalStoreError> {
        let spooler = Arc::clone(&self.parts.spooler);
        let _taking_out = spooler.taking_out.lock().await;
        let oldest = spooler.store.oldest(BATCH_MAX).await?;
        let oldest = if self.cautious { first_of_lanes(oldest) } else { oldest };
        let mut outcome = Outcome::default();
        let mut by_tenant: Vec<(TenantId, Vec<Opened>)> = Vec::new();
        for waiting in oldest {
            let key = spooler.keys.of(&waiting.tenant);
            match form::opened(&key, &waiting) {
                Ok(admitted) => {
                    let apart = self.cautious;
                    let group = by_tenant
                        .iter_mut()
                        .find(|(tenant, _)| !apart && *tenant == waiting.tenant);
                    let opened = Opened { waiting, admitted };
                    match group {
                        Some((_, group)) => group.push(opened),
                        None => by_tenant.push((opened.waiting.tenant.clone(), vec![opened])),
                    }
                }
                Err(error) => outcome.poison.push(Poison::damaged(waiting, &error)),
            }
        }
        // Whether others were recorded since the last failure here.
        let well_before = self.parts.recorder.intake.is_well();
        for (tenant, group) in by_tenant {
            self.record(&tenant, group, &mut outcome).await;
        }
        self.settle(outcome, well_before).await
    }

    async fn record(&self, tenant: &TenantId, group: Vec<Opened>, outcome: &mut Outcome) {
        let permits = &self.parts.recorder.permits;
        let permit = permits.take_bytes(group.len() * EVENT_BYTES);
        let permit = permit.and_then(|permit| permits.add_events(permit, None, group.len()));
        let Some(permit) = permit else {
            outcome.again.extend(group.into_iter().map(|opened| opened.waiting));
            return;
        };
        let events = group.iter().map(|opened| opened.admitted.clone()).collect();
        let results = self.parts.recorder.record_permitted(tenant, events, permit).await;
        for (Opened { waiting, admitted }, result) in group.into_iter().zip(results) {
            match verdict(&result) {
                Verdict::Done => outcome.done.push((waiting.number, waiting.lane)),
                Verdict::Poison(reason, message) => {
                    outcome.poison.push(Poison::of(waiting, &admitted, reason, message));
                }
                Verdict::Again if self.attempts.get(&waiting.number) >= Some(&ATTEMPTS_MAX) => {
                    let message = "it could not be recorded although others could".to_owned();
                    let reason = RefusalReason::Undeliverable;
                    outcome.poison.push(Poison::of(waiting, &admitted, reason, message));
                }
                Verdict::Again => outcome.again.push(waiting),
            }
        }
    }

    /// Removes what waits no longer; says whether there was something.
    async fn settle(
        &mut self,
        outcome: Outcome,
        well_before: bool,
    ) -> Result<bool, LocalStoreError> {
        let Outcome { mut done, again, poison } = outcome;
        let log_was_well = well_before || !done.is_empty();
        if self.cautious && log_was_well {
            for waiting in &again {
                *self.attempts.entry(waiting.number).or_default() += 1;
            }
        }
        self.cautious = !again.is_empty();
        metrics::counter!("annals_spool_recorded_total").increment(done.len() as u64);
        for poison in poison {
            let place = (poison.waiting.number, poison.waiting.lane);
            if self.set_aside(poison).await {
                done.push(place);
            }
        }
        let (numbers, lanes): (Vec<u64>, Vec<Lane>) = done.into_iter().unzip();
        if numbers.is_empty() {
            return Ok(false);
        }
        for number in &numbers {
            self.attempts.remove(number);
        }
        self.parts.spooler.store.remove(numbers).await?;
        self.parts.spooler.lanes.release(&lanes);
        Ok(true)
    }

    /// Moves an event to the quarantine; what cannot be kept there stays where it is.
    async fn set_aside(&self, poison: Poison) -> bool {
        let Poison { waiting, reason, message, content, sender } = poison;
        warn!(
            event.id = %waiting.id, tenant = %waiting.tenant, %reason,
            "an event that waited in the spool cannot be recorded; it goes to the quarantine"
        );
        let facts = RefusalFacts { sender, event: Some(waiting.id), message, errors: Vec::new() };
        let refused = vec![RefusedEvent { reason, facts, content }];
        let now = jiff::Timestamp::now();
        self.parts.spooler.quarantine.keep(&waiting.tenant, refused, now).await.is_ok()
    }
}

impl Poison {
    fn of(waiting: Waiting, admitted: &Admitted, reason: RefusalReason, message: String) -> Self {
        let content = form::as_sent(&admitted.event).into();
        Self { waiting, reason, message, content, sender: admitted.event.source.clone() }
    }

    /// What does not open is kept as it is: perhaps somebody can make something of it.
    fn damaged(waiting: Waiting, error: &form::FormError) -> Self {
        error!(event.id = %waiting.id, error = error as &dyn std::error::Error, "damaged in the spool");
        let content = waiting.sealed.clone().into();
        let message = "its bytes in the spool do not open; they are kept as they are".to_owned();
        let reason = RefusalReason::Undeliverable;
        Self { waiting, reason, message, content, sender: String::new() }
    }
}
