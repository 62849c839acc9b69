//! `annals archive`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use annals_archive::objects::{Access, Place};
use annals_domain::TenantId;
use annals_ports::TreeStore;
use annals_ports::archive::Month;
use anyhow::Context;

use super::{events, key, restoring, verifying};
use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::installation::Installation;
use crate::{root_key, telemetry};

/// Closed months outside of the log: writes, lists, checks and restores them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ArchiveCommand {
    /// Archives every month that is closed, and ends. Stop the service first; a running one does it by itself
    Run(DataArgs),
    /// Lists what an archive has, without looking inside
    List(ListArgs),
    /// Checks an archive with nothing but its objects and public keys. Exits with 2 when something was changed
    Verify(verifying::VerifyArgs),
    /// Restores one month into a new data directory
    Restore(restoring::RestoreArgs),
    /// Prints the public keys that the archive of this log is checked with, one a line
    Keys(DataArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DataArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// A path, or a URL such as `s3://bucket/prefix`
    place: String,
    /// Only what this tenant has
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

pub(crate) async fn run(command: ArchiveCommand) -> anyhow::Result<()> {
    match command {
        ArchiveCommand::Run(args) => archive(&args).await,
        ArchiveCommand::List(args) => list(&args).await,
        ArchiveCommand::Verify(args) => verifying::run(args).await,
        ArchiveCommand::Restore(args) => restoring::run(args).await,
        ArchiveCommand::Keys(args) => print_keys(&args).await,
    }
}

async fn archive(args: &DataArgs) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    if !settings.archive.is_on() {
        let message = "`archive.to` is empty: name in the configuration where closed months go";
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let _log = telemetry::start_log(&settings.log, &args.data_dir)?;
    let installation = Installation::open(&args.data_dir, &settings).await?;
    let clock = installation.clock().await?;
    let archiver = installation.archiver(&settings)?;
    let system = installation.start(&settings).await?;
    let stored = archiver.run(clock.now()).await;
    for month in stored.as_ref().map_or(&[][..], Vec::as_slice) {
        events::record(month, &system.recorder, &installation.catalogue).await;
        let records: u64 = month.tenants.iter().map(|stored| stored.manifest.records).sum();
        println!("{}: {records} records of {} tenants", month.month, month.tenants.len());
    }
    system.stop().await;
    installation.close().await;
    let stored =
        stored.context("archiving closed months; what was begun is gone on with next time")?;
    println!("{} months archived", stored.len());
    Ok(())
}

async fn list(args: &ListArgs) -> anyhow::Result<()> {
    let wanted = args.tenant.as_deref().map(TenantId::new).transpose()?;
    let place = Place::open(&args.place, Access::Read)?;
    // Log, tenant and month; how many objects and bytes, and whether the month is whole.
    let mut months: BTreeMap<(String, String, Month), (u64, u64, bool)> = BTreeMap::new();
    for object in place.list("archive").await? {
        let parts: Vec<&str> = object.name.split('/').collect();
        let [_, log, tenant, month, name] = parts.as_slice() else { continue };
        let Ok(month) = month.parse() else { continue };
        if wanted.as_ref().is_some_and(|wanted| wanted.as_str() != *tenant) {
            continue;
        }
        let told = months.entry(((*log).to_owned(), (*tenant).to_owned(), month)).or_default();
        told.0 += 1;
        told.1 += object.bytes;
        told.2 |= *name == "manifest.json";
    }
    for ((log, tenant, month), (objects, bytes, is_whole)) in &months {
        let state = if *is_whole { "" } else { "  not whole" };
        println!("{log}  {tenant}  {month}  {objects} objects  {bytes} bytes{state}");
    }
    println!("{} months", months.len());
    Ok(())
}

async fn print_keys(args: &DataArgs) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    if !args.data_dir.is_dir() {
        let message = format!("there is no data directory `{}`", args.data_dir.display());
        return Err(Failure::new(exit::IO, message).into());
    }
    let (root, _) = root_key::of_directory(&args.data_dir, &settings.keys).await?;
    let signer = settings.integrity.signer(&root)?;
    println!("{}", key(&signer)?.verifying_key());
    let trees: Arc<dyn TreeStore> =
        Arc::new(annals_store_sqlite::SqliteTrees::open(&args.data_dir)?);
    for shard in trees.shards().context("reading the Merkle trees")? {
        println!("{}", signer.verifying_key(&shard.name)?);
    }
    Ok(())
}
