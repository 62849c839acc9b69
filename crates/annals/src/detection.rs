//! `[detection]`, and `annals rules`: what is looked for in the events, printed and tried on history.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::detection::{DetectionRule, RuleSet};
use annals_engine::{Clock, DetectionParts};
use annals_ports::DetectionStore;
use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::configuration::Settings;
use crate::exit::{self, Failure};

mod backtest;
mod shown;

use backtest::TestArgs;

/// Files in a directory of rules.
const FILES_MAX: usize = 100;
/// Longer waits would have too much looked at again after a crash.
const SAVE_SECONDS_MAX: u64 = 3600;

/// `[detection]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DetectionSettings {
    /// Whether there is any.
    pub(crate) enabled: bool,
    /// Directory with further rules; empty: only those that ship.
    pub(crate) rules_dir: PathBuf,
    /// Rules that are not used.
    pub(crate) off: Vec<String>,
    /// Between two times that what was learned is kept.
    pub(crate) save_seconds: u64,
}

impl DetectionSettings {
    /// What the engine looks for; nothing where detection is off.
    pub(crate) fn parts(
        &self,
        catalogue: &Catalogue,
        store: Arc<dyn DetectionStore>,
        clock: Arc<Clock>,
    ) -> anyhow::Result<Option<DetectionParts>> {
        if !self.enabled {
            return Ok(None);
        }
        if !(1..=SAVE_SECONDS_MAX).contains(&self.save_seconds) {
            bail!(
                "`detection.save_seconds` is {}: it goes from 1 to {SAVE_SECONDS_MAX}",
                self.save_seconds
            );
        }
        let rules = self.rules(catalogue)?.into();
        let save_interval = Duration::from_secs(self.save_seconds);
        Ok(Some(DetectionParts { store, rules, clock, save_interval }))
    }

    /// The rules in force.
    pub(crate) fn rules(&self, catalogue: &Catalogue) -> anyhow::Result<Vec<DetectionRule>> {
        let mut set = RuleSet::shipped(catalogue);
        if !self.rules_dir.as_os_str().is_empty() {
            for file in files_of(&self.rules_dir)? {
                add_file(&mut set, &file, catalogue)?;
            }
        }
        if let Some(unknown) = self.off.iter().find(|id| set.find(id).is_none()) {
            bail!(
                "`detection.off` names `{unknown}`, and no rule has that id; see `annals rules list`"
            );
        }
        let is_on = |rule: &DetectionRule| !self.off.contains(&rule.id);
        Ok(set.into_rules().into_iter().filter(is_on).collect())
    }
}

/// What to do with the rules of detection.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum RulesCommand {
    List(ListArgs),
    Show(ShowArgs),
    Test(TestArgs),
}

/// Prints the rules in force: id, kind, severity and what each finds
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// A file of rules, instead of those in force
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Prints all about one rule
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Id of the rule
    rule: String,
    /// A file of rules, instead of those in force
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) async fn run(command: RulesCommand) -> anyhow::Result<()> {
    match command {
        RulesCommand::List(args) => {
            print(&shown::table(&rules(args.file.as_deref(), args.config.as_deref())?))
        }
        RulesCommand::Show(args) => {
            let rules = rules(args.file.as_deref(), args.config.as_deref())?;
            match rules.iter().find(|rule| rule.id == args.rule) {
                Some(rule) => print(&shown::whole(rule)),
                None => Err(unknown(&args.rule)),
            }
        }
        RulesCommand::Test(args) => backtest::run(&args).await,
    }
}

/// The rules of a file, or those in force.
fn rules(file: Option<&Path>, config: Option<&Path>) -> anyhow::Result<Vec<DetectionRule>> {
    let catalogue = Catalogue::shipped();
    match file {
        None => Settings::load(config)?.detection.rules(&catalogue),
        Some(file) => {
            let mut set = RuleSet::default();
            add_file(&mut set, file, &catalogue)?;
            Ok(set.into_rules())
        }
    }
}

fn unknown(rule: &str) -> anyhow::Error {
    let message = format!("there is no rule `{rule}`; see `annals rules list`");
    Failure::new(exit::USAGE, message).into()
}

fn files_of(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let reading = || format!("reading the detection rules in `{}`", dir.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            bail!("{}: there are more than {FILES_MAX} files", reading());
        }
    }
    files.sort();
    Ok(files)
}

fn add_file(set: &mut RuleSet, file: &Path, catalogue: &Catalogue) -> anyhow::Result<()> {
    /// The domain says how large a file may be; this is only not read into memory.
    const BYTES_MAX: u64 = 1024 * 1024;
    let reading = || format!("reading the detection rules `{}`", file.display());
    let bytes = std::fs::metadata(file).with_context(reading)?.len();
    if bytes > BYTES_MAX {
        bail!("{}: it has more than {BYTES_MAX} bytes", reading());
    }
    let text = std::fs::read_to_string(file).with_context(reading)?;
    let name = file.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    Ok(set.add(&name, &text, catalogue)?)
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("writing the rules")
}

#[cfg(test)]
mod tests;
