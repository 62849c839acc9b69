//! `annals archive restore`: one month into a new data directory of its own.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use annals_archive::archive::{Archive, Asked, verify};
use annals_archive::objects::{Access, Place};
use annals_domain::TenantId;
use annals_engine::tiles::LogSigner;
use annals_ports::archive::{ArchiveReader, Month};
use annals_ports::{KeyStore, LogEntry};
use annals_store_sqlite::{DataDir, DataDirCopy, FillingDir, SqliteKeyStore, Stored, StoredRow};
use anyhow::Context;

use super::verifying::read_keys;
use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::{root_key, secrets};

/// The settings that a restored directory is served with.
const SETTINGS: &str = "restored.toml";
/// The file of the master key.
const MASTER_KEY: &str = "master.key";

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// A path, or a URL such as `s3://bucket/prefix`
    place: String,
    /// Which month, such as `2026-03`
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// Only what this tenant has
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The new data directory; it must not hold a log
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The data directory whose keys open the records; it may be in use
    #[arg(long, value_name = "DIR")]
    keys_from: PathBuf,
    /// Settings of the log that was archived
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: RestoreArgs) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    let (root, wrapped) = root_key::of_directory(&args.keys_from, &settings.keys).await?;
    let signer = settings.integrity.signer(&root)?;
    let key = super::key(&signer)?;
    let place = Place::open(&args.place, Access::Read)?;
    let tenant = args.tenant.as_deref().map(TenantId::new).transpose()?;
    check(&place, &key.verifying_key().to_string(), &signer, args.month, tenant.as_ref()).await?;
    let tenants = match tenant {
        Some(tenant) => BTreeSet::from([tenant]),
        None => tenants_of(&place, signer.log(), args.month).await?,
    };
    let archive = Archive::new(place, signer.log(), key);
    let dir = DataDir::open(&args.data_dir)?;
    if dir.path().join("events.db").exists() {
        let message =
            format!("`{}` holds a log already; name a new directory", args.data_dir.display());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let mut filling = FillingDir::begin(dir.path())?;
    let records = fill(&archive, &mut filling, args.month, &tenants).await?;
    copy_keys(&args.keys_from, &mut filling, &tenants)?;
    let beside = args.keys_from.join(MASTER_KEY);
    if beside.is_file() {
        let text = secrets::text_for_the_owner_alone(&beside).context("reading the master key")?;
        write_for_owner(&dir.path().join(MASTER_KEY), text.trim())?;
    }
    write_for_owner(&dir.path().join(SETTINGS), &settings_text(signer.log(), args.month))?;
    filling.finish()?;
    SqliteKeyStore::open(dir.path())?.put_root_key(wrapped).await?;
    let shown = args.data_dir.display();
    println!("restored {records} records of {}; look at them with", args.month);
    println!("annals serve --data-dir {shown} --config {shown}/{SETTINGS}");
    Ok(())
}

async fn tenants_of(place: &Place, log: &str, month: Month) -> anyhow::Result<BTreeSet<TenantId>> {
    let ending = format!("/{month}/manifest.json");
    let root = annals_archive::archive::root(log);
    let listed = place.list(&root).await?;
    let tenants = listed.iter().filter_map(|object| {
        let tenant = object.name.strip_prefix(&root)?.strip_prefix('/')?.strip_suffix(&ending)?;
        TenantId::new(tenant).ok()
    });
    Ok(tenants.collect())
}

/// Nothing is restored that is not whole. Without a tenant the manifests of all that the month's mark names
/// must be there.
async fn check(
    place: &Place,
    key: &str,
    signer: &LogSigner,
    month: Month,
    tenant: Option<&TenantId>,
) -> anyhow::Result<()> {
    // A month lies in the tree of its year.
    let shard = signer.verifying_key(&month.to_string()[..4])?;
    let keys = read_keys(&[key.to_owned(), shard.to_string()], None)?;
    let asked = Asked { tenant: tenant.cloned(), month: Some(month) };
    let report = verify(place, &keys, &asked, |_, _| {}).await?;
    if report.is_whole() {
        return Ok(());
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    let message = format!("{} findings; nothing was restored", report.findings_total);
    Err(Failure::new(exit::TAMPERED, message).into())
}

async fn fill(
    archive: &Archive,
    filling: &mut FillingDir,
    month: Month,
    tenants: &BTreeSet<TenantId>,
) -> anyhow::Result<u64> {
    let mut records = 0;
    for tenant in tenants {
        let months = archive.months(tenant).await?;
        let Some(found) = months.into_iter().find(|it| it.month == month) else { continue };
        for number in 0..found.pieces.len() {
            let entries = archive.piece(tenant, month, number).await?;
            records += entries.len() as u64;
            filling.records(entries.into_iter().map(row).collect())?;
        }
    }
    if records == 0 {
        let message = format!("the archive has nothing of {month}");
        return Err(Failure::new(exit::USAGE, message).into());
    }
    Ok(records)
}

fn row(entry: LogEntry) -> StoredRow {
    let LogEntry { position, revision, record } = entry;
    let stored = Stored::Record(record.encode());
    let (id, fingerprint) = (record.id, record.fingerprint);
    StoredRow {
        position,
        revision,
        stream: record.stream,
        tenant: record.tenant,
        id,
        fingerprint,
        stored,
    }
}

/// The keys that exist now: who was erased since stays unreadable.
fn copy_keys(
    from: &Path,
    filling: &mut FillingDir,
    tenants: &BTreeSet<TenantId>,
) -> anyhow::Result<()> {
    let mut keys = DataDirCopy::open(from)?.all_keys()?;
    keys.tenants.retain(|(tenant, _)| tenants.contains(tenant));
    keys.persons.retain(|key| tenants.contains(&key.tenant));
    filling.keys(&keys.tenants, &keys.persons)?;
    Ok(())
}

/// A log of its own name, so that nothing is signed in the name of the one it came from; it takes no events.
fn settings_text(log: &str, month: Month) -> String {
    format!(
        "# A month out of the archive of {log}, to be looked at.\n\
         [node]\nroles = [\"query\", \"project\"]\n\n\
         [integrity]\norigin = \"{log}/restored/{month}\"\n"
    )
}

fn write_for_owner(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| writeln!(file, "{}", text.trim_end()))
        .with_context(|| format!("writing `{}`", path.display()))
}
