//! `annals masking`: the rules of what is hidden in events before they are stored, printed, and tried
//! on events without changing any.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use annals_domain::Event;
use annals_domain::catalogue::Catalogue;
use annals_domain::masking::{Masker, RULES_BYTES_MAX};
use anyhow::Context as _;
use serde::Deserialize;

use crate::configuration::Settings;
use crate::exit::{self, Failure};

pub(crate) mod events;
mod report;

use report::Report;

/// `[masking]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaskingSettings {
    /// File with rules; empty: those that ship with Annals.
    pub(crate) file: PathBuf,
}

impl MaskingSettings {
    /// The rules.
    pub(crate) fn rules(&self) -> anyhow::Result<Masker> {
        match self.file.as_os_str().is_empty() {
            true => Ok(Masker::shipped()),
            false => read_rules(&self.file),
        }
    }
}

/// What to do with the rules of masking.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum MaskingCommand {
    Rules(RulesArgs),
    Test(TestArgs),
}

/// Prints the rules, in the order in which they name what they find
#[derive(Debug, clap::Args)]
pub(crate) struct RulesArgs {
    /// A file of rules, instead of those in force
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Tells what rules would hide in events that are there already; changes nothing
///
/// Of what was found the first character and the length are shown, and never more.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("events").required(true)))]
pub(crate) struct TestArgs {
    /// A data directory; stop its service first
    #[arg(long, value_name = "DIR", group = "events")]
    data_dir: Option<PathBuf>,
    /// A file of events, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE", group = "events")]
    file: Option<PathBuf>,
    /// A file of rules, instead of those in force
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Look at so many events: the newest of a data directory, the first of a file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub(crate) async fn run(command: MaskingCommand) -> anyhow::Result<()> {
    match command {
        MaskingCommand::Rules(args) => print_rules(&args),
        MaskingCommand::Test(args) => test(&args).await,
    }
}

fn print_rules(args: &RulesArgs) -> anyhow::Result<()> {
    let masker = rules_in_force(args.rules.as_deref(), args.config.as_deref())?;
    let mut table = format!("{:<16} {:<14} {:<10} {}\n", "RULE", "LOOKS FOR", "LEAVES", "WHERE");
    for rule in masker.rules() {
        let (detector, action) = (rule.detector.as_str(), rule.action.as_str());
        let places = rule.places();
        table += &format!("{:<16} {detector:<14} {action:<10} {places}\n", rule.name);
    }
    std::io::stdout().write_all(table.as_bytes()).context("writing the rules")
}

async fn test(args: &TestArgs) -> anyhow::Result<()> {
    let masker = rules_in_force(args.rules.as_deref(), args.config.as_deref())?;
    let catalogue = Catalogue::shipped();
    let mut report = Report::new(&masker, &catalogue);
    let look = |event: &mut Event| report.look(event);
    report.skipped = match (&args.data_dir, &args.file) {
        (Some(dir), _) => events::of_directory(dir, args.limit, look).await?,
        (None, Some(file)) => events::of_file(file, args.limit, look)?,
        (None, None) => 0,
    };
    std::io::stdout().write_all(report.told().as_bytes()).context("writing the report")
}

fn rules_in_force(rules: Option<&Path>, config: Option<&Path>) -> anyhow::Result<Masker> {
    match rules {
        Some(file) => read_rules(file),
        None => Settings::load(config)?.masking.rules(),
    }
}

fn read_rules(file: &Path) -> anyhow::Result<Masker> {
    let reading = || format!("reading the masking rules `{}`", file.display());
    let bytes = std::fs::metadata(file).with_context(reading)?.len();
    if bytes > RULES_BYTES_MAX as u64 {
        let message = format!("{}: it has more than {RULES_BYTES_MAX} bytes", reading());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let text = std::fs::read_to_string(file).with_context(reading)?;
    Masker::read(&text).with_context(reading)
}

#[cfg(test)]
mod tests;
