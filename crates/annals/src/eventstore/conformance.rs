//! `annals eventstore conformance`: whether a server does all that Annals needs of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annals_ports::contract::{self, Case};
use annals_ports::{EventLog, KeyStore, SharedRegisters};
use annals_record::MarkKey;
use annals_store_eventstoredb::{Address, EventStoreLog, Sandbox, Settings};
use annals_store_sqlite::SqliteReplica;
use anyhow::Context;
use serde_json::json;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::parsed;
use crate::exit::{self, Failure};

/// How long one case may take.
const CASE_PATIENCE: Duration = Duration::from_secs(120);

/// Runs the contracts of the log, the keys and the registers against a server, in streams of its own.
///
/// Exits with 1 when a case fails. The streams are deleted afterwards; their events leave the server's
/// files with its next scavenge.
#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceArgs {
    /// The server: `esdb://[user:password@]host:2113[?tls=false]`
    #[arg(long, value_name = "URL", env = "ANNALS_STORE__URL", hide_env_values = true)]
    url: String,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Go on though the server holds streams of others
    #[arg(long)]
    allow_foreign_streams: bool,
}

/// What became of a case.
struct Outcome {
    name: String,
    /// `None`: it passed.
    failure: Option<String>,
    seconds: f64,
}

pub(crate) async fn run(args: ConformanceArgs) -> anyhow::Result<()> {
    let address = parsed(&args.url)?;
    let failed = |refusal: annals_store_eventstoredb::Refusal| {
        Failure::new(exit::FAILED, refusal.to_string())
    };
    let sandbox = Sandbox::open(&address).await.map_err(failed)?;
    if !args.allow_foreign_streams
        && let Some(stream) = sandbox.foreign_stream().await.map_err(failed)?
    {
        let message = format!(
            "{address} holds a stream `{stream}` of somebody else; use a server for trying out, or \
             pass --allow-foreign-streams"
        );
        return Err(Failure::new(exit::FAILED, message).into());
    }
    let nodes = Nodes::new(&address, sandbox.namespace())?;
    let outcomes = run_all(&nodes, args.json).await;
    let cleaned = sandbox.clean_up().await;
    std::fs::remove_dir_all(&nodes.dir).context("removing the copies")?;
    let outcomes = outcomes?;
    let failures = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    if args.json {
        print_json(&address, &sandbox, &outcomes)?;
    } else {
        println!(
            "{} of {} cases passed on {address}, version {}",
            outcomes.len() - failures,
            outcomes.len(),
            sandbox.version()
        );
    }
    let streams = cleaned.map_err(failed).context("removing the streams of the suite")?;
    if !args.json {
        println!("{streams} streams were deleted again");
    }
    match failures {
        0 => Ok(()),
        failures => Err(Failure::new(exit::FAILED, format!("{failures} cases failed")).into()),
    }
}

fn print_json(address: &Address, sandbox: &Sandbox, outcomes: &[Outcome]) -> anyhow::Result<()> {
    let cases: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.name,
                "passed": outcome.failure.is_none(),
                "failure": outcome.failure,
                "seconds": outcome.seconds,
            })
        })
        .collect();
    let report = json!({
        "address": address.to_string(),
        "version": sandbox.version(),
        "passed": outcomes.iter().all(|outcome| outcome.failure.is_none()),
        "cases": cases,
    });
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Nodes on one server, each with a copy of its own.
#[derive(Clone)]
struct Nodes {
    address: Address,
    namespace: String,
    dir: PathBuf,
}

impl Nodes {
    fn new(address: &Address, namespace: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("annals-conformance-{}", Uuid::new_v4()));
        std::fs::create_dir(&dir).with_context(|| format!("making `{}`", dir.display()))?;
        Ok(Self { address: address.clone(), namespace: namespace.to_owned(), dir })
    }

    async fn open(&self, name: &str) -> anyhow::Result<EventStoreLog> {
        let dir: &Path = &self.dir.join(name);
        std::fs::create_dir_all(dir).with_context(|| format!("making `{}`", dir.display()))?;
        let settings = Settings { namespace: self.namespace.clone(), ..Settings::default() };
        let replica = Arc::new(SqliteReplica::open(dir)?);
        let (address, marks) = (self.address.clone(), MarkKey::new(&[0; 32]));
        Ok(EventStoreLog::open(address, settings, replica, "conformance".into(), marks).await?)
    }
}

async fn run_all(nodes: &Nodes, quiet: bool) -> anyhow::Result<Vec<Outcome>> {
    let log = Arc::new(nodes.open("first").await?);
    let keys: Arc<dyn KeyStore> = Arc::new(log.keys());
    let registers: Arc<dyn SharedRegisters> = Arc::new(log.registers());
    let log: Arc<dyn EventLog> = log;
    let second: Arc<dyn EventLog> = Arc::new(nodes.open("second").await?);
    let suites = [
        ("event_log", contract::event_log::cases(&log)),
        ("event_log_of_two_nodes", contract::nodes::cases(&log, &second)),
        ("event_log_reopened", vec![reopening(nodes.clone())]),
        ("key_store", contract::key_store::cases(&keys)),
        ("registers", contract::registers::cases(&registers)),
    ];
    let mut outcomes = Vec::new();
    for (suite, cases) in suites {
        for case in cases {
            let outcome = run_one(suite, case).await;
            if !quiet {
                let mark = if outcome.failure.is_none() { "pass" } else { "FAIL" };
                println!("{mark}  {}  {:.2} s", outcome.name, outcome.seconds);
                if let Some(failure) = &outcome.failure {
                    println!("      {failure}");
                }
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

fn reopening(nodes: Nodes) -> Case {
    let suite = move || {
        Handle::current().block_on(contract::event_log::reopening_keeps_everything(async || {
            let log = nodes.open("reopened").await.expect("the server works");
            log.caught_up().await;
            Arc::new(log) as Arc<dyn EventLog>
        }));
    };
    let run = Box::pin(async move {
        // Its future stays on one thread.
        if let Err(panic) = tokio::task::spawn_blocking(suite).await {
            std::panic::resume_unwind(panic.into_panic());
        }
    });
    Case { name: "reopening_keeps_everything", run }
}

/// A case that panics has failed.
async fn run_one(suite: &str, case: Case) -> Outcome {
    let begun = std::time::Instant::now();
    let running = tokio::spawn(case.run);
    let failure = match tokio::time::timeout(CASE_PATIENCE, running).await {
        Ok(Ok(())) => None,
        Ok(Err(panic)) => Some(told(panic.into_panic())),
        Err(_) => Some(format!("it took longer than {} s", CASE_PATIENCE.as_secs())),
    };
    let name = format!("{suite}: {}", case.name.replace('_', " "));
    Outcome { name, failure, seconds: begun.elapsed().as_secs_f64() }
}

/// What a panic said.
fn told(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map_or("it panicked".into(), |text| (*text).into()),
    }
}
