//! Verifying an evidence bundle. It needs neither a log nor a network.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use annals_evidence::{KEYS_LEN_MAX, KeySource, Trust, verify};
use anyhow::Context;

use crate::exit::{self, Failure};

/// How much of a file of keys is read, bytes: one more than it may have, to see that it has too many.
const KEYS_READ_MAX: u64 = KEYS_LEN_MAX as u64 + 1;

/// Says what is in a bundle and whether it is right.
pub(super) fn look(bundle: &Path, keys: Option<&Path>) -> anyhow::Result<()> {
    let reading = || format!("reading `{}`", bundle.display());
    let file = File::open(bundle).with_context(reading)?;
    let trust = match keys {
        None => Trust::keys_in_bundle(),
        Some(keys) => trust_of_file(keys)?,
    };
    let report = verify(BufReader::new(file), &trust).with_context(reading)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}").context("writing the result")?;
    if !report.is_right() {
        let count = report.findings.count();
        let message = format!("{count} findings in `{}`", bundle.display());
        return Err(Failure::new(exit::TAMPERED, message).into());
    }
    if report.keys == KeySource::Bundle {
        writeln!(
            out,
            "The keys came with the bundle, so this shows only that it agrees with itself: get the \
             log.json of the log from somebody you trust, and give it with --keys."
        )
        .context("writing the result")?;
    }
    Ok(())
}

fn trust_of_file(path: &Path) -> anyhow::Result<Trust> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(KEYS_READ_MAX).read_to_end(&mut text))
        .with_context(|| format!("reading `{}`", path.display()))?;
    Trust::parse(&text).map_err(|error| {
        let message = format!("`{}` {:#}", path.display(), anyhow::Error::from(error));
        Failure::new(exit::USAGE, message).into()
    })
}
