//! `annals catalogue check`: reads a catalogue and says what is in it, or precisely what is wrong.

use std::io::Write;
use std::path::{Path, PathBuf};

use annals_domain::catalogue::Catalogue;
use anyhow::{Context, bail};

/// A catalogue has at most so many files.
const FILES_MAX: usize = 1_000;
/// A catalogue file has at most so many bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Arguments of `annals catalogue check`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckArgs {
    /// Directory with *.toml files, one a family; without it the shipped catalogue is checked
    pub(crate) dir: Option<PathBuf>,
}

/// Checks the catalogue and prints its families; what is wrong with it is the error.
pub(crate) fn run(args: CheckArgs) -> anyhow::Result<()> {
    let report = match args.dir {
        None => report_on(&Catalogue::read(annals_domain::catalogue::SHIPPED.iter().copied())?),
        Some(dir) => report_on(&read_directory(&dir)?),
    };
    std::io::stdout().write_all(report.as_bytes()).context("writing the report")
}

/// Reads every `*.toml` of a directory as a family, in the order of their names.
fn read_directory(dir: &Path) -> anyhow::Result<Catalogue> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry.with_context(|| format!("reading {}", dir.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            bail!("{} has more than {FILES_MAX} catalogue files", dir.display());
        }
    }
    if paths.is_empty() {
        bail!("{} has no *.toml file: a catalogue has one for each family", dir.display());
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push((name, read_file(&path)?));
    }
    let borrowed = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(Catalogue::read(borrowed)?)
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

/// Each family with its counts, and the sum.
fn report_on(catalogue: &Catalogue) -> String {
    let mut report = String::new();
    let mut told_in_all = 0;
    for family in catalogue.families() {
        let entries = family.types.iter().filter_map(|name| catalogue.find(name));
        let told = entries.filter(|entry| entry.significant).count();
        told_in_all += told;
        report +=
            &format!("{:<20} {:>4} types, {told} significant\n", family.name, family.types.len());
    }
    let (types, families) = (catalogue.types().count(), catalogue.families().len());
    report
        + &format!("{types} types in {families} families, {told_in_all} significant: all right\n")
}

#[cfg(test)]
mod tests;
