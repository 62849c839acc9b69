//! The commitments that were signed, a file of text a day.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

/// The longest file that is read, bytes; a commitment has less than a tenth of that.
const BYTES_MAX: u64 = 8 * 1024;
/// So many days are looked through for the newest: more than a hundred years.
const DAYS_MAX: usize = 40_000;

/// Keeps commitments in a directory of their own, each in a file that is named by its day.
#[derive(Debug)]
pub struct KeptHeads {
    directory: PathBuf,
}

/// A commitment was not read or not kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{path}`, where commitments to the ends of streams are kept, while {doing}")]
pub struct KeptError {
    path: PathBuf,
    doing: &'static str,
    #[source]
    source: io::Error,
}

impl KeptHeads {
    /// Commitments in this directory; it is made with the first.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The newest commitment with its day.
    pub fn newest(&self) -> Result<Option<(Date, String)>, KeptError> {
        let listing = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            listing => listing.map_err(|error| self.failed("listing it", error))?,
        };
        let mut newest = None;
        for entry in listing.take(DAYS_MAX) {
            let name = entry.map_err(|error| self.failed("listing it", error))?.file_name();
            let day: Option<Date> = name.to_str().and_then(|name| name.parse().ok());
            newest = newest.max(day);
        }
        let Some(day) = newest else { return Ok(None) };
        Ok(self.of(day)?.map(|note| (day, note)))
    }

    /// The commitment of a day.
    pub fn of(&self, day: Date) -> Result<Option<String>, KeptError> {
        let path = self.path(day);
        let read = fs::metadata(&path).and_then(|file| match file.len() {
            0..=BYTES_MAX => fs::read_to_string(&path),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        });
        match read {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("reading it", error)),
        }
    }

    /// Keeps the commitment of a day, in place of none: it is on disk when this answers.
    pub(super) fn keep(&self, day: Date, note: &str) -> Result<(), KeptError> {
        self.write(day, note).map_err(|error| self.failed("writing it", error))
    }

    fn write(&self, day: Date, note: &str) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let next = self.directory.join("next");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, self.path(day))?;
        File::open(&self.directory)?.sync_all()?;
        File::open(self.directory.parent().unwrap_or(Path::new("/")))?.sync_all()
    }

    fn path(&self, day: Date) -> PathBuf {
        self.directory.join(day.to_string())
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> KeptError {
        KeptError { path: self.directory.clone(), doing, source }
    }
}

#[cfg(test)]
mod tests;
