//! Filling the search index anew while it answers.
//!
//! A second generation of the index follows the log from its beginning, as a projection of its own that
//! nobody asks. When it has taken in all that the first one has, it takes its place. A failure ends the
//! rebuild and nothing else; a service that stops goes on with it at its next start.

use std::sync::Arc;

use annals_domain::Position;
use annals_ports::{SearchError, SearchIndex};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::feed::{Feed, FeedReader};
use crate::projection::Progress;
use crate::settings::ProjectionSettings;

mod running;
mod status;

pub use status::{RebuildState, RebuildStatus};

/// Makes readers that follow the log after a position.
pub(crate) type Readers = Box<dyn Fn(Position) -> FeedReader + Send + Sync>;

/// Rebuilds of the search index, one at a time; cheap to clone.
#[derive(Clone)]
pub struct Rebuilding(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) index: Arc<dyn SearchIndex>,
    /// Of the generation that answers.
    pub(crate) progress: Arc<Progress>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) pace: ProjectionSettings,
    pub(crate) stopping: CancellationToken,
    pub(crate) status: watch::Sender<RebuildStatus>,
    pub(crate) running: Mutex<Option<Running>>,
}

pub(crate) struct Running {
    cancelled: CancellationToken,
    task: JoinHandle<()>,
}

/// A rebuild was not begun.
#[derive(Debug, thiserror::Error)]
pub enum RebuildRefused {
    /// One at a time.
    #[error(
        "the search index is being rebuilt already; see how far it has come, or cancel it first"
    )]
    UnderWay,
    /// This index cannot be filled while it answers.
    #[error("this search index cannot be rebuilt while it answers; use `annals rebuild index`")]
    Unsupported,
    /// The service is about to stop.
    #[error("the service is stopping; ask again when it is back")]
    Stopping,
    /// The index cannot be written.
    #[error("cannot begin a new search index")]
    Index(#[from] SearchError),
}

impl Rebuilding {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How the rebuild stands, or how the last one ended.
    pub fn status(&self) -> RebuildStatus {
        self.0.status.borrow().clone()
    }

    /// Tells of every step.
    pub fn watch(&self) -> watch::Receiver<RebuildStatus> {
        self.0.status.subscribe()
    }

    /// Begins a rebuild, unless one is under way.
    pub async fn begin(&self) -> Result<RebuildStatus, RebuildRefused> {
        let mut running = self.0.running.lock().await;
        if self.0.stopping.is_cancelled() {
            return Err(RebuildRefused::Stopping);
        }
        if self.status().state == RebuildState::Running {
            return Err(RebuildRefused::UnderWay);
        }
        let next = running::begin(&self.0).await?;
        let cancelled = self.0.stopping.child_token();
        let status = RebuildStatus::beginning(next.position(), self.0.feed.head());
        self.0.status.send_replace(status.clone());
        info!(position = %next.position(), "the search index is being rebuilt");
        let task = running::run(Arc::clone(&self.0), next, cancelled.clone());
        *running = Some(Running { cancelled, task: tokio::spawn(task) });
        Ok(status)
    }

    /// Goes on with what an earlier process did not finish.
    pub(crate) async fn resume(&self) {
        if !self.0.index.generations().is_some_and(|generations| generations.is_unfinished()) {
            return;
        }
        if let Err(error) = self.begin().await {
            error!(error = &error as &dyn std::error::Error, "cannot go on with a rebuild");
        }
    }

    /// Ends the rebuild that is under way and deletes what it made; none, when there is none.
    pub async fn cancel(&self) -> Option<RebuildStatus> {
        let mut running = self.0.running.lock().await;
        if self.status().state != RebuildState::Running {
            return None;
        }
        let Running { cancelled, task } = running.take()?;
        cancelled.cancel();
        // It tells by itself how it ended.
        let _ = task.await;
        Some(self.status())
    }

    /// Waits until the rebuild has stopped, which the service has told it to.
    pub(crate) async fn stopped(&self) {
        if let Some(running) = self.0.running.lock().await.take() {
            let _ = running.task.await;
        }
    }
}
