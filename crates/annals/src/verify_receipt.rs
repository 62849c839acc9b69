//! `annals verify-receipt`: whether the log keeps what it promised when it recorded events.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use annals_tlog::receipt::{PROMISED_MAX, Promised, Receipt, Standing};
use annals_tlog::{Hash, VerifyingKey};
use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;

use crate::exit::{self, Failure};
use crate::published::{LogDescription, Published};

/// The longest answer, bytes: that to a bulk of ten thousand events.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Checks that the log holds what it promised when it recorded events.
///
/// Give the answer to `POST /api/v1/logs` or `/api/v1/logs/bulk` as it was received. Exits with 0 when
/// the log holds every event, with 2 when the promise is broken or something is not signed by the log
/// (that answer is the proof), with 75 when the time of the promise is not over yet.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyReceiptArgs {
    /// The answer that holds the receipt
    #[arg(value_name = "FILE")]
    answer: PathBuf,
    /// Where the log is published: the address of a service, or a directory with a copy of its `/tlog`
    #[arg(long, value_name = "URL|DIR")]
    log: String,
    /// A `log.json` that was kept: only its keys are believed, not those that the log tells now
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// The answer to one event, or to a bulk.
#[derive(Deserialize)]
struct Answer {
    receipt: Option<String>,
    id: Option<String>,
    leaf: Option<String>,
    #[serde(default)]
    results: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<String>,
    leaf: Option<String>,
}

pub(crate) async fn run(args: VerifyReceiptArgs) -> anyhow::Result<()> {
    let (note, promised) = read_answer(&args.answer)?;
    let log = Published::at(&args.log)?;
    let description = match &args.keys {
        Some(file) => kept_description(file)?,
        None => log.description().await?,
    };
    let key = VerifyingKey::parse(&description.receipts.vkey).context("the key of receipts")?;
    let receipt = Receipt::open(note.as_bytes(), &key, &promised)
        .map_err(|error| Failure::new(exit::TAMPERED, error.to_string()))?;
    let missing = missing(&log, &description, &promised).await?;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for id in &missing {
        writeln!(out, "not in the log: {id}").context("writing the result")?;
    }
    let count = promised.len();
    match receipt.standing(missing.is_empty(), now) {
        Standing::Kept => writeln!(out, "kept: {count} events are in the log").map_err(Into::into),
        Standing::Pending => {
            let message = format!(
                "{} of {count} events are not under a checkpoint yet; ask again in {} seconds",
                missing.len(),
                receipt.deadline - now + 1
            );
            Err(Failure::new(exit::LATER, message).into())
        }
        Standing::Broken => {
            let message = format!(
                "the promise is broken: the log signed for {count} events, and {} are not in it; \
                 keep `{}` and a copy of the log as the proof",
                missing.len(),
                args.answer.display()
            );
            Err(Failure::new(exit::TAMPERED, message).into())
        }
    }
}

/// Ids of the events that no shard holds.
async fn missing(
    log: &Published,
    description: &LogDescription,
    promised: &[Promised],
) -> anyhow::Result<Vec<String>> {
    let mut missing: BTreeMap<Hash, &str> =
        promised.iter().map(|event| (event.leaf, event.id.as_str())).collect();
    for shard in description.shards.iter().rev() {
        if missing.is_empty() {
            break;
        }
        log.each_leaf(shard, |leaf| {
            missing.remove(&leaf);
        })
        .await?;
    }
    Ok(missing.into_values().map(str::to_owned).collect())
}

fn read_answer(path: &Path) -> anyhow::Result<(String, Vec<Promised>)> {
    let reading = || format!("reading `{}`", path.display());
    let bytes = fs::metadata(path).with_context(reading)?.len();
    if bytes > ANSWER_BYTES_MAX {
        let message = format!("`{}` is longer than any answer of Annals", path.display());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let text = fs::read_to_string(path).with_context(reading)?;
    parsed(&text).map_err(|why| {
        let message = format!("`{}` {why}", path.display());
        Failure::new(exit::USAGE, message).into()
    })
}

fn parsed(text: &str) -> Result<(String, Vec<Promised>), &'static str> {
    let answer: Answer =
        serde_json::from_str(text).map_err(|_| "is not the JSON answer to a recorded event")?;
    let note = answer.receipt.ok_or("holds no receipt; a log on EventStoreDB gives none")?;
    let alone = Item { id: answer.id, leaf: answer.leaf };
    let promised: Option<Vec<Promised>> = answer
        .results
        .into_iter()
        .chain([alone])
        .filter_map(|item| Some((item.id?, item.leaf?)))
        .map(|(id, leaf)| Some(Promised { id, leaf: Hash::from_base64(&leaf)? }))
        .collect();
    match promised {
        None => Err("holds a leaf that is no hash in base64"),
        Some(none) if none.is_empty() => Err("names no event with its leaf"),
        Some(all) if all.len() > PROMISED_MAX => Err("names more events than a receipt is for"),
        Some(all) => Ok((note, all)),
    }
}

fn kept_description(file: &Path) -> anyhow::Result<LogDescription> {
    let text = fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("`{}` does not describe a log", file.display()))
}

#[cfg(test)]
mod tests;
