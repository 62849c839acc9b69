//! How fast what is derived from the log is made anew.

mod beside;

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::command::Ran;
use super::fill::{self, FillArgs};
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
    let words = ["rebuild", what, "--data-dir"].map(OsStr::new);
    let ran = Ran::to_its_end(&[&words[..], &[data_dir.as_os_str()]].concat(), &[])?;
    let events = first_number(&ran.said);
    Ok(ran.summary(events.context("`annals rebuild` did not say of how many events")?))
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
