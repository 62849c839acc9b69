//! Tells people outside of Annals about what happened: on one node at a time, at least once.
//!
//! The node that holds the lease sends what lies in its outbox and writes down how far it got, after
//! delivering. So a hand-over repeats some deliveries, with the same ids, and loses none.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_ports::{EventLog, SharedRegisters};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::recording::Recorder;
use crate::settings::DeliverySettings;

mod backoff;
mod bucket;
mod calls;
mod counting;
mod keeper;
mod mark;
mod outcomes;
mod posting;
mod retrying;
mod status;
mod targets;

use calls::Calls;
pub use counting::{DELIVERIES, DELIVERIES_PARKED, DeliveryOutcome};
use keeper::Keeper;
pub(crate) use mark::read_progress;
use mark::{Mark, MarkError};
use outcomes::Outcomes;
pub(crate) use posting::PostingParts;
use posting::{Lost, Posting};
pub use status::DeliveryStatus;
pub(crate) use targets::Ways;

/// How long the node rests before it tries for the progress, or the lease, once more.
const REST: Duration = Duration::from_secs(1);
/// So many failures in a row are told of once.
const TOLD_EVERY: u32 = 30;

/// Delivers whenever this node holds the lease.
pub(crate) struct Deliverer {
    pub(crate) parts: DelivererParts,
    pub(crate) stopping: CancellationToken,
}

/// What a [`Deliverer`] is made of, and is made of again after a failure.
#[derive(Clone)]
pub(crate) struct DelivererParts {
    pub(crate) node: Arc<str>,
    pub(crate) registers: Arc<dyn SharedRegisters>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) settings: DeliverySettings,
    /// What delivers from the outbox.
    pub(crate) posting: PostingParts,
    /// Records what came of messages.
    pub(crate) recorder: Option<Recorder>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) status: DeliveryStatus,
    /// Where deliveries begin if there never were any.
    pub(crate) start: Position,
}

/// Sent by the deliverer to itself: its work begins, and ends when it is stopped.
pub(crate) struct Begin;

impl Actor for Deliverer {
    type Msg = Begin;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Begin>, (): ()) -> Result<(), ActorProcessingErr> {
        self.parts.status.set(None);
        myself.cast(Begin)?;
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Begin>,
        Begin: Begin,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        self.run().await;
        Ok(())
    }
}

/// How a turn at delivering ended.
enum End {
    Stopped,
    Lost,
}

impl Deliverer {
    async fn run(&self) {
        let pace = self.parts.settings.pace();
        let calls = Calls { registers: Arc::clone(&self.parts.registers), limit: pace.renew };
        let status = self.parts.status.clone();
        let mut keeper = Keeper::new(calls.clone(), &self.parts.node, pace, status);
        loop {
            let epoch = tokio::select! {
                () = self.stopping.cancelled() => break,
                epoch = keeper.acquire() => epoch,
            };
            let end = tokio::select! {
                // First of all it is seen to that the lease is still held.
                biased;
                () = keeper.keep(epoch) => End::Lost,
                end = self.hold(calls.clone(), epoch) => end,
            };
            match end {
                End::Stopped => break,
                End::Lost => keeper.step_down(),
            }
            tokio::time::sleep(REST).await;
        }
        keeper.release().await;
    }

    /// Delivers until it is stopped, or the progress shows that the lease was lost.
    async fn hold(&self, calls: Calls, epoch: u64) -> End {
        let (mark, position) = tokio::select! {
            () = self.stopping.cancelled() => return End::Stopped,
            taken = self.take_over(calls, epoch) => taken,
        };
        let DelivererParts { posting, recorder, catalogue, .. } = &self.parts;
        let outcomes = Outcomes::new(recorder.clone(), Arc::clone(catalogue));
        let mut posting = Posting::new(posting.clone(), outcomes, mark, position);
        let posted = async { posting.deliver(self.head().await).await };
        tokio::select! {
            () = self.stopping.cancelled() => {}
            Lost = posted => {
                warn!(epoch, "another node has gone on with the deliveries");
                return End::Lost;
            }
        }
        posting.finish().await;
        End::Stopped
    }

    /// Where the log ends; waits until it can tell.
    async fn head(&self) -> Position {
        loop {
            match self.parts.log.head().await {
                Ok(head) => return head,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "deliveries wait for the event log");
                }
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Takes the progress over from the node before; waits for as long as that cannot be done.
    async fn take_over(&self, calls: Calls, epoch: u64) -> (Mark, Position) {
        let mut failures = 0u32;
        loop {
            match Mark::take_over(calls.clone(), epoch, self.parts.start).await {
                Ok(taken) => return taken,
                // The node before wrote once more, in between; that was its last time.
                Err(MarkError::Lost) => {}
                Err(error) if failures.is_multiple_of(TOLD_EVERY) => {
                    let error = &error as &dyn std::error::Error;
                    error!(error, "deliveries cannot go on");
                }
                Err(_) => {}
            }
            failures = failures.wrapping_add(1);
            tokio::time::sleep(REST).await;
        }
    }
}
