//! The files of a catalogue, wherever they lie.

use std::path::Path;

use annals_domain::catalogue::{Catalogue, CatalogueError};
use anyhow::{Context, bail};

/// A catalogue has at most so many files.
pub(super) const FILES_MAX: usize = 1_000;
/// A catalogue file has at most so many bytes.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Names and texts, in the order of the names.
#[derive(Debug)]
pub(super) struct CatalogueFiles(Vec<(String, String)>);

impl CatalogueFiles {
    /// Takes what was found at a place.
    pub(super) fn new(mut files: Vec<(String, String)>, place: &str) -> anyhow::Result<Self> {
        if files.is_empty() {
            bail!("{place} has no *.toml file: a catalogue has one for each family");
        }
        files.sort();
        Ok(Self(files))
    }

    /// Reads every `*.toml` of a directory.
    pub(super) fn of_directory(dir: &Path) -> anyhow::Result<Self> {
        let reading = || format!("reading {}", dir.display());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).with_context(reading)? {
            let path = entry.with_context(reading)?.path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            if files.len() == FILES_MAX {
                bail!("{} has more than {FILES_MAX} catalogue files", dir.display());
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, read_file(&path)?));
        }
        Self::new(files, &dir.display().to_string())
    }

    /// Reads them as one catalogue.
    pub(super) fn read(&self) -> Result<Catalogue, CatalogueError> {
        Catalogue::read(self.0.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading {}", path.display());
    let bytes = std::fs::metadata(path).with_context(reading)?.len();
    if bytes > FILE_BYTES_MAX {
        bail!(
            "{} has {bytes} bytes; a catalogue file has at most {FILE_BYTES_MAX}",
            path.display()
        );
    }
    std::fs::read_to_string(path).with_context(reading)
}
