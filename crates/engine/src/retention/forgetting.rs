//! What other nodes removed from the log is forgotten here: in the index, in memory and in the copy of the
//! log.
//!
//! The log tells it for as long as it is still read here, so whatever stops half-way is gone on with.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use annals_ports::{EventLog, LogError, SearchError, SearchIndex};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::STEP;
use crate::feed::Feed;
use crate::projection::Progress;

/// How long to rest after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Forgets what other nodes removed.
pub(crate) struct Forgetting {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) index: Arc<dyn SearchIndex>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Vec<Arc<Progress>>,
}

#[derive(Debug, thiserror::Error)]
enum ForgettingError {
    #[error("the event log failed")]
    Log(#[from] LogError),
    #[error("the search index failed")]
    Index(#[from] SearchError),
}

impl Forgetting {
    /// Goes on until the service stops.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let forgetting = async {
            loop {
                if let Err(error) = self.step().await {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "what another node removed is still here; trying again"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = forgetting => {}
        }
    }

    async fn step(&self) -> Result<(), ForgettingError> {
        let positions = self.log.removed_elsewhere(STEP).await?;
        let Some(newest) = positions.last().copied() else { return Ok(()) };
        // What was not taken in yet would be taken in after it was forgotten.
        for progress in &self.progress {
            // The sender lives in `progress`, so waiting cannot fail.
            let _ = progress.watch().wait_for(|applied| *applied >= newest).await;
        }
        let (index, gone) = (Arc::clone(&self.index), positions.clone());
        let removal = tokio::task::spawn_blocking(move || index.remove(&gone));
        removal.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        self.feed.remove(&positions.iter().copied().collect::<HashSet<_>>());
        self.log.forget(&positions).await?;
        metrics::counter!("annals_events_forgotten_total").increment(positions.len() as u64);
        Ok(())
    }
}
