//! The file of the operations log: a new one each day and when it is large, a bounded number of them,
//! for their owner alone.
//!
//! What cannot be written there stands on standard error all the same; the service goes on, and the next
//! line is tried again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

/// Writes lines, whole and one by one.
pub(crate) struct OperationsFile {
    path: PathBuf,
    bytes_max: u64,
    files_max: usize,
    today: fn() -> Date,
    open: Option<Open>,
    /// The last line could not be written; that was told.
    failing: bool,
}

struct Open {
    file: File,
    bytes: u64,
    since: Date,
}

impl OperationsFile {
    /// Nothing is opened before the first line.
    pub(crate) fn new(path: PathBuf, bytes_max: u64, files_max: usize) -> Self {
        Self { path, bytes_max, files_max, today, open: None, failing: false }
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let today = (self.today)();
        let open = match self.open.take() {
            Some(open) => open,
            None => self.open_current(today)?,
        };
        let outgrown = open.bytes > 0 && open.bytes + line.len() as u64 > self.bytes_max;
        let mut open = match outgrown || open.since != today {
            false => open,
            true => {
                drop(open);
                self.shift()?;
                self.open_current(today)?
            }
        };
        open.file.write_all(line)?;
        open.bytes += line.len() as u64;
        self.open = Some(open);
        Ok(())
    }

    fn open_current(&self, today: Date) -> io::Result<Open> {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        // The data directory itself is made by who locks it.
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let metadata = file.metadata()?;
        let written = metadata.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
        let since = written.map_or(today, |at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
        // What an empty file was last written at says nothing.
        let since = if metadata.len() == 0 { today } else { since };
        Ok(Open { file, bytes: metadata.len(), since })
    }

    /// Makes room for a new file: each older one gets the next number, the oldest goes.
    fn shift(&self) -> io::Result<()> {
        let numbered = |number: usize| match number {
            0 => self.path.clone(),
            number => {
                let mut name = self.path.clone().into_os_string();
                name.push(format!(".{number}"));
                PathBuf::from(name)
            }
        };
        let kept = self.files_max.max(2) - 1;
        for number in (0..kept).rev() {
            match std::fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Write for OperationsFile {
    /// Takes a line; never fails, for a log that cannot be written must not stop who writes it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.write_line(line) {
            Ok(()) => self.failing = false,
            Err(error) => {
                metrics::counter!("annals_operations_log_failures_total").increment(1);
                if !std::mem::replace(&mut self.failing, true) {
                    let path = self.path.display();
                    let told = format!("the operations log `{path}` cannot be written: {error}\n");
                    // There is nobody left to tell when this fails.
                    let _ = io::stderr().write_all(told.as_bytes());
                }
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests;
