//! Verifying the embedded log: its file, then every record in it.

use std::path::Path;
use std::sync::Arc;

use annals_engine::open_every_record;
use annals_store_sqlite::{DataDir, SqliteEventLog, SqliteKeyStore, VerifyError};
use indicatif::ProgressBar;

use super::Findings;
use crate::exit::{self, Failure};
use crate::{secrets, store};

pub(super) async fn look(data_dir: &Path, bar: &ProgressBar) -> anyhow::Result<Findings> {
    store::refuse_copy(data_dir)?;
    let dir = DataDir::open(data_dir).map_err(unreadable)?;
    let report = annals_store_sqlite::verify(dir.path(), |progress| {
        bar.set_message(progress.doing);
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    let report = report.map_err(|error: VerifyError| unreadable(error))?;
    let mut told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let mut total = report.findings_total;
    // A file that is not whole cannot be opened as a log.
    if report.is_whole() {
        bar.set_message("opening every record");
        let opened = open_records(&dir, bar).await?;
        told.extend(opened.findings);
        total += opened.findings_total;
    }
    Ok(Findings { records: report.records, removed: report.removed, told, total })
}

async fn open_records(
    dir: &DataDir,
    bar: &ProgressBar,
) -> anyhow::Result<annals_engine::OpeningReport> {
    let path = dir.path();
    let log = Arc::new(SqliteEventLog::open(path, Default::default())?);
    let keys = Arc::new(SqliteKeyStore::open(path)?);
    let master = secrets::master_key(path)?;
    let report = open_every_record(log.clone(), keys, master, |at| bar.set_position(at.0)).await?;
    log.close().await;
    Ok(report)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    Failure::new(exit::IO, format!("{:#}", anyhow::Error::from(error))).into()
}
