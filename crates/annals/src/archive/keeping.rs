//! The task of the service that archives closed months.

use std::sync::Arc;
use std::time::Duration;

use annals_archive::archive::{Archiver, StoredMonth};
use annals_domain::catalogue::Catalogue;
use annals_engine::{Clock, Recorder};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::events;

/// The shortest time between two looks.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Archives what is closed, now and each time the interval has passed, until it is told to stop. A run
/// that fails is tried again the next time.
pub(crate) fn keep(
    archiver: Archiver,
    (recorder, catalogue): (Recorder, Arc<Catalogue>),
    clock: Arc<Clock>,
    interval: Duration,
    stopping: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        // What a process before this one stored may not have been told of.
        let mut is_told = false;
        loop {
            let round = async {
                if !is_told {
                    is_told = tell_newest(&archiver, &recorder, &catalogue).await;
                }
                match archiver.run(clock.now()).await {
                    Ok(stored) => {
                        for month in &stored {
                            told(month);
                            is_told &= events::record(month, &recorder, &catalogue).await;
                        }
                    }
                    Err(error) => {
                        metrics::counter!("annals_archive_failures_total").increment(1);
                        let error = &error as &dyn std::error::Error;
                        error!(error, "closed months could not be archived; trying again");
                    }
                }
                tokio::time::sleep(interval.max(INTERVAL_MIN)).await;
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = round => {}
            }
        }
    })
}

async fn tell_newest(archiver: &Archiver, recorder: &Recorder, catalogue: &Arc<Catalogue>) -> bool {
    let Ok(newest) = archiver.newest().await else { return false };
    let Some(mark) = newest else { return true };
    match archiver.stored(mark).await {
        Ok(month) => events::record(&month, recorder, catalogue).await,
        Err(_) => false,
    }
}

fn told(month: &StoredMonth) {
    let records: u64 = month.tenants.iter().map(|stored| stored.manifest.records).sum();
    metrics::counter!("annals_archive_records_total").increment(records);
    info!(month = %month.month, records, tenants = month.tenants.len(), "archived a month");
}
