//! `annals bench`: measures a service from outside, over loopback HTTP, and prints the result as
//! JSON.
//!
//! Without `--url` it starts a service of its own with the same binary and the shipped settings: on a
//! new data directory that is removed afterwards, or on one that `annals bench prepare` filled. The
//! load comes from the same machine, so its own work is part of the price.

mod backup;
mod client;
mod command;
mod export;
mod fill;
mod ingest;
mod latency;
mod live;
mod load;
mod machine;
mod markdown;
mod mixed;
mod overload;
mod pace;
mod prepare;
mod process;
mod questions;
mod rebuild;
mod search;
mod service;
mod started;
mod stats;
mod telling;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;

use service::Service;

/// Measures a service: how fast it records, finds and tells.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(subcommand)]
    what: What,
}

/// Which service to measure.
#[derive(Debug, Clone, Args)]
struct TargetArgs {
    /// A running service, such as `http://127.0.0.1:8080`; without it one is started
    #[arg(long, value_name = "URL", requires = "token")]
    url: Option<String>,
    /// A token of an admin of that service
    #[arg(long, value_name = "TOKEN", env = "ANNALS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A directory that `annals bench prepare` filled, or is to fill: its events are used, and kept
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Where a started service keeps its data; removed afterwards [default: a new directory]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where a started service keeps its log, as for `annals serve` [default: sqlite]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Makes the generated events differ from those of earlier runs
    #[arg(long, default_value_t = 42, global = true)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Filling a directory that the others use by `--data`
    Prepare(prepare::PrepareArgs),
    /// Recording: in bulk, one by one, and until found
    Ingest(ingest::IngestArgs),
    /// Taking events out of the log
    Export(export::ExportArgs),
    /// Finding, by class of question
    Search(search::SearchArgs),
    /// Counting, by class of question
    Stats(stats::StatsArgs),
    /// Recording and finding at once
    Mixed(mixed::MixedArgs),
    /// Telling subscribers
    Live(live::LiveArgs),
    /// Telling people: in their inbox, by webhook, by mail
    Telling(telling::TellingArgs),
    /// Making the index and the profiles anew
    Rebuild(rebuild::RebuildArgs),
    /// Backups beside recording, and restoring one
    Backup(backup::BackupArgs),
    /// More than can be done, and one tenant's flood beside another
    Overload(overload::OverloadArgs),
    /// Tables of results that were kept
    Markdown(markdown::MarkdownArgs),
}

pub(crate) fn run(args: BenchArgs) -> anyhow::Result<()> {
    if let What::Markdown(markdown) = &args.what {
        return markdown::run(markdown);
    }
    let prepares = matches!(args.what, What::Prepare(_));
    if prepares && args.target.data.is_none() {
        bail!("say by `--data DIR` which directory to fill");
    }
    if args.target.data.is_some() && (args.target.url.is_some() || args.target.data_dir.is_some()) {
        bail!(
            "`--data` names a directory that is kept; it does not go with `--url` or `--data-dir`"
        );
    }
    let receivers = match &args.what {
        What::Telling(_) => Some(telling::Receivers::start()?),
        _ => None,
    };
    let settings = receivers.as_ref().map(telling::Receivers::settings).unwrap_or_default();
    let mut service = Service::obtain(&args.target, prepares, &settings)?;
    let seed = match service.filled() {
        // What is sent again is stored once: on kept data, each run needs events of its own.
        Some(_) => fresh_seed(),
        None => args.target.seed,
    };
    let mut result = match args.what {
        What::Prepare(prepare) => {
            let dir =
                args.target.data.context("a directory to fill, which was looked for above")?;
            prepare::run(&mut service, &dir, &prepare, seed)?
        }
        What::Ingest(ingest) => ingest::run(&service, &ingest, seed)?,
        What::Export(export) => export::run(&service, &export, seed)?,
        What::Search(search) => search::run(&service, &search, seed)?,
        What::Stats(stats) => stats::run(&service, &stats, seed)?,
        What::Mixed(mixed) => mixed::run(&service, &mixed, seed)?,
        What::Live(live) => live::run(&service, &live, seed)?,
        What::Telling(telling) => {
            let receivers = receivers.context("receivers, which were started above")?;
            telling::run(&service, &receivers, &telling, seed)?
        }
        What::Rebuild(rebuild) => rebuild::run(&mut service, &rebuild, seed)?,
        What::Backup(backup) => backup::run(&mut service, &backup, seed)?,
        What::Overload(overload) => overload::run(&service, &overload, seed)?,
        What::Markdown(_) => Value::Null,
    };
    result["machine"] = machine::description();
    service.end()?;
    print(&result)
}

/// Another one at each run.
fn fresh_seed() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default()
}

fn print(result: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(result)?);
    Ok(())
}
