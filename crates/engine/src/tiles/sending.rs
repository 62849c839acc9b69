//! Gives the newest checkpoints to one sink, from time to time.
//!
//! What is between two of them is not sent: each checkpoint commits to all before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annals_ports::{CheckpointSink, OutgoingCheckpoint};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::reading::{PublishedShard, Tiles};

/// The first checkpoint goes so soon after the start.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// The rest after the first failure; it doubles with each that follows.
const REST_FIRST: Duration = Duration::from_secs(5);
/// The longest rest.
const REST_LONGEST: Duration = Duration::from_secs(300);

/// Gives checkpoints to one sink.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) tiles: Tiles,
    pub(crate) sink: Arc<dyn CheckpointSink>,
    pub(crate) interval: Duration,
    pub(crate) stopping: CancellationToken,
}

/// Sent to itself, once a turn.
pub(crate) struct Turn;

pub(crate) struct State {
    /// The size of each shard that the sink has. After a restart it gets the newest once more.
    sent: BTreeMap<String, u64>,
    failures: u32,
    next: Instant,
}

impl Actor for Sender {
    type Msg = Turn;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Turn>, (): ()) -> Result<State, ActorProcessingErr> {
        myself.cast(Turn)?;
        let next = Instant::now() + FIRST_AFTER;
        Ok(State { sent: BTreeMap::new(), failures: 0, next })
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let turn = async {
            tokio::time::sleep_until(state.next).await;
            self.send(&mut state.sent).await
        };
        let sent = tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            sent = turn => sent,
        };
        state.failures = match sent {
            Ok(()) => 0,
            Err(error) => {
                let (sink, error) = (self.sink.name(), &*error as &dyn std::error::Error);
                warn!(sink, error, "a sink did not take the newest checkpoint; it is tried again");
                let sink = sink.to_owned();
                metrics::counter!("annals_checkpoint_sink_failures_total", "sink" => sink)
                    .increment(1);
                state.failures.saturating_add(1)
            }
        };
        state.next = Instant::now() + pause(self.interval, state.failures);
        myself.cast(Turn)?;
        Ok(())
    }
}

impl Sender {
    /// Hands over what is new, the newest shard first.
    async fn send(&self, sent: &mut BTreeMap<String, u64>) -> Result<(), ActorProcessingErr> {
        let tiles = self.tiles.clone();
        let shards = tokio::task::spawn_blocking(move || tiles.shards()).await??;
        for shard in shards.into_iter().rev() {
            if shard.checkpoint.is_empty() || sent.get(&shard.name) == Some(&shard.size) {
                continue;
            }
            let PublishedShard { name, key, size, checkpoint, .. } = shard;
            let (origin, shard) = (key.name().to_owned(), name.clone());
            let outgoing = OutgoingCheckpoint { origin, shard, size, note: checkpoint };
            self.sink.put(&outgoing).await?;
            sent.insert(name, size);
            let sink = self.sink.name().to_owned();
            metrics::counter!("annals_checkpoint_sink_checkpoints_total", "sink" => sink)
                .increment(1);
        }
        Ok(())
    }
}

/// How long to wait after so many failures in a row.
fn pause(interval: Duration, failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => interval,
        Some(doublings) => REST_FIRST.saturating_mul(1 << doublings.min(16)).min(REST_LONGEST),
    }
}

#[cfg(test)]
mod tests;
