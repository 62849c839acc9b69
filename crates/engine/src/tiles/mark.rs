//! The mark: the greatest tree of each shard that was ever signed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use annals_tlog::Hash;

/// The most bytes a file of marks may have: a line for each of a thousand years.
const BYTES_MAX: u64 = 256 * 1024;

/// A tree that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// The mark was not read or not raised.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// The file cannot be read or written.
    #[error("cannot use `{path}`, the mark of what was signed, while {doing}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("`{path}` is no mark of what was signed: line {line} is not `origin size root`")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
}

/// Remembers what was signed. Blocking.
pub trait Mark: Send + Sync + 'static {
    /// The greatest tree of each origin that was signed.
    fn all(&self) -> Result<BTreeMap<String, Marked>, MarkError>;

    /// The greatest tree of the origin that was signed.
    fn of(&self, origin: &str) -> Result<Option<Marked>, MarkError> {
        Ok(self.all()?.remove(origin))
    }

    /// Raises the mark, if it is still `from`; answers whether it was. What was answered is on disk.
    fn raise(&self, origin: &str, from: Option<Marked>, to: Marked) -> Result<bool, MarkError>;
}

/// Marks in a small file of text, a line an origin, replaced as a whole.
#[derive(Debug)]
pub struct FileMark {
    path: PathBuf,
    /// One at a time.
    turn: Mutex<()>,
}

impl FileMark {
    /// The marks in this file; it is made with the first.
    pub fn new(path: PathBuf) -> Self {
        Self { path, turn: Mutex::default() }
    }

    fn read(&self) -> Result<BTreeMap<String, Marked>, MarkError> {
        let text = match fs::metadata(&self.path) {
            Ok(file) if file.len() > BYTES_MAX => {
                return Err(self.failed("reading it", io::ErrorKind::FileTooLarge.into()));
            }
            Ok(_) => fs::read_to_string(&self.path).map_err(|e| self.failed("reading it", e))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(self.failed("reading it", error)),
        };
        let lines = text.lines().enumerate();
        lines
            .map(|(number, line)| {
                let malformed =
                    || MarkError::Malformed { path: self.path.clone(), line: number + 1 };
                parsed(line).ok_or_else(malformed)
            })
            .collect()
    }

    fn write(&self, marks: &BTreeMap<String, Marked>) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        for (origin, Marked { size, root }) in marks {
            writeln!(file, "{origin} {size} {}", root.to_base64())?;
        }
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> MarkError {
        MarkError::Io { path: self.path.clone(), doing, source }
    }
}

impl Mark for FileMark {
    fn all(&self) -> Result<BTreeMap<String, Marked>, MarkError> {
        self.read()
    }

    fn raise(&self, origin: &str, from: Option<Marked>, to: Marked) -> Result<bool, MarkError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = self.read()?;
        if marks.get(origin).copied() != from {
            return Ok(false);
        }
        marks.insert(origin.to_owned(), to);
        self.write(&marks).map_err(|error| self.failed("writing it", error))?;
        Ok(true)
    }
}

fn parsed(line: &str) -> Option<(String, Marked)> {
    let mut words = line.split(' ');
    let (origin, size, root) = (words.next()?, words.next()?, words.next()?);
    let marked = Marked { size: size.parse().ok()?, root: Hash::from_base64(root)? };
    (words.next().is_none() && !origin.is_empty()).then(|| (origin.to_owned(), marked))
}

#[cfg(test)]
mod tests;
