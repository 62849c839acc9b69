//! What a witness keeps on disk: its key, and what it cosigned last.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use annals_engine::tiles::FileMark;
use annals_tlog::{Algorithm, SigningKey, VerifyingKey};
use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use tracing::info;

use crate::secrets;

/// The most logs that one witness watches, keys in a time of change counted each.
const LOGS_MAX: usize = 256;
/// The longest file of logs, bytes.
const LOGS_FILE_BYTES_MAX: u64 = 256 * 1024;

/// The files of a witness, which no other process has open.
pub(super) struct Files {
    pub(super) key: SigningKey,
    /// The greatest tree of each log that was cosigned.
    pub(super) state: FileMark,
    /// Held until the end.
    _lock: File,
}

impl Files {
    /// Opens the files, and makes them first where there are none.
    ///
    /// A key without a state is refused: a witness that forgot what it cosigned would cosign a fork.
    pub(super) fn open(state: &Path, key: &Path, name: Option<&str>) -> anyhow::Result<Self> {
        let lock = lock(&beside(state, "lock"))?;
        let is_new = !key.exists();
        if !is_new && !state.exists() {
            bail!(
                "`{}` is there, but `{}` is not: without what was cosigned under this key it must not \
                 cosign again; put the newest state back, or begin anew with another key",
                key.display(),
                state.display()
            );
        }
        if is_new {
            // The state first, so that what was interrupted can be begun again.
            let doing = || format!("writing `{}`", state.display());
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(state)
                .and_then(|file| file.sync_all())
                .with_context(doing)?;
            sync_dir_of(state).with_context(doing)?;
            make_key(key, name)?;
        }
        let text = secrets::text_for_the_owner_alone(key)
            .with_context(|| format!("reading the key of the witness `{}`", key.display()))?;
        let read = SigningKey::parse(text.trim())
            .with_context(|| format!("`{}` is no key of a witness", key.display()))?;
        ensure!(
            read.verifying_key().algorithm() == Algorithm::Cosignature,
            "`{}` is a log's key; a witness's key cosigns",
            key.display()
        );
        Ok(Self { key: read, state: FileMark::new(state.to_owned()), _lock: lock })
    }
}

fn make_key(path: &Path, name: Option<&str>) -> anyhow::Result<()> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *seed).context("making random bytes")?;
    let mut id = [0; 8];
    aws_lc_rs::rand::fill(&mut id).context("making random bytes")?;
    let name =
        name.map_or_else(|| format!("annals-witness/{}", HEXLOWER.encode(&id)), str::to_owned);
    let key = SigningKey::from_seed(&name, Algorithm::Cosignature, &seed)
        .with_context(|| format!("`--name` is `{name}`, which cannot be a name"))?;
    secrets::make(path, &key.to_secret_text())?;
    info!("made a key in `{}`; keep it, and the state beside it", path.display());
    Ok(())
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let doing = || format!("locking `{}`", path.display());
    let options = OpenOptions::new().append(true).create(true).mode(0o600).clone();
    let file = options.open(path).with_context(doing)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another witness has `{}`; only one may use a state", path.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(doing),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn sync_dir_of(path: &Path) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
}

/// The keys of the logs, by origin, as they stand on the command line and in a file.
pub(super) fn watched(
    named: &[String],
    file: Option<&Path>,
) -> anyhow::Result<BTreeMap<String, Vec<VerifyingKey>>> {
    let mut text = String::new();
    if let Some(file) = file {
        let doing = || format!("reading the logs `{}`", file.display());
        let open = fs::File::open(file).with_context(doing)?;
        open.take(LOGS_FILE_BYTES_MAX + 1).read_to_string(&mut text).with_context(doing)?;
        ensure!(
            text.len() as u64 <= LOGS_FILE_BYTES_MAX,
            "`{}` is longer than {LOGS_FILE_BYTES_MAX} bytes",
            file.display()
        );
    }
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let keys = named.iter().map(String::as_str).chain(lines).map(str::trim);
    let mut logs: BTreeMap<String, Vec<VerifyingKey>> = BTreeMap::new();
    for (number, text) in keys.filter(|text| !text.is_empty()).enumerate() {
        ensure!(number < LOGS_MAX, "there are more than {LOGS_MAX} keys of logs");
        let key = VerifyingKey::parse(text).with_context(|| format!("the log `{text}`"))?;
        ensure!(
            key.algorithm() == Algorithm::Note,
            "`{text}` is a witness's key; name the keys of logs"
        );
        logs.entry(key.name().to_owned()).or_default().push(key);
    }
    ensure!(!logs.is_empty(), "no log is named: give the `vkey` of each out of /tlog/log.json");
    Ok(logs)
}

#[cfg(test)]
mod tests;
