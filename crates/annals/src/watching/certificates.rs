//! When certificates end.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use x509_parser::pem::Pem;

/// What a file may have at most; certificates have a few kilobytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// A file, and when the first certificate in it ends.
pub(crate) type End = (PathBuf, anyhow::Result<Timestamp>);

/// Looks into each file. Blocking.
pub(crate) fn ends(files: &[PathBuf]) -> Vec<End> {
    files.iter().map(|file| (file.clone(), end(file))).collect()
}

fn end(file: &Path) -> anyhow::Result<Timestamp> {
    let size = std::fs::metadata(file).context("it cannot be found")?.len();
    ensure!(size <= BYTES_MAX, "it has {size} bytes, too many for a certificate");
    let text = std::fs::read(file).context("it cannot be read")?;
    let mut first = None;
    for block in Pem::iter_from_buffer(&text) {
        let block = block.context("it is no PEM")?;
        if block.label != "CERTIFICATE" {
            continue;
        }
        let certificate = block.parse_x509().context("a certificate in it cannot be read")?;
        let end = Timestamp::from_second(certificate.validity().not_after.timestamp())?;
        first = Some(first.map_or(end, |first: Timestamp| first.min(end)));
    }
    first.context("there is no certificate in it")
}
