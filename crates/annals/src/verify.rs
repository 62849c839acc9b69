//! `annals verify`: whether the log is whole.

mod bundle;
mod certificate;
mod embedded;
mod remote;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::configuration::Settings;
use crate::exit::{self, Failure};

/// Checks that every record of the log is there, in order, and as it was written; or checks an evidence
/// bundle or a certificate, for which no log is needed.
///
/// Exits with 0 when everything is whole, with 2 when something was changed (each finding is named),
/// with 74 when files cannot be read. Stop the service first, unless the log is kept on a server.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the log is kept, as for `annals serve`
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// An evidence bundle, to be checked instead of a log
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data_dir", "config", "store"])]
    bundle: Option<PathBuf>,
    /// A certificate of what was removed or erased, to be checked instead of a log
    #[arg(long, value_name = "FILE", requires = "keys",
          conflicts_with_all = ["data_dir", "config", "store", "bundle"])]
    certificate: Option<PathBuf>,
    /// The keys to believe, got from elsewhere than what is checked: a `log.json` that was kept, a policy, or
    /// one key a line
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// What was found.
struct Findings {
    records: u64,
    /// How many more retention removed.
    removed: u64,
    /// The first of them, each in a sentence.
    told: Vec<String>,
    total: u64,
}

pub(crate) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    if let Some(file) = &args.bundle {
        return bundle::look(file, args.keys.as_deref());
    }
    if let (Some(file), Some(keys)) = (&args.certificate, &args.keys) {
        return certificate::look(file, keys);
    }
    if args.keys.is_some() {
        let message = "`--keys` goes with `--bundle` or `--certificate`";
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let mut settings = Settings::load(args.config.as_deref())?;
    if let Some(store) = args.store {
        settings.store.url = store;
    }
    if !args.data_dir.is_dir() {
        let message = format!("there is no data directory `{}`", args.data_dir.display());
        return Err(Failure::new(exit::IO, message).into());
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let found = match settings.store.is_embedded() {
        true => embedded::look(&args.data_dir, &settings, &bar).await?,
        false => remote::look(&args.data_dir, &settings, &bar).await?,
    };
    bar.finish_and_clear();
    report(&found)
}

fn report(found: &Findings) -> anyhow::Result<()> {
    let Findings { records, removed, told, total } = found;
    let mut out = std::io::stdout().lock();
    for finding in told {
        writeln!(out, "{finding}").context("writing the findings")?;
    }
    match total {
        0 => {
            let beside = match removed {
                0 => String::new(),
                removed => format!(", and {removed} more that retention removed"),
            };
            writeln!(out, "whole: {records} records{beside}").context("writing the result")?;
            Ok(())
        }
        total => {
            let message = format!("{total} findings in {records} records");
            Err(Failure::new(exit::TAMPERED, message).into())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
