//! `annals restore`: a new data directory from a backup.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annals_archive::backup::{
    ErasedKey, Naming, Nowhere, Point, Repository, RestorePlan, Restored, plan, restore,
};
use annals_archive::objects::{Access, Place};
use annals_domain::Position;
use annals_engine::tiles::{FileMark, LogSigner, Mark, Marked};
use annals_ports::KeyStore;
use annals_record::RootKey;
use annals_store_sqlite::{DataDir, SqliteKeyStore};
use annals_tlog::{Hash, SignedCheckpoint};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::backup::{self, DirTarget};
use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::integrity::MARK;
use crate::master_key::Provider;
use crate::secrets::MASTER_KEY_FILE;
use crate::{root_key, telemetry};

/// What may lie in a directory that is restored into.
const MAY_BE_THERE: &[&str] = &["annals.lock", "lost+found", "master.key"];
/// The most bytes of a ledger or a checkpoint.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Makes a new data directory from a backup. Everything is checked before it can be opened: that no object
/// was changed, that records have the roots that were signed, that keys open. Who was erased since the
/// backup stays erased.
///
/// Name the file of the master key in `ANNALS_MASTER_KEY_FILE`, or put it as `master.key` into the new
/// directory. Exits with 2 when to go on under the log's name would be a fork.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// Where the backup is, as for `annals backup --to`
    #[arg(long, value_name = "URL")]
    from: String,
    /// The new data directory; empty, or made
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What was recorded up to this time, such as 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "position")]
    at: Option<Timestamp>,
    /// Records up to this position
    #[arg(long, value_name = "POSITION")]
    position: Option<u64>,
    /// Erasures that no backup knows yet: a line of JSON each, with `tenant`, `person` and `key_check`
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// The mark of what was signed, kept away from the lost data [default: `integrity.mark_file`]
    #[arg(long, value_name = "FILE")]
    mark_file: Option<PathBuf>,
    /// A checkpoint of the log that somebody kept, such as a witness
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Go on as a log of another name, which no log had
    #[arg(long, value_name = "NAME")]
    new_origin: Option<String>,
    /// Check everything, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(args: RestoreArgs) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref())?;
    let _log = telemetry::start_log_on_screen(&settings.log)?;
    refuse_used(&args.data_dir)?;
    let place = Place::open(&args.from, Access::Read)?;
    require_master_key(&args.data_dir, &settings)?;
    let roots = Repository::roots(&place).await?;
    let (root, wrapped) = root_key::of_any(&args.data_dir, &settings.keys, roots).await?;
    let repository = Repository::open(place, &root).await?;
    let signer = LogSigner::new(repository.origin(), RootKey::from_bytes(*root.expose()))?;
    let point = match (args.at, args.position) {
        (Some(time), _) => Point::Time(time),
        (None, Some(position)) => Point::Position(Position(position)),
        (None, None) => Point::Newest,
    };
    let ledger = args.ledger.as_deref().map(read_ledger).transpose()?.unwrap_or_default();
    let plan = plan(&repository, point, ledger).await?;
    let mark = args.mark_file.clone().unwrap_or_else(|| settings.integrity.mark_file.clone());
    let forks = plan.forks(&remembered(&args, &mark, &signer)?);
    let new = match &args.new_origin {
        None => refuse_fork(&forks, &plan).map(|()| None)?,
        Some(name) => Some(new_signer(name, &signer, &root)?),
    };
    let restored = match args.dry_run {
        true => {
            let all = (&repository, &plan, &root);
            fill(all, &signer, new.as_ref(), &mut Nowhere).await?
        }
        false => {
            let dir = DataDir::open(&args.data_dir)?;
            let filled = write(&dir, &repository, &plan, &root, &signer, new.as_ref(), &forks);
            match filled.await {
                Ok(restored) => {
                    let keys = SqliteKeyStore::open(dir.path())?;
                    keys.put_root_key(wrapped).await?;
                    restored
                }
                Err(error) => {
                    remove_all(dir.path());
                    return Err(error);
                }
            }
        }
    };
    tell(&args, &settings, &plan, &restored, &signer, new.as_ref(), &root)
}

/// Refuses a directory that holds anything.
fn refuse_used(dir: &Path) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("looking into `{}`", dir.display()))?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if !MAY_BE_THERE.iter().any(|there| name == *there) {
            let message = format!(
                "`{}` is not empty: it holds `{}`; a backup is restored into a new directory",
                dir.display(),
                name.display()
            );
            return Err(Failure::new(exit::USAGE, message).into());
        }
    }
    Ok(())
}

/// The key file must be there; none is made.
fn require_master_key(dir: &Path, settings: &Settings) -> anyhow::Result<()> {
    let is_named = std::env::var_os(MASTER_KEY_FILE).is_some();
    let is_file = settings.keys.provider == Provider::File;
    if !is_file || is_named || dir.join("master.key").is_file() {
        return Ok(());
    }
    let message = format!(
        "the master key is not in the backup: name its file in {MASTER_KEY_FILE}, or put it into `{}` as \
         `master.key`",
        dir.display()
    );
    Err(Failure::new(exit::USAGE, message).into())
}

fn new_signer(name: &str, old: &LogSigner, root: &RootKey) -> anyhow::Result<LogSigner> {
    if name == old.log() {
        let message = "`--new-origin` is the name the log had; give it another";
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let signer = LogSigner::new(name, RootKey::from_bytes(*root.expose()));
    signer.with_context(|| format!("`--new-origin` is `{name}`, which cannot be a name"))
}

/// Sizes of trees of this log that the mark and a kept checkpoint remember.
fn remembered(
    args: &RestoreArgs,
    mark: &Path,
    signer: &LogSigner,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let log = signer.origin("");
    let mut sizes = BTreeMap::new();
    if !mark.as_os_str().is_empty() {
        for (origin, marked) in FileMark::new(mark.to_owned()).all()? {
            if let Some(shard) = origin.strip_prefix(&log) {
                sizes.insert(shard.to_owned(), marked.size);
            }
        }
    }
    if let Some(file) = &args.checkpoint {
        let note = read_file(file)?;
        let origin = note.lines().next().unwrap_or_default();
        let Some(shard) = origin.strip_prefix(&log) else {
            bail!("`{}` is a checkpoint of `{origin}`, not of {}", file.display(), signer.log());
        };
        let signed = SignedCheckpoint::open(note.as_bytes(), &signer.verifying_key(shard)?)
            .with_context(|| format!("checking the checkpoint `{}`", file.display()))?;
        let size = sizes.entry(shard.to_owned()).or_default();
        *size = (*size).max(signed.checkpoint.size);
    }
    Ok(sizes)
}

fn refuse_fork(forks: &[(String, u64)], plan: &RestorePlan) -> anyhow::Result<()> {
    let Some((shard, size)) = forks.first() else { return Ok(()) };
    let message = format!(
        "a checkpoint of {size} records of {shard} was signed, and up to position {} there are fewer: to \
         sign again from there would make two histories under one name, which witnesses refuse. Restore a \
         newer backup, or give `--new-origin NAME` to go on as a log of another name",
        plan.until
    );
    Err(Failure::new(exit::TAMPERED, message).into())
}

fn read_ledger(file: &Path) -> anyhow::Result<Vec<ErasedKey>> {
    let text = read_file(file)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("reading line {} of `{}`", number + 1, file.display()))
        })
        .collect()
}

fn read_file(file: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading `{}`", file.display());
    let bytes = std::fs::metadata(file).with_context(reading)?.len();
    if bytes > FILE_BYTES_MAX {
        bail!("`{}` has {bytes} bytes; no such file has so many", file.display());
    }
    std::fs::read_to_string(file).with_context(reading)
}

/// What is restored from where, under which key.
type From<'a> = (&'a Repository, &'a RestorePlan, &'a RootKey);

async fn fill(
    (repository, plan, root): From<'_>,
    signer: &LogSigner,
    new: Option<&LogSigner>,
    target: &mut dyn annals_archive::backup::RestoreTarget,
) -> anyhow::Result<Restored> {
    let bar = ProgressBar::new(plan.snapshot.records());
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("restoring");
    let key = |shard: &str| signer.verifying_key(shard).ok();
    let sign = |shard: &str, size: u64, root: Hash| new?.checkpoint(shard, size, root);
    let naming = match new {
        None => Naming::Same(&key),
        Some(_) => Naming::New(&sign),
    };
    let restored = restore(repository, plan, root, naming, target, |done| {
        bar.set_position(done);
    });
    let restored = restored.await?;
    bar.finish_and_clear();
    Ok(restored)
}

async fn write(
    dir: &DataDir,
    repository: &Repository,
    plan: &RestorePlan,
    root: &RootKey,
    signer: &LogSigner,
    new: Option<&LogSigner>,
    forks: &[(String, u64)],
) -> anyhow::Result<Restored> {
    let mut target = DirTarget::begin(dir.path())?;
    let restored = fill((repository, plan, root), signer, new, &mut target).await?;
    let mark = FileMark::new(dir.path().join(MARK));
    for tree in restored.trees.iter().filter(|tree| !tree.note.is_empty()) {
        let marked = Marked { size: tree.size, root: Hash(tree.root) };
        mark.raise(&new.unwrap_or(signer).origin(&tree.name), None, marked)?;
    }
    // Under the old name nothing is signed any more: no tree has this root.
    for (shard, size) in forks {
        let never = Marked { size: *size, root: Hash([0; 32]) };
        mark.raise(&signer.origin(shard), None, never)?;
    }
    target.complete()?;
    Ok(restored)
}

/// Leaves the directory as it was found, as far as that goes.
fn remove_all(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if MAY_BE_THERE.iter().any(|there| name == *there) {
            continue;
        }
        let path = entry.path();
        // What cannot be removed keeps the directory from being used: it is not empty.
        let _ = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
    }
}

fn tell(
    args: &RestoreArgs,
    settings: &Settings,
    plan: &RestorePlan,
    restored: &Restored,
    signer: &LogSigner,
    new: Option<&LogSigner>,
    root: &RootKey,
) -> anyhow::Result<()> {
    let Restored { records, removed, head, cleansed, damaged_keys, runs_elsewhere, .. } = restored;
    let done = if args.dry_run { "checked" } else { "restored" };
    println!("{done} {records} records up to position {head} from {}", plan.snapshot.name);
    if *removed > 0 {
        println!("{removed} of them hold nothing: retention removed them");
    }
    if !runs_elsewhere.is_empty() {
        println!(
            "some were removed after that point, by runs of retention that are not in this log"
        );
    }
    if *cleansed > 0 {
        println!("{cleansed} keys were destroyed again, of persons who were erased since");
    }
    for key in damaged_keys {
        eprintln!("{}", backup::damaged(key));
    }
    let name = new.unwrap_or(signer).log();
    if settings.integrity.signer(root)?.log() != name {
        println!("set `integrity.origin = \"{name}\"` before the service is started");
    }
    if !args.dry_run {
        println!("search index, profiles and inboxes are made anew when the service starts");
    }
    Ok(())
}
