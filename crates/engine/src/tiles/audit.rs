//! The self-audit: compares the log with its trees from time to time while the service runs.
//!
//! It changes nothing. What it finds is told in the operations log and by a metric, and `annals verify`
//! tells it again on a stopped service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_ports::EventLog;
use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::checking::{TreeCheckError, TreeReport, check_trees};
use crate::pace::Pace;
use crate::system::TileParts;

/// How often it is asked whether an audit is due.
const TURN: Duration = Duration::from_millis(500);
/// The first one comes soon after the start, that it also happens where restarts are frequent.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// A tree that is being made again grows at least this often.
const MAKING_MAX: Duration = Duration::from_secs(30);
/// So many findings stand in the operations log; all are counted.
const TOLD_MAX: usize = 20;

/// When and how fast the log is compared with its trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditSettings {
    /// Seconds between two audits; 0: none.
    pub interval_seconds: u64,
    /// Records a second that an audit reads, so that it does not stand in the way.
    pub records_per_second: u64,
}

/// What the last audit found.
#[derive(Debug, Clone, Default)]
pub struct AuditStatus {
    /// When it ended; `None`: there was none since the service started.
    pub ended_at: Option<Timestamp>,
    /// How many leaves it compared.
    pub leaves: u64,
    /// How much is wrong.
    pub findings: u64,
}

/// Compares the log with its trees.
#[derive(Clone)]
pub(crate) struct SelfAudit {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) parts: TileParts,
    pub(crate) status: watch::Sender<AuditStatus>,
    pub(crate) stopping: CancellationToken,
}

pub(crate) struct State {
    /// When the next audit is due.
    next: Option<Instant>,
    /// How far the newest tree was while it is not signed, and since when.
    unsigned: Option<(u64, Instant)>,
}

/// The size of a tree, and since when it has that. A tree that does not grow is not being made.
fn stands_since(before: Option<(u64, Instant)>, size: u64, now: Instant) -> (u64, Instant) {
    before.filter(|(before, _)| *before == size).unwrap_or((size, now))
}

/// Sent by the self-audit to itself, once a turn.
pub(crate) struct Turn;

impl Actor for SelfAudit {
    type Msg = Turn;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Turn>, (): ()) -> Result<State, ActorProcessingErr> {
        myself.cast(Turn)?;
        let next = self.interval().map(|interval| Instant::now() + interval.min(FIRST_AFTER));
        Ok(State { next, unsigned: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            () = tokio::time::sleep(TURN) => {}
        }
        let is_due = state.next.is_some_and(|next| next <= Instant::now());
        if is_due && !self.is_being_made(state) {
            match self.audit().await? {
                Ok(report) => self.tell(&report),
                // The service stops, or what is read cannot be read: the others tell that.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "the log could not be compared with its Merkle trees");
                }
            }
            state.next = self.interval().map(|interval| Instant::now() + interval);
        }
        myself.cast(Turn)?;
        Ok(())
    }
}

impl SelfAudit {
    /// Whether a tree is being made again from the log, up to what was signed: then it is too early.
    fn is_being_made(&self, state: &mut State) -> bool {
        // Trees that cannot be read are told by the audit.
        let newest = self.parts.store.shards().ok().and_then(|mut shards| shards.pop());
        let unsigned = newest.filter(|shard| shard.note.is_empty()).map(|shard| shard.size);
        let now = Instant::now();
        state.unsigned = unsigned.map(|size| stands_since(state.unsigned, size, now));
        state.unsigned.is_some_and(|(_, since)| now - since < MAKING_MAX)
    }

    /// Compares everything on a thread of its own.
    async fn audit(&self) -> Result<Result<TreeReport, TreeCheckError>, ActorProcessingErr> {
        let (log, parts, stopping) =
            (Arc::clone(&self.log), self.parts.clone(), self.stopping.clone());
        let handle = Handle::current();
        let run = move || {
            let mut pace = Pace::begin(parts.audit.records_per_second);
            let keep_on = |records: usize| pace.keep(records as u64, &stopping);
            let TileParts { store, signer, mark, .. } = &parts;
            handle.block_on(check_trees(&*log, &**store, signer, &**mark, keep_on))
        };
        Ok(tokio::task::spawn_blocking(run).await?)
    }

    fn tell(&self, report: &TreeReport) {
        let TreeReport { leaves, findings, findings_total, .. } = report;
        metrics::counter!("annals_integrity_audits_total").increment(1);
        metrics::gauge!("annals_integrity_findings").set(*findings_total as f64);
        for finding in findings.iter().take(TOLD_MAX) {
            error!(finding, "the log is not what its Merkle trees say; run `annals verify`");
        }
        if *findings_total == 0 {
            debug!(leaves, "the log is what its Merkle trees say");
        }
        self.status.send_replace(AuditStatus {
            ended_at: Some(Timestamp::now()),
            leaves: *leaves,
            findings: *findings_total,
        });
    }

    fn interval(&self) -> Option<Duration> {
        let seconds = self.parts.audit.interval_seconds;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests;
