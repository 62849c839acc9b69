//! `annals bench`: measures a service from outside, over loopback HTTP, and prints the result as
//! JSON.
//!
//! Without `--url` it starts a service of its own on a new data directory, with the same binary and
//! the shipped settings, and removes it afterwards. The load comes from the same machine, so its
//! own work is part of the price.

mod client;
mod export;
mod ingest;
mod latency;
mod live;
mod machine;
mod overload;
mod search;
mod service;
mod stats;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

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
    /// Where a started service keeps its data; removed afterwards [default: a new directory]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where a started service keeps its log, as for `annals serve` [default: sqlite]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Makes the generated events differ from those of earlier runs
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recording: in bulk, one by one, and until found
    Ingest(ingest::IngestArgs),
    /// Taking events out of the log
    Export(export::ExportArgs),
    /// Finding, by class of query
    Search(search::SearchArgs),
    /// Counting, by class of question
    Stats(stats::StatsArgs),
    /// Telling subscribers
    Live(live::LiveArgs),
    /// More than can be done, and one tenant's flood beside another
    Overload(overload::OverloadArgs),
}

pub(crate) fn run(args: BenchArgs) -> anyhow::Result<()> {
    let service = service::Service::obtain(&args.target)?;
    let seed = args.target.seed;
    let mut result = match args.what {
        What::Ingest(ingest) => ingest::run(&service, &ingest, seed)?,
        What::Export(export) => export::run(&service, &export, seed)?,
        What::Search(search) => search::run(&service, &search, seed)?,
        What::Stats(stats) => stats::run(&service, &stats, seed)?,
        What::Live(live) => live::run(&service, &live, seed)?,
        What::Overload(overload) => overload::run(&service, &overload, seed)?,
    };
    result["machine"] = machine::description();
    service.end()?;
    print(&result)
}

fn print(result: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(result)?);
    Ok(())
}
