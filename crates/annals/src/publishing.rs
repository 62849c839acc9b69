//! To whom checkpoints are given, as the settings name them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use annals_engine::tiles::{Publishing, SINKS_MAX, WITNESSES_MAX, Witness, WitnessSettings};
use annals_notify::{DirectorySink, HttpWitness, WebhookChannel, WebhookSettings};
use annals_ports::CheckpointSink;
use annals_tlog::{Algorithm, VerifyingKey};
use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::integrity::IntegritySettings;

/// Rounds and checkpoints come no more seldom than this, seconds: a week.
const INTERVAL_SECONDS_MAX: u64 = 7 * 24 * 3600;
/// A witness may take no longer than can be set, seconds.
const TIMEOUT_SECONDS_MAX: u64 = 50;

/// `[[integrity.witnesses]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WitnessEntry {
    /// What stands before `/add-checkpoint`.
    url: String,
    /// Its public key, as it publishes it.
    vkey: String,
}

/// `[[integrity.sinks]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum SinkEntry {
    /// A directory, one file a checkpoint.
    File { name: String, dir: PathBuf },
    /// A webhook after Standard Webhooks.
    Webhook { name: String, url: String, secret_file: PathBuf, timeout_seconds: u64 },
}

impl SinkEntry {
    fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Webhook { name, .. } => name,
        }
    }

    fn open(&self) -> anyhow::Result<Arc<dyn CheckpointSink>> {
        Ok(match self.clone() {
            Self::File { name, dir } => Arc::new(DirectorySink::new(&name, dir)),
            Self::Webhook { name, url, secret_file, timeout_seconds } => {
                let settings = WebhookSettings { url, secret_file, timeout_seconds };
                Arc::new(WebhookChannel::open(&name, &settings)?)
            }
        })
    }
}

/// Sets up the ways out; nothing is sent yet.
pub(crate) fn open(settings: &IntegritySettings) -> anyhow::Result<Publishing> {
    let IntegritySettings { witnesses, sinks, .. } = settings;
    let in_range = |name: &str, seconds: u64, max: u64| {
        ensure!((1..=max).contains(&seconds), "`{name}` is {seconds}; it must be from 1 to {max}");
        Ok(())
    };
    let (interval, timeout) = (settings.witness_interval_seconds, settings.witness_timeout_seconds);
    in_range("integrity.witness_interval_seconds", interval, INTERVAL_SECONDS_MAX)?;
    in_range("integrity.witness_timeout_seconds", timeout, TIMEOUT_SECONDS_MAX)?;
    let sink_interval_seconds = settings.sink_interval_seconds;
    in_range("integrity.sink_interval_seconds", sink_interval_seconds, INTERVAL_SECONDS_MAX)?;
    let (count, quorum) = (witnesses.len(), settings.witness_quorum);
    ensure!(
        count <= WITNESSES_MAX,
        "{count} `integrity.witnesses`; at most {WITNESSES_MAX} can be"
    );
    ensure!(quorum <= count, "`integrity.witness_quorum` is {quorum}, of {count} witnesses");
    ensure!(
        sinks.len() <= SINKS_MAX,
        "{} `integrity.sinks`; at most {SINKS_MAX} can be",
        sinks.len()
    );
    let named = |sink: &SinkEntry| format!("the sink `{}` of `integrity.sinks`", sink.name());
    let names: BTreeSet<&str> = sinks.iter().map(SinkEntry::name).collect();
    ensure!(
        names.len() == sinks.len() && !names.contains(""),
        "each of `integrity.sinks` needs a name that no other has"
    );
    Ok(Publishing {
        witnesses: opened(witnesses)?,
        witnessing: WitnessSettings {
            interval_seconds: interval,
            timeout_seconds: timeout,
            quorum,
        },
        sinks: sinks
            .iter()
            .map(|sink| sink.open().with_context(|| named(sink)))
            .collect::<anyhow::Result<_>>()?,
        sink_interval_seconds,
    })
}

fn opened(entries: &[WitnessEntry]) -> anyhow::Result<Vec<Witness>> {
    let mut witnesses: Vec<Witness> = Vec::new();
    for WitnessEntry { url, vkey } in entries {
        let key = VerifyingKey::parse(vkey)
            .with_context(|| format!("`vkey` of `integrity.witnesses` is `{vkey}`"))?;
        ensure!(
            key.algorithm() == Algorithm::Cosignature,
            "`{vkey}` of `integrity.witnesses` is a log's key; a witness's key cosigns"
        );
        ensure!(
            witnesses.iter().all(|other| other.key != key),
            "`{vkey}` stands twice in `integrity.witnesses`"
        );
        let client = HttpWitness::new(url).with_context(|| format!("the witness `{vkey}`"))?;
        witnesses.push(Witness { key, client: Arc::new(client) });
    }
    Ok(witnesses)
}

#[cfg(test)]
mod tests;
