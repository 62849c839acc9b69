//! What a backup costs those who record, what it holds, and how long it takes to restore.
//!
//! Events arrive at a steady rate, first alone and then for as long beside full backups, one after
//! the other. What was recorded is backed up once more and restored into a new directory, and the bench
//! fails when a record is missing there. A restore checks every record, the trees and the keys.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::command::Ran;
use super::fill::{self, FillArgs};
use super::ingest::{bodies, generator};
use super::load::{Load, Outcome};
use super::mixed::record;
use super::service::Service;
use crate::secrets::MASTER_KEY_FILE;

/// Measures backups beside recording, and restoring one.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Events that arrive each second
    #[arg(long, default_value_t = 10_000)]
    rate: usize,
    /// Events in one request
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// For so many seconds alone, and for as many beside backups
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections that record
    #[arg(long, default_value_t = 4)]
    connections: usize,
    #[command(flatten)]
    fill: FillArgs,
}

pub(super) fn run(service: &mut Service, args: &BackupArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let place = service.beside("backup")?;
    let batch = args.batch.max(1);
    let load = Load::at_rate(args.rate as f64 / batch as f64, args.seconds, args.connections);
    let run = |seed| {
        let bodies = bodies(&mut generator(seed), load.requests * batch, batch);
        let cpu = service.cpu();
        let outcome =
            load.run(service, 1, |_| 0, |client, number| record(client, &bodies[number]))?;
        let cpu = service.cpu().zip(cpu).map(|(after, before)| after - before);
        anyhow::Ok((outcome, cpu.map(|cpu| cpu.as_secs_f64() / args.seconds.max(1) as f64)))
    };
    let summary = |(outcome, processors): &(Outcome, Option<f64>)| {
        let mut summary = outcome.summary();
        summary["events_per_second_answered"] = (outcome.per_second() * batch as f64).into();
        summary["service_processors"] = (*processors).into();
        summary
    };
    let data_dir = service.data_dir()?.to_owned();
    let (alone, beside, backups) = {
        let alone = run(seed + 1)?;
        service.wait_until_current()?;
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let making = scope.spawn(|| backups(&data_dir, &place, &is_over));
            let beside = run(seed + 2);
            is_over.store(true, Ordering::Relaxed);
            let made = making.join().map_err(|_| anyhow::anyhow!("the backups panicked"))?;
            anyhow::Ok((alone, beside?, made?))
        })?
    };

    service.stop()?;
    let last = back_up(&data_dir, &place, &[])?;
    let recorded = records(&last.said).context("`annals backup` did not say how many it holds")?;
    let expected = match service.filled() {
        Some(filled) => filled.events,
        None => args.events,
    } + (alone.0.sent() + beside.0.sent()) * batch;
    if recorded < expected as u64 {
        bail!("{recorded} records are in the backup, and {expected} were recorded");
    }
    let into = service.beside("restored")?;
    let restored = restore(&data_dir, &place, &into)?;
    let there =
        after(&restored.said, "restored ").context("`annals restore` did not say how many")?;
    if there != recorded {
        bail!("{there} records were restored of {recorded}");
    }
    let stored_bytes = super::process::bytes_in(&place);
    for dir in [&place, &into] {
        std::fs::remove_dir_all(dir).with_context(|| format!("removing `{}`", dir.display()))?;
    }
    service.start_again()?;
    Ok(json!({
        "bench": "backup",
        "filled": filled,
        "events_per_second_offered": args.rate,
        "batch": batch,
        "alone": summary(&alone),
        "beside_backups": summary(&beside),
        "full_backups": backups,
        "incremental_afterwards": last.summary(recorded),
        "stored_bytes": stored_bytes,
        "restored": restored.summary(there),
    }))
}

/// Full backups, one after the other, until the load is over; at least one.
fn backups(data_dir: &Path, place: &Path, is_over: &AtomicBool) -> anyhow::Result<Vec<Value>> {
    let mut made = Vec::new();
    while made.is_empty() || !is_over.load(Ordering::Relaxed) {
        let backup = back_up(data_dir, place, &["--full"])?;
        let held =
            records(&backup.said).context("`annals backup` did not say how many it holds")?;
        made.push(backup.summary(held));
    }
    Ok(made)
}

fn back_up(data_dir: &Path, place: &Path, how: &[&str]) -> anyhow::Result<Ran> {
    let words = ["backup".as_ref(), "--data-dir".as_ref(), data_dir.as_os_str(), "--to".as_ref()];
    let how = how.iter().map(OsStr::new);
    let words: Vec<&OsStr> = words.into_iter().chain([place.as_os_str()]).chain(how).collect();
    Ran::to_its_end(&words, &[])
}

fn restore(data_dir: &Path, place: &Path, into: &Path) -> anyhow::Result<Ran> {
    let key = data_dir.join("master.key");
    let key = key.to_str().context("the data directory's name is not Unicode")?.to_owned();
    let words = ["restore".as_ref(), "--from".as_ref(), place.as_os_str(), "--data-dir".as_ref()];
    let words = [&words[..], &[into.as_os_str()]].concat();
    Ran::to_its_end(&words, &[(MASTER_KEY_FILE, key)])
}

/// How many records the backups hold, from what `annals backup` says.
fn records(said: &str) -> Option<u64> {
    after(said, "bytes written, ")
}

/// The number behind some words.
fn after(said: &str, words: &str) -> Option<u64> {
    said.split_once(words)?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_records_there_are_is_read_from_what_the_commands_say() {
        let said = "20261122: full, up to position 7; 5 records read, 900 bytes written, 6 records in \
                    900 bytes all in all";
        assert_eq!(records(said), Some(6));
        assert_eq!(after("restored 6 records up to position 7", "restored "), Some(6));
        assert_eq!(records("nothing"), None);
    }
}
