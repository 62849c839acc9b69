//! Verifying a log on a server: read anew from its beginning, beside the nodes that work with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_engine::open_every_record;
use annals_ports::{EventLog, LogReader};
use annals_store_eventstoredb::Finding;
use anyhow::Context;
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Findings;
use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::store;

/// More findings are only counted.
const TOLD_MAX: usize = 1000;

pub(super) async fn look(
    data_dir: &Path,
    settings: &Settings,
    bar: &ProgressBar,
) -> anyhow::Result<Findings> {
    let Settings { store: server, keys, .. } = settings;
    let root = store::remote_root(data_dir, server, keys, false).await?;
    let copy = Copy::begin()?;
    bar.set_message("reading the log from the server");
    let log = Arc::new(store::follow(&copy.dir, server, &root).await?);
    if let Some(trouble) = log.health().trouble {
        return Err(Failure::new(exit::IO, trouble).into());
    }
    let found = log.findings().await.context("the findings were taken already")?;
    let collecting = tokio::spawn(collect(found));
    log.caught_up().await;
    bar.set_length(log.head().await?.0);
    bar.set_message("opening every record");
    let keys = Arc::new(log.keys());
    // Keys on a server are not remembered when they are destroyed.
    let opened =
        open_every_record(log.clone(), keys, root, |_, _| Ok(true), |at| bar.set_position(at.0))
            .await?;
    // With the log its findings end.
    drop(log);
    let (mut told, mut total) = collecting.await.context("collecting the findings")?;
    told.extend(opened.findings);
    total += opened.findings_total;
    Ok(Findings { records: opened.records, removed: 0, told, total })
}

async fn collect(mut findings: mpsc::Receiver<Finding>) -> (Vec<String>, u64) {
    let (mut told, mut total) = (Vec::new(), 0);
    while let Some(finding) = findings.recv().await {
        total += 1;
        if told.len() < TOLD_MAX {
            told.push(finding.to_string());
        }
    }
    (told, total)
}

/// A copy of the log that is removed at the end.
struct Copy {
    dir: PathBuf,
}

impl Copy {
    fn begin() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("annals-verify-{}", Uuid::new_v4()));
        std::fs::create_dir(&dir).with_context(|| format!("making `{}`", dir.display()))?;
        Ok(Self { dir })
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, dir = %self.dir.display(), "a copy of the log was left behind");
        }
    }
}
