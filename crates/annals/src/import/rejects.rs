//! Lines that did not become events, kept for whoever mends them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

/// How much of a refused line is kept, bytes: enough to recognise it.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// A line that did not become an event, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reject {
    /// Its number in the file, from 1; in a JSON array the number of the element.
    pub(crate) line: u64,
    /// What is wrong with it, as a sentence whose subject is the line.
    pub(crate) reason: String,
    /// The line itself, cut at 64 KiB.
    pub(crate) input: String,
}

impl Reject {
    /// Refuses a line.
    pub(crate) fn new(line: u64, reason: impl Into<String>, input: &str) -> Self {
        let input = input[..input.floor_char_boundary(INPUT_BYTES_MAX)].to_owned();
        Self { line, reason: reason.into(), input }
    }
}

/// The file that refused lines are written to; made with the first of them.
#[derive(Debug)]
pub(crate) struct RejectsFile {
    path: PathBuf,
    file: Option<File>,
}

impl RejectsFile {
    /// A file that does not exist until it is needed.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Where it is, if anything was written.
    pub(crate) fn written(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Appends one refused line.
    pub(crate) fn write(&mut self, reject: &Reject) -> anyhow::Result<()> {
        let path = self.path.display();
        let mut text = serde_json::to_vec(reject).context("writing a refused line as JSON")?;
        text.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                create_private(&self.path)
                    .with_context(|| format!("creating `{path}` for refused lines"))?,
            ),
        };
        file.write_all(&text).with_context(|| format!("writing a refused line to `{path}`"))
    }
}

/// Log lines hold personal data: the file is its owner's alone.
fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
