//! The data directory: private, and of one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::file::{make_private, sync_parent};

const LOCK_FILE: &str = "annals.lock";
/// Lies in a directory that a backup is being restored into.
pub(crate) const UNFINISHED: &str = "restore.unfinished";

/// The data directory, locked for this process until it is dropped.
///
/// The lock is the operating system's, so it also ends when the process is killed.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it.
    #[error(
        "the data directory `{path}` is in use by another process{holder}; stop that one first, or choose another directory"
    )]
    InUse {
        /// Which directory.
        path: PathBuf,
        /// Which process, as far as it told, in brackets.
        holder: String,
    },
    /// A backup was not restored to its end.
    #[error(
        "a backup was being restored into `{path}` and that did not end; empty the directory and restore again"
    )]
    Unfinished {
        /// Which directory.
        path: PathBuf,
    },
    /// It cannot be made or locked.
    #[error("cannot use the data directory `{path}` while {doing}")]
    Failed {
        /// Which directory.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DataDir {
    /// Locks the directory, and makes it first where there is none, for its owner alone.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] at once when another process has it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed =
            |doing| move |source| DataDirError::Failed { path: path.to_owned(), doing, source };
        if !path.is_dir() {
            create(path).map_err(failed("creating it"))?;
        }
        warn_if_open_to_others(path);
        let mut lock =
            open_lock_file(&path.join(LOCK_FILE)).map_err(failed("opening its lock file"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataDirError::InUse {
                    path: path.to_owned(),
                    holder: holder(&mut lock),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("locking it")(source)),
        }
        if path.join(UNFINISHED).exists() {
            return Err(DataDirError::Unfinished { path: path.to_owned() });
        }
        tell_holder(&mut lock).map_err(failed("writing its lock file"))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    make_private(&File::open(path)?, 0o700)?;
    sync_parent(path)
}

fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A directory that was there keeps its mode: a platform may have set it on purpose.
#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are of Unix"))]
fn warn_if_open_to_others(path: &Path) {
    #[cfg(unix)]
    if let Ok(metadata) = path.metadata() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        if mode & 0o007 != 0 {
            tracing::warn!(
                path = %path.display(),
                "the data directory is open to every user of this machine; run `chmod 700` on it"
            );
        }
    }
}

fn tell_holder(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.take(32).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!(" (process {})", text.trim()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
