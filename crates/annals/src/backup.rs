//! `annals backup`: a copy of the log and its keys, made while the service runs.

mod serving;
mod settings;
mod source;
mod target;

use std::path::{Path, PathBuf};

use annals_archive::backup::{
    DamagedKey, Holder, KeepRules, Kind, Lock, LockError, Made, MakeError, MakeSettings,
    READ_AGAIN_DAYS, Repository, make,
};
use annals_archive::objects::{Access, Place};
use annals_record::{RootKey, WrappedRoot};
use anyhow::Context;
use jiff::Timestamp;
use uuid::Uuid;

use crate::configuration::{EMBEDDED, Settings};
use crate::exit::{self, Failure};
use crate::{root_key, store, telemetry};
use source::DirSource;

pub(crate) use serving::serve;
pub(crate) use settings::BackupSettings;
pub(crate) use target::DirTarget;

/// The priority of `annals backup`: 0 is that of others, 19 the lowest.
const NICE: i32 = 15;
/// The file that tells a directory with a log.
const LOG: &str = "events.db";

/// Makes a backup of the log and its wrapped keys in a folder or an object store, also while the service
/// runs. The first is a full one; those that follow hold what is new, unless `--full` is given.
///
/// The master key is never in a backup: keep a copy of it elsewhere, without it none can be restored.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to: a folder, `s3://bucket/prefix`, `gs://…` or `az://…` [default: `backup.to`]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Read every record, also those that an earlier backup has
    #[arg(long)]
    full: bool,
    /// Read back what was written, and compare
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    verify: bool,
    /// Keep so many of the newest
    #[arg(long, value_name = "COUNT")]
    keep_last: Option<usize>,
    /// Keep the newest of each of so many days
    #[arg(long, value_name = "COUNT")]
    keep_daily: Option<usize>,
    /// Keep the newest of each of so many weeks
    #[arg(long, value_name = "COUNT")]
    keep_weekly: Option<usize>,
    /// Keep the newest of each of so many months
    #[arg(long, value_name = "COUNT")]
    keep_monthly: Option<usize>,
    /// Keep the newest of each of so many years
    #[arg(long, value_name = "COUNT")]
    keep_yearly: Option<usize>,
    /// Records a second at most; 0: as fast as it goes
    #[arg(long, value_name = "COUNT")]
    records_per_second: Option<u64>,
}

/// Has this thread, and all that it starts, run after others when processors are scarce: those who record
/// do not wait for a backup. A system that refuses that leaves it as it is.
pub(crate) fn give_way() {
    let _ = rustix::process::setpriority_process(None, NICE);
}

pub(crate) async fn run(args: BackupArgs) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    let _log = telemetry::start_log_on_screen(&settings.log)?;
    let to = args.to.as_deref().unwrap_or(&settings.backup.to);
    if to.is_empty() {
        let message = "tell where the backup goes: `--to URL`, or `backup.to` in the settings";
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let given = KeepRules {
        last: args.keep_last.unwrap_or(settings.backup.keep_last),
        daily: args.keep_daily.unwrap_or(settings.backup.keep_daily),
        weekly: args.keep_weekly.unwrap_or(settings.backup.keep_weekly),
        monthly: args.keep_monthly.unwrap_or(settings.backup.keep_monthly),
        yearly: args.keep_yearly.unwrap_or(settings.backup.keep_yearly),
    };
    let how = MakeSettings {
        full: args.full,
        verify: args.verify,
        keep: given,
        records_per_second: args.records_per_second.unwrap_or(settings.backup.records_per_second),
        read_again_days: READ_AGAIN_DAYS,
    };
    look_for_log(&args.data_dir, &settings)?;
    let root = root_key::of_directory(&args.data_dir, &settings.keys).await?;
    let made = make_one(&args.data_dir, &settings, root, to, &how).await?;
    println!("{}", told(&made));
    for key in &made.damaged_keys {
        eprintln!("{}", damaged(key));
    }
    Ok(())
}

/// Refuses what holds no embedded log.
fn look_for_log(dir: &Path, settings: &Settings) -> anyhow::Result<()> {
    store::refuse_copy(dir)?;
    if !settings.store.is_embedded() {
        let message = format!(
            "the log is kept on a server: back it up with the server's own means; this is for \
             `store.url = \"{EMBEDDED}\"`"
        );
        return Err(Failure::new(exit::USAGE, message).into());
    }
    if !dir.join(LOG).is_file() {
        let message = format!("there is no log in `{}`", dir.display());
        return Err(Failure::new(exit::IO, message).into());
    }
    Ok(())
}

/// Makes one backup, under the lock of its place. Of the root key its wrapped form is kept beside.
async fn make_one(
    dir: &Path,
    settings: &Settings,
    (root, wrapped): (RootKey, WrappedRoot),
    to: &str,
    how: &MakeSettings,
) -> anyhow::Result<Made> {
    let place = Place::open(to, Access::Write)?;
    let signer = settings.integrity.signer(&root)?;
    let now = Timestamp::now();
    let repository = Repository::open_or_make(place.clone(), &root, signer.log(), now).await?;
    repository.keep_root(&wrapped).await?;
    let lock = Lock::take(&place, this_process(), now, is_gone).await;
    let mut lock = lock.map_err(|error| explained(error.into()))?;
    let mut source = DirSource::open(dir, RootKey::from_bytes(*root.expose()))
        .context("opening the data directory for reading")?;
    let mut made = make(&repository, &mut source, &root, how, &mut lock).await;
    if made.is_ok()
        && let Err(error) = repository.keep_root_only(&wrapped).await
    {
        made = Err(error.into());
    }
    let released = lock.release().await;
    let made = made.map_err(explained)?;
    released.context("letting go of the lock")?;
    Ok(made)
}

fn explained(error: MakeError) -> anyhow::Error {
    match &error {
        MakeError::OtherLog(_) => Failure::new(exit::TAMPERED, error.to_string()).into(),
        MakeError::Lock(LockError::Held { .. }) => {
            Failure::new(exit::LATER, error.to_string()).into()
        }
        _ => error.into(),
    }
}

fn this_process() -> Holder {
    Holder {
        host: host(),
        processes: processes(),
        process: std::process::id(),
        token: Uuid::new_v4().to_string(),
    }
}

/// Whether whoever had the lock was among the processes that are seen from here, and runs no more.
fn is_gone(holder: &Holder) -> bool {
    let here = processes();
    !here.is_empty()
        && holder.processes == here
        && Path::new("/proc/1").exists()
        && !Path::new("/proc").join(holder.process.to_string()).exists()
}

/// Tells processes that see each other from all others: since this start of the machine, in this container.
/// Empty where that cannot be told.
fn processes() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    match (boot, namespace) {
        (Ok(boot), Ok(namespace)) => format!("{} {}", boot.trim(), namespace.display()),
        _ => String::new(),
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

fn told(made: &Made) -> String {
    let Made { snapshot, records, bytes, deleted, cleansed, renewed, .. } = made;
    let kind = match snapshot.kind {
        Kind::Full => "full",
        Kind::Incremental => "incremental",
    };
    let mut text = format!(
        "{}: {kind}, up to position {}; {records} records read, {bytes} bytes written, {} records in \
         {} bytes all in all",
        snapshot.name,
        snapshot.head(),
        snapshot.records(),
        snapshot.bytes()
    );
    if *deleted > 0 {
        text.push_str(&format!("; {deleted} older deleted"));
    }
    if *cleansed > 0 {
        text.push_str(&format!("; {cleansed} keys of erased persons taken out of older ones"));
    }
    if *renewed > 0 {
        text.push_str(&format!("; {renewed} older pieces made anew"));
    }
    text
}

/// What is to be known of a key that does not open.
pub(crate) fn damaged(DamagedKey { tenant, id }: &DamagedKey) -> String {
    match id {
        Some(id) => format!(
            "the key {id} of the tenant {tenant} is damaged in `keys.db`: what lies under it \
             cannot be read; an older backup may have it whole"
        ),
        None => format!(
            "the key of the tenant {tenant} is damaged in `keys.db`: nothing of its persons can be \
             read; an older backup may have it whole"
        ),
    }
}
