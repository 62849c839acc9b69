//! Tells people outside of Annals about what happened: on one node at a time, at least once.
//!
//! The node that holds the lease follows the log from where deliveries have come to and writes down
//! how far it got, after delivering. So a hand-over repeats some deliveries, with the same ids, and
//! loses none.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_ports::{DeliveryChannel, SharedRegisters};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::feed::FeedReader;
use crate::opening::ReadError;
use crate::settings::DeliverySettings;

mod backoff;
mod calls;
mod keeper;
mod mark;
mod messages;
mod schedule;
mod status;
mod tenure;

use calls::Calls;
use keeper::Keeper;
use mark::{Mark, MarkError};
use schedule::Schedule;
pub use status::DeliveryStatus;
use tenure::{Lost, Tenure};

/// How long the node rests before it tries for the progress, or the lease, once more.
const REST: Duration = Duration::from_secs(1);
/// So many failures in a row are told of once.
const TOLD_EVERY: u32 = 30;

/// Delivers whenever this node holds the lease.
pub(crate) struct Deliverer {
    pub(crate) parts: DelivererParts,
    pub(crate) reader: Box<dyn Fn(Position) -> FeedReader + Send + Sync>,
    pub(crate) stopping: CancellationToken,
}

/// What a [`Deliverer`] is made of, and is made of again after a failure.
#[derive(Clone)]
pub(crate) struct DelivererParts {
    pub(crate) node: Arc<str>,
    pub(crate) registers: Arc<dyn SharedRegisters>,
    pub(crate) channels: Arc<[Arc<dyn DeliveryChannel>]>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) settings: DeliverySettings,
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
        Ok(self.run().await?)
    }
}

/// How a turn at delivering ended.
enum End {
    Stopped,
    Lost,
}

impl Deliverer {
    async fn run(&self) -> Result<(), ReadError> {
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
                end = self.hold(calls.clone(), epoch) => end?,
            };
            match end {
                End::Stopped => break,
                End::Lost => keeper.step_down(),
            }
            tokio::time::sleep(REST).await;
        }
        keeper.release().await;
        Ok(())
    }

    /// Delivers until it is stopped, or the progress shows that the lease was lost.
    async fn hold(&self, calls: Calls, epoch: u64) -> Result<End, ReadError> {
        let (mark, position) = tokio::select! {
            () = self.stopping.cancelled() => return Ok(End::Stopped),
            taken = self.take_over(calls, epoch) => taken,
        };
        let DelivererParts { channels, catalogue, settings, .. } = &self.parts;
        let schedule = Schedule::new(channels.len(), position, settings);
        let reader = (self.reader)(position);
        let mut tenure =
            Tenure::new(Arc::clone(catalogue), Arc::clone(channels), schedule, reader, mark);
        tokio::select! {
            () = self.stopping.cancelled() => {}
            lost = tenure.deliver() => {
                let Lost = lost?;
                warn!(epoch, "another node has gone on with the deliveries");
                return Ok(End::Lost);
            }
        }
        tenure.finish().await;
        Ok(End::Stopped)
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
