//! How fast what is derived from the log is made anew.

mod beside;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::fill::{self, FillArgs};
use super::process;
use super::service::Service;

/// Measures making the index or the profiles anew.
#[derive(Debug, clap::Args)]
pub(crate) struct RebuildArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// What to make anew while the service is stopped: index, profiles or all
    #[arg(long, default_value = "index")]
    what: String,
    /// Searches each second while the index is made anew beside the one that answers
    #[arg(long, default_value_t = 20.0)]
    searches: f64,
    #[command(flatten)]
    fill: FillArgs,
}

/// How often the rebuilding process is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn run(service: &mut Service, args: &RebuildArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let before = service.disk();
    let data_dir = service.stop()?;
    let stopped = offline(&data_dir, &args.what)?;
    let ready = service.start_again()?;
    service.wait_until_current()?;
    let beside = beside::run(service, args.searches)?;
    Ok(json!({
        "bench": "rebuild",
        "what": args.what,
        "filled": filled,
        "stopped": stopped,
        "ready_seconds_afterwards": ready.as_secs_f64(),
        "beside_serving": beside,
        "disk_before": before,
        "disk_afterwards": service.disk(),
    }))
}

/// `annals rebuild` beside no service.
fn offline(data_dir: &Path, what: &str) -> anyhow::Result<Value> {
    let program = std::env::current_exe().context("finding this program")?;
    let began = Instant::now();
    let mut process = Command::new(program)
        .args(["rebuild", what, "--data-dir"])
        .arg(data_dir)
        .env("ANNALS_LOG__LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting `annals rebuild`")?;
    let (mut peak, mut cpu) = (None, None);
    while process.try_wait().context("waiting for `annals rebuild`")?.is_none() {
        peak = process::peak_kib(process.id()).or(peak);
        cpu = process::cpu(process.id()).or(cpu);
        std::thread::sleep(LOOK);
    }
    let seconds = began.elapsed().as_secs_f64();
    let output = process.wait_with_output().context("reading what `annals rebuild` says")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("`annals rebuild {what}` ended with {}: {said}", output.status);
    }
    let events = first_number(&said).context("`annals rebuild` did not say of how many events")?;
    Ok(json!({
        "events": events,
        "seconds": seconds,
        "events_per_second": (events as f64 / seconds).round(),
        "cpu_us_per_event": cpu.map(|cpu: Duration| cpu.as_micros() as f64 / events.max(1) as f64),
        "peak_memory_kib": peak,
    }))
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_events_is_read_from_what_the_command_says() {
        assert_eq!(first_number("rebuilt from 10000000 events\n"), Some(10_000_000));
        assert_eq!(first_number("nothing"), None);
    }
}
