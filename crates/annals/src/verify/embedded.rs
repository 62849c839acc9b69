//! Verifying the embedded log: its file, then every record in it.

use std::path::Path;
use std::sync::Arc;

use annals_domain::{Position, TenantId};
use annals_engine::tiles::{TreeReport, check_trees};
use annals_engine::{TileParts, open_every_record};
use annals_record::KeyId;
use annals_store_sqlite::{DataDir, SqliteEventLog, SqliteKeyStore, SqliteTrees, VerifyError};
use indicatif::ProgressBar;

use super::Findings;
use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::master_key::KeySettings;
use crate::{root_key, store};

/// The file of wrapped keys.
const KEYS: &str = "keys.db";

pub(super) async fn look(
    data_dir: &Path,
    settings: &Settings,
    bar: &ProgressBar,
) -> anyhow::Result<Findings> {
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
    if report.records > 0 && !dir.path().join(KEYS).exists() {
        // Opening the log would begin a new one, under which nothing opens.
        told.push(format!("{KEYS} is missing: put it back from a backup, without it nothing that is sealed can be read"));
        total += 1;
    } else if report.is_whole() {
        // A file that is not whole cannot be opened as a log.
        bar.set_message("opening every record");
        let opened = open_records(&dir, &settings.keys, bar).await?;
        told.extend(opened.findings);
        total += opened.findings_total;
        bar.set_message("comparing with the Merkle trees");
        let file = annals_store_sqlite::verify_trees(dir.path()).map_err(unreadable)?;
        told.extend(file.findings.iter().map(ToString::to_string));
        total += file.findings_total;
        match compare_trees(&dir, settings, report.removed, bar).await {
            Ok(trees) => {
                told.extend(trees.findings);
                total += trees.findings_total;
            }
            // That the file is damaged was told, and is why.
            Err(error) if !file.is_whole() => told.push(format!("{error:#}")),
            Err(error) => return Err(error),
        }
    }
    Ok(Findings { records: report.records, removed: report.removed, told, total })
}

async fn open_records(
    dir: &DataDir,
    settings: &KeySettings,
    bar: &ProgressBar,
) -> anyhow::Result<annals_engine::OpeningReport> {
    let path = dir.path();
    let log = Arc::new(SqliteEventLog::open(path, Default::default())?);
    let keys = Arc::new(SqliteKeyStore::open(path)?);
    let root = root_key::of_embedded(path, settings, &*log, &keys, false).await?;
    let was_destroyed = |tenant: &TenantId, id: &KeyId| keys.was_destroyed(tenant, id);
    let progress = |at: Position| bar.set_position(at.0);
    let report =
        open_every_record(log.clone(), keys.clone(), root, was_destroyed, progress).await?;
    log.close().await;
    Ok(report)
}

/// Compares the log with its trees. Records that retention removed have leaves still.
async fn compare_trees(
    dir: &DataDir,
    settings: &Settings,
    removed: u64,
    bar: &ProgressBar,
) -> anyhow::Result<TreeReport> {
    let path = dir.path();
    let log = Arc::new(SqliteEventLog::open(path, Default::default())?);
    let trees = Arc::new(SqliteTrees::open(path)?);
    let keys = SqliteKeyStore::open(path)?;
    let root = root_key::of_embedded(path, &settings.keys, &*log, &keys, false).await?;
    let TileParts { store, signer, mark, .. } =
        settings.integrity.parts(path, trees, log.clone(), &root)?;
    let checked = check_trees(&*log, &*store, &signer, &*mark, |read| {
        bar.inc(read as u64);
        true
    })
    .await;
    log.close().await;
    let mut report = checked?;
    if report.absent > removed {
        report.findings_total += 1;
        report.findings.push(format!(
            "{} leaves of the Merkle trees have no record, and retention removed only {removed}",
            report.absent
        ));
    }
    Ok(report)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    Failure::new(exit::IO, format!("{:#}", anyhow::Error::from(error))).into()
}
