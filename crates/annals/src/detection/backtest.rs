//! `annals rules test`: what rules would have found in events that are there already.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use annals_domain::Event;
use annals_domain::detection::{DetectionRule, Detector, Finding};
use anyhow::Context as _;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::json;

use super::{rules, unknown};
use crate::exit::{self, Failure};
use crate::masking::events;

/// Findings that are listed; the rest is only counted.
const LISTED_MAX: usize = 1000;

/// Tells what rules would have found in events that are there already; changes nothing
///
/// All events are learned from, and what would have been found since a time is listed.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true)))]
pub(crate) struct TestArgs {
    /// A data directory; stop its service first
    #[arg(long, value_name = "DIR", group = "source")]
    data_dir: Option<PathBuf>,
    /// A file of events, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE", group = "source")]
    events: Option<PathBuf>,
    /// List what would have been found since then: a date, RFC 3339, or a span such as P30D
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Try this rule alone; may be given several times
    #[arg(long = "rule", value_name = "ID")]
    rules: Vec<String>,
    /// A file of rules, instead of those in force
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// One JSON object for each finding
    #[arg(long)]
    json: bool,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: &TestArgs) -> anyhow::Result<()> {
    let mut tried = rules(args.file.as_deref(), args.config.as_deref())?;
    if let Some(missing) = args.rules.iter().find(|id| tried.iter().all(|rule| rule.id != **id)) {
        return Err(unknown(missing));
    }
    tried.retain(|rule| args.rules.is_empty() || args.rules.contains(&rule.id));
    let since = args.since.as_deref().map(since_of).transpose()?;
    let mut backtest = Backtest::new(tried, since, args.json);
    let mut written = Ok(());
    let mut look = |event: &mut Event| {
        if written.is_ok() {
            written = backtest.look(event);
        }
    };
    let skipped = match (&args.data_dir, &args.events) {
        (Some(dir), _) => events::of_directory(dir, None, &mut look).await?,
        (None, Some(file)) => events::of_file(file, None, &mut look)?,
        (None, None) => 0,
    };
    written.and_then(|()| backtest.end(skipped)).context("writing what was found")
}

/// The time that is meant: a date, a time, or a span before now.
fn since_of(text: &str) -> anyhow::Result<Timestamp> {
    let wrong = || {
        let message = format!(
            "`--since {text}` is no time: write a date, RFC 3339, or a span such as P30D or PT12H"
        );
        Failure::new(exit::USAGE, message)
    };
    if let Ok(span) = text.trim_start_matches('-').parse::<Span>() {
        let now = jiff::Zoned::now().with_time_zone(TimeZone::UTC);
        let before = now.checked_sub(span.abs()).map_err(|_| wrong())?;
        return Ok(before.timestamp());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && !text.contains('T')
    {
        let begin = date.to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
        return Ok(begin.timestamp());
    }
    Ok(text.parse::<Timestamp>().map_err(|_| wrong())?)
}

/// Gathers what is found.
struct Backtest {
    detector: Detector,
    since: Option<Timestamp>,
    json: bool,
    events: u64,
    found: BTreeMap<String, u64>,
    listed: usize,
    spent: Duration,
}

impl Backtest {
    fn new(rules: Vec<DetectionRule>, since: Option<Timestamp>, json: bool) -> Self {
        Self {
            detector: Detector::new(rules),
            since,
            json,
            events: 0,
            found: BTreeMap::new(),
            listed: 0,
            spent: Duration::ZERO,
        }
    }

    /// Looks at one event.
    fn look(&mut self, event: &Event) -> std::io::Result<()> {
        let begun = Instant::now();
        let findings = self.detector.take(event);
        self.spent += begun.elapsed();
        self.events += 1;
        for finding in findings {
            if self.since.is_some_and(|since| finding.at < since) {
                continue;
            }
            *self.found.entry(finding.rule.clone()).or_default() += 1;
            if self.listed < LISTED_MAX {
                self.listed += 1;
                self.list(&finding)?;
            }
        }
        Ok(())
    }

    fn list(&self, finding: &Finding) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        let events: Vec<String> = finding.events.iter().map(ToString::to_string).collect();
        if self.json {
            let key: BTreeMap<&str, &str> =
                finding.key.iter().map(|(name, value)| (&**name, &**value)).collect();
            let line = json!({
                "id": finding.id.to_string(), "rule": finding.rule, "title": finding.title,
                "severity": finding.severity, "tenant": finding.tenant, "since": finding.since,
                "at": finding.at, "key": key, "person": finding.person, "count": finding.count,
                "events": events,
            });
            return writeln!(out, "{line}");
        }
        let key: Vec<String> =
            finding.key.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let Finding { at, rule, severity, count, .. } = finding;
        writeln!(out, "{at}  {severity:<8}  {rule}  {}  ({count} events)", key.join(" "))?;
        for event in events {
            writeln!(out, "    {event}")?;
        }
        Ok(())
    }

    /// Tells the whole; with JSON, beside it.
    fn end(&self, skipped: u64) -> std::io::Result<()> {
        let total: u64 = self.found.values().sum();
        let mut text = String::new();
        if total > self.listed as u64 {
            text += &format!("and {} more\n", total - self.listed as u64);
        }
        for (rule, times) in &self.found {
            text += &format!("{times:>8}  {rule}\n");
        }
        if skipped > 0 {
            text += &format!("{skipped} could not be read as events\n");
        }
        let each = self.spent.as_secs_f64() * 1e6 / self.events.max(1) as f64;
        text += &format!(
            "{} events, {} rules, {total} findings, {each:.1} us each; nothing was changed\n",
            self.events,
            self.detector.rules().len()
        );
        match self.json {
            true => std::io::stderr().write_all(text.as_bytes()),
            false => std::io::stdout().write_all(text.as_bytes()),
        }
    }
}
