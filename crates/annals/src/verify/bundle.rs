//! Verifying an evidence bundle. It needs neither a log nor a network.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;

use annals_evidence::{KeySource, Trust, verify};
use annals_tlog::{Policy, VerifyingKey};
use anyhow::Context;
use serde_json::Value;

use crate::exit::{self, Failure};

/// The longest file of keys, bytes.
const KEYS_BYTES_MAX: u64 = 1024 * 1024;
/// Keys in it.
const KEYS_MAX: usize = 1000;

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
    let reading = || format!("reading `{}`", path.display());
    if fs::metadata(path).with_context(reading)?.len() > KEYS_BYTES_MAX {
        let message = format!("`{}` is longer than any file of keys", path.display());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let text = fs::read_to_string(path).with_context(reading)?;
    trust_of(&text).map_err(|why| {
        let message = format!("`{}` {why}", path.display());
        Failure::new(exit::USAGE, message).into()
    })
}

/// A description of a log, a policy, or keys, one a line.
fn trust_of(text: &str) -> Result<Trust, String> {
    if let Ok(description) = serde_json::from_str::<Value>(text) {
        let mut keys = Vec::new();
        collect_keys(&description, &mut keys)?;
        return non_empty(keys);
    }
    if text.lines().any(|line| line.starts_with("quorum ")) {
        let policy = Policy::parse(text.as_bytes());
        return policy.map(Trust::policy).map_err(|error| format!("is no policy: {error}"));
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Result<Vec<_>, _> =
        lines.filter(|line| !line.starts_with('#')).take(KEYS_MAX + 1).map(parsed).collect();
    non_empty(keys?)
}

/// Every `vkey` of a `log.json`.
fn collect_keys(value: &Value, keys: &mut Vec<VerifyingKey>) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| match value {
            Value::String(vkey) if name == "vkey" => {
                keys.push(parsed(vkey)?);
                Ok(())
            }
            value => collect_keys(value, keys),
        }),
        Value::Array(values) => values.iter().try_for_each(|value| collect_keys(value, keys)),
        _ => Ok(()),
    }
}

fn parsed(vkey: &str) -> Result<VerifyingKey, String> {
    VerifyingKey::parse(vkey).map_err(|error| format!("holds `{vkey}`, which is no key: {error}"))
}

fn non_empty(keys: Vec<VerifyingKey>) -> Result<Trust, String> {
    match keys.len() {
        0 => Err("holds no key".to_owned()),
        1..=KEYS_MAX => Ok(Trust::keys(keys)),
        _ => Err(format!("holds more than {KEYS_MAX} keys")),
    }
}

#[cfg(test)]
mod tests;
