//! The actors beside the tile keeper, and how they are started.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::EventLog;
use ractor::{Actor, ActorCell, SpawnErr};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::audit::{AuditStatus, SelfAudit};
use super::committing::DailyCommitment;
use super::heads::Heads;
use super::reading::Tiles;
use super::sending::Sender;
use super::witnessing::Witnessing;
use crate::system::TileParts;

/// One of the actors.
#[derive(Clone)]
pub(crate) enum TileWork {
    SelfAudit(SelfAudit),
    DailyCommitment(DailyCommitment),
    Witnessing(Witnessing),
    Sender(Sender),
}

impl TileWork {
    /// Starts it, or starts it again.
    pub(crate) async fn spawn(&self, root: ActorCell) -> Result<ActorCell, SpawnErr> {
        Ok(match self.clone() {
            Self::SelfAudit(actor) => Actor::spawn_linked(None, actor, (), root).await?.0.into(),
            Self::DailyCommitment(actor) => {
                Actor::spawn_linked(None, actor, (), root).await?.0.into()
            }
            Self::Witnessing(actor) => Actor::spawn_linked(None, actor, (), root).await?.0.into(),
            Self::Sender(actor) => Actor::spawn_linked(None, actor, (), root).await?.0.into(),
        })
    }
}

/// All that is to be done with the trees.
pub(crate) fn work(
    parts: TileParts,
    tiles: &Tiles,
    log: &Arc<dyn EventLog>,
    audited: watch::Sender<AuditStatus>,
    stopping: &CancellationToken,
) -> Vec<TileWork> {
    let publishing = parts.publishing.clone();
    let mut work = Vec::new();
    if !publishing.witnesses.is_empty() {
        work.push(TileWork::Witnessing(Witnessing {
            store: Arc::clone(&parts.store),
            tiles: tiles.clone(),
            publishing: publishing.clone(),
            stopping: stopping.clone(),
        }));
    }
    // Each sink has an actor of its own, so that one that hangs keeps nothing from the others.
    work.extend(publishing.sinks.into_iter().map(|sink| {
        TileWork::Sender(Sender {
            tiles: tiles.clone(),
            sink,
            interval: Duration::from_secs(publishing.sink_interval_seconds.max(1)),
            stopping: stopping.clone(),
        })
    }));
    let (heads, until) = (Heads::of(&parts), stopping.clone());
    work.push(TileWork::DailyCommitment(DailyCommitment { heads, stopping: until }));
    let (log, stopping) = (Arc::clone(log), stopping.clone());
    work.push(TileWork::SelfAudit(SelfAudit { log, parts, status: audited, stopping }));
    work
}
