//! One rebuild, from its beginning to its end.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::{SearchError, SearchIndex};
use ractor::ActorProcessingErr;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::status::RebuildState;
use super::{Parts, RebuildRefused};
use crate::projection::{Progress, with_causes};
use crate::projections::{Indexer, NEXT_INDEX};
use crate::projector::{self, Projector};

/// So many failures without a step between them end a rebuild.
const FAILURES_MAX: u32 = 3;
/// How long a rebuild rests after a failure.
const REST: Duration = Duration::from_secs(1);
/// How many batches from the head a rebuild looks whether it can take over.
const NEAR_BATCHES: u64 = 1;

/// Why a rebuild ended.
enum End {
    Done,
    Cancelled,
    Stopped,
    Failed(String),
}

/// The generation to be filled.
pub(super) async fn begin(parts: &Arc<Parts>) -> Result<Arc<dyn SearchIndex>, RebuildRefused> {
    let parts = Arc::clone(parts);
    let begun = blocking(move || parts.index.generations().map(|generations| generations.begin()));
    Ok(begun.await.ok_or(RebuildRefused::Unsupported)??)
}

/// Fills the next generation and takes it into use.
pub(super) async fn run(
    parts: Arc<Parts>,
    next: Arc<dyn SearchIndex>,
    cancelled: CancellationToken,
) {
    metrics::gauge!("annals_index_rebuild_running").set(1.0);
    let rebuild = Rebuild::new(&parts, next, &cancelled);
    // A panic ends this rebuild and nothing else.
    let filling =
        futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(rebuild.fill()));
    let end = filling
        .await
        .unwrap_or_else(|_| End::Failed("it panicked; see the operations log".to_owned()));
    // What it held of the generation must go before its files can.
    drop(rebuild);
    let (state, cause) = match end {
        End::Done => (RebuildState::Done, None),
        End::Stopped => (RebuildState::Interrupted, None),
        End::Cancelled => (RebuildState::Cancelled, discard(&parts).await.err()),
        End::Failed(cause) => {
            error!(cause, "the rebuild of the search index failed; the old one still answers");
            if let Err(error) = discard(&parts).await {
                warn!(error, "the unfinished search index could not be deleted");
            }
            (RebuildState::Failed, Some(cause))
        }
    };
    info!(?state, "the rebuild of the search index has ended");
    metrics::gauge!("annals_index_rebuild_running").set(0.0);
    metrics::gauge!("annals_projection_lag", "projection" => NEXT_INDEX).set(0.0);
    parts.status.send_modify(|status| status.end(state, cause));
}

struct Rebuild<'a> {
    parts: &'a Arc<Parts>,
    cancelled: &'a CancellationToken,
    projector: Projector,
    from: Position,
}

impl<'a> Rebuild<'a> {
    fn new(
        parts: &'a Arc<Parts>,
        next: Arc<dyn SearchIndex>,
        cancelled: &'a CancellationToken,
    ) -> Self {
        let from = next.position();
        let readers = Arc::clone(&parts.readers);
        let projector = Projector {
            projection: Arc::new(Indexer { name: NEXT_INDEX, index: next }),
            progress: Progress::new(NEXT_INDEX, from),
            feed: Arc::clone(&parts.feed),
            reader: Box::new(move |after| readers(after)),
            batch_events_max: parts.pace.batch_events_max,
            commit_interval: Duration::from_millis(parts.pace.index_commit_ms),
            stopping: cancelled.clone(),
        };
        Self { parts, cancelled, projector, from }
    }

    async fn fill(&self) -> End {
        let mut failures = 0;
        let mut best = self.from;
        loop {
            let ended = self.follow(&mut best, &mut failures).await;
            let cause = match ended {
                Ok(end) => return end,
                Err(error) => with_causes(&*error),
            };
            failures += 1;
            if failures >= FAILURES_MAX {
                return End::Failed(cause);
            }
            warn!(cause, failures, "the rebuild of the search index failed; it is tried again");
            tokio::select! {
                () = self.cancelled.cancelled() => return self.told_to_end(),
                () = tokio::time::sleep(REST) => {}
            }
        }
    }

    /// Follows the log until the new generation answers, or something fails.
    async fn follow(
        &self,
        best: &mut Position,
        failures: &mut u32,
    ) -> Result<End, ActorProcessingErr> {
        let mut state = self.projector.begin().await?;
        loop {
            self.projector.turn(&mut state).await?;
            if self.cancelled.is_cancelled() {
                self.projector.commit(&mut state).await?;
                return Ok(self.told_to_end());
            }
            self.tell(&state);
            if state.position() > *best {
                (*best, *failures) = (state.position(), 0);
            }
            let near = NEAR_BATCHES * self.projector.batch_events_max as u64;
            if state.backlog() <= near && self.switch(state.position()).await? {
                self.parts.progress.adopt_parked(&self.projector.progress);
                return Ok(End::Done);
            }
        }
    }

    /// Everything is told to end when the service stops.
    fn told_to_end(&self) -> End {
        match self.parts.stopping.is_cancelled() {
            true => End::Stopped,
            false => End::Cancelled,
        }
    }

    /// Takes the new generation into use, if it has all that the old one has.
    async fn switch(&self, reached: Position) -> Result<bool, SearchError> {
        let parts = Arc::clone(self.parts);
        blocking(move || match parts.index.generations() {
            Some(generations) => generations.switch(reached),
            None => Ok(false),
        })
        .await
    }

    fn tell(&self, state: &projector::State) {
        let (position, left) = (state.position(), state.backlog());
        let events = state.backlog_from(self.from).saturating_sub(left);
        self.parts.status.send_modify(|status| {
            status.step(position, self.parts.feed.head(), left, events);
            metrics::gauge!("annals_index_rebuild_events_per_second").set(status.events_per_second);
        });
        metrics::gauge!("annals_index_rebuild_position").set(position.0 as f64);
    }
}

async fn discard(parts: &Arc<Parts>) -> Result<(), String> {
    let parts = Arc::clone(parts);
    let discarded = blocking(move || match parts.index.generations() {
        Some(generations) => generations.discard(),
        None => Ok(()),
    });
    discarded.await.map_err(|error| with_causes(&error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}
