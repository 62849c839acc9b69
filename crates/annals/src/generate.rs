//! `annals generate`: realistic events as the REST API takes them, for trials, tests and loads.
//!
//! The same seed gives the same events, ids included, so sending them twice stores them once. A few
//! persons act often and most act seldom, as in life; so do words.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use annals_domain::time::DateTime;
use anyhow::{Context, bail};
use jiff::{Span, Timestamp, tz::TimeZone};

mod calendar;
mod changes;
mod circumstances;
mod event;
mod json;
mod metadata;
mod people;
mod plan;
mod random;
mod tenants;
mod words;

use calendar::Calendar;
use people::People;
use plan::Plans;
use random::Random;
use tenants::Tenants;
use words::Words;

/// Arguments of `annals generate`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct GenerateArgs {
    /// How many events
    #[arg(long)]
    pub(crate) count: u64,
    /// The same seed gives the same events
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// How many persons the events are about
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) persons: u64,
    /// Earliest time of an event: a date, or RFC 3339
    #[arg(long, default_value = "2025-01-01")]
    pub(crate) from: String,
    /// All events happen before this time
    #[arg(long, default_value = "2025-01-31")]
    pub(crate) to: String,
    /// Events of so many years up to `--to`, instead of `--from`
    #[arg(long, conflicts_with = "from", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) years: Option<u16>,
    /// Each event names one of so many tenants, the first ones often and most seldom. Part the
    /// events by tenant before sending: a request is of one
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) tenants: Option<u64>,
    /// Write to this file instead of standard output
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,
}

/// Makes events, for ever.
pub(crate) struct Generator {
    random: Random,
    calendar: Calendar,
    people: People,
    plans: Plans,
    words: Words,
    numbering: event::Numbering,
    tenants: Option<Tenants>,
}

impl Generator {
    /// A generator whose events are about `persons` persons and happen in `from..to`, in no order.
    pub(crate) fn new(seed: u64, persons: u64, from: Timestamp, to: Timestamp) -> Self {
        Self {
            random: Random::new(seed),
            calendar: Calendar::new(from, to),
            people: People::new(seed, persons),
            plans: Plans::shipped(),
            words: Words::new(),
            numbering: event::Numbering::new(seed),
            tenants: None,
        }
    }

    /// The next events name one of so many tenants; otherwise they are the same.
    pub(crate) fn among(mut self, tenants: u64, seed: u64) -> Self {
        self.tenants = Some(Tenants::new(seed, tenants));
        self
    }

    /// The next `count` events happen one after the other, spread over the whole time.
    pub(crate) fn in_order(mut self, count: u64) -> Self {
        self.calendar = self.calendar.in_order(count);
        self
    }

    /// Appends the next event to `buffer`: one JSON object on one line, without the line break.
    pub(crate) fn next_into(&mut self, buffer: &mut Vec<u8>) {
        let at = self.calendar.next(&mut self.random);
        event::write(self, at, buffer);
    }
}

/// Writes the events, one a line.
pub(crate) fn run(args: GenerateArgs) -> anyhow::Result<()> {
    let to = time_of(&args.to).context("reading `--to`")?;
    let from = match args.years {
        Some(years) => years_before(to, years)?,
        None => time_of(&args.from).context("reading `--from`")?,
    };
    if from >= to {
        bail!("`--from` must lie before `--to`");
    }
    let mut generator = Generator::new(args.seed, args.persons, from, to).in_order(args.count);
    if let Some(tenants) = args.tenants {
        generator = generator.among(tenants, args.seed);
    }
    let written = match &args.output {
        None => write_events(generator, args.count, io::stdout().lock()),
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("creating {}", path.display()))?;
            write_events(generator, args.count, file)
        }
    };
    match written {
        // Whoever reads has enough, such as `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the events"),
    }
}

fn write_events(mut generator: Generator, count: u64, output: impl Write) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(1 << 18, output);
    let mut line = Vec::with_capacity(4096);
    for _ in 0..count {
        line.clear();
        generator.next_into(&mut line);
        line.push(b'\n');
        output.write_all(&line)?;
    }
    output.flush()
}

/// The same day and hour, so many years before.
pub(crate) fn years_before(to: Timestamp, years: u16) -> anyhow::Result<Timestamp> {
    let span = Span::new().try_years(years)?;
    let from = to.to_zoned(TimeZone::UTC).checked_sub(span);
    Ok(from.with_context(|| format!("going back {years} years from {to}"))?.timestamp())
}

/// A date means its beginning, in UTC.
fn time_of(text: &str) -> anyhow::Result<Timestamp> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && !text.contains('T')
    {
        return Ok(date.to_zoned(TimeZone::UTC)?.timestamp());
    }
    let told = DateTime::parse(text).context("or write a date, such as 2026-11-21")?;
    Ok(told.timestamp)
}

#[cfg(test)]
mod tests;
