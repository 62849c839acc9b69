//! `annals verify`: whether the log is whole.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use annals_engine::open_every_record;
use annals_store_sqlite::{DataDir, SqliteEventLog, SqliteKeyStore, VerifyError};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::{self, Failure};
use crate::secrets;

/// Checks that every record of the log is there, in order, and as it was written.
///
/// Exits with 0 when the log is whole, with 2 when something was changed (each finding is named),
/// with 74 when files cannot be read. Stop the service first.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
}

pub(crate) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    if !args.data_dir.is_dir() {
        let message = format!("there is no data directory `{}`", args.data_dir.display());
        return Err(Failure::new(exit::IO, message).into());
    }
    let dir = DataDir::open(&args.data_dir).map_err(unreadable)?;
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let report = annals_store_sqlite::verify(dir.path(), |progress| {
        bar.set_message(progress.doing);
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    let report = report.map_err(|error: VerifyError| unreadable(error))?;
    let mut findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let mut total = report.findings_total;
    // A file that is not whole cannot be opened as a log.
    if report.is_whole() {
        bar.set_message("opening every record");
        let opened = open_records(&dir, &bar).await?;
        findings.extend(opened.findings);
        total += opened.findings_total;
    }
    bar.finish_and_clear();
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}").context("writing the findings")?;
    }
    match total {
        0 => {
            writeln!(out, "whole: {} records", report.records).context("writing the result")?;
            Ok(())
        }
        total => {
            let message = format!("{total} findings in {} records", report.records);
            Err(Failure::new(exit::TAMPERED, message).into())
        }
    }
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
