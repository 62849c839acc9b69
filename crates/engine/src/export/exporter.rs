//! Writes the jobs that wait, a few at once, and removes what is over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;
use tracing::{error, warn};

use super::job::ExportStatus;
use super::office::Office;
use super::running::run;

/// How often files whose time is over are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How long the jobs have to keep how far they are when the service stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Writes the jobs that wait.
pub(crate) struct Exporter {
    pub(crate) office: Arc<Office>,
}

/// Sent by the exporter to itself: its work begins, and ends when it is stopped.
pub(crate) struct Begin;

impl Actor for Exporter {
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
        self.work().await;
        Ok(())
    }
}

impl Exporter {
    async fn work(&self) {
        let office = Arc::clone(&self.office);
        // Its tasks end with it, when it is ended in the middle.
        let mut running = JoinSet::new();
        let again = Arc::clone(&office);
        // It fails only if it panics, and then nothing is begun again.
        let _ = tokio::task::spawn_blocking(move || again.begin_again()).await;
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            while let Some((id, cancel)) = office.take_next() {
                let office = Arc::clone(&office);
                running.spawn(async move {
                    let writing = AssertUnwindSafe(run(Arc::clone(&office), id, cancel));
                    if writing.catch_unwind().await.is_err() {
                        error!(export.id = %id, "an export ended in a panic");
                        office.end(id, ExportStatus::Failed, "a fault on our side").await;
                    }
                });
            }
            metrics::gauge!("annals_exports_running").set(running.len() as f64);
            tokio::select! {
                () = office.stopping.cancelled() => break,
                () = office.wake.notified() => {}
                Some(_) = running.join_next() => {}
                _ = sweep.tick() => office.sweep(Timestamp::now()).await,
            }
        }
        let ending = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORDS, ending).await.is_err() {
            warn!("exports did not end in time; they are gone on with from where they were kept");
        }
    }
}
