//! `annals import`: brings the audit logs of other systems into Annals.
//!
//! A log is read line by line, each line is mapped to an event by a pure function of its format, and
//! batches of events are sent to a server. Ids are made from the lines, so an import can be repeated
//! or resumed at any time: what is in the log already is not recorded twice. A line that cannot be
//! mapped never stops an import; it is kept with the reason. `docs/importing.md` has the mappings.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use annals_domain::limits::Limits;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

mod annals;
mod batches;
mod bulk_endpoint;
mod cloudevents;
mod cloudtrail;
mod countries;
mod draft;
mod event_ids;
mod fields;
mod folding;
mod github;
mod gsuite;
mod importer;
mod kubernetes;
mod lines;
pub(crate) mod mapping;
mod names;
mod okta;
mod operations;
mod rejects;
mod sink;
mod timestamps;

#[cfg(test)]
mod tests;

use batches::Batches;
use bulk_endpoint::BulkEndpoint;
use importer::Importer;
pub(crate) use importer::Summary;
use rejects::RejectsFile;
use sink::{DryRun, Sink};

/// Bytes read from the file at once.
const READ_BYTES: usize = 256 * 1024;

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// AWS CloudTrail records, one a line or as `{"Records": […]}`
    #[value(name = "cloudtrail")]
    CloudTrail,
    /// GitHub audit log of an organisation or enterprise
    #[value(name = "github")]
    GitHub,
    /// Okta System Log
    Okta,
    /// Kubernetes API server audit log (audit.k8s.io/v1)
    Kubernetes,
    /// Google Workspace activity reports
    #[value(name = "gsuite")]
    GSuite,
    /// CloudEvents 1.0 in structured JSON
    #[value(name = "cloudevents")]
    CloudEvents,
    /// Events as POST /api/v1/logs takes them
    Annals,
}

impl Format {
    /// The word it is called by on the command line, and in the label `imported_from`.
    fn name(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::GitHub => "github",
            Self::Okta => "okta",
            Self::Kubernetes => "kubernetes",
            Self::GSuite => "gsuite",
            Self::CloudEvents => "cloudevents",
            Self::Annals => "annals",
        }
    }

    /// The field that holds the events where the vendor wraps them in one object.
    fn container(self) -> Option<&'static str> {
        match self {
            Self::CloudTrail => Some("Records"),
            Self::GSuite | Self::Kubernetes => Some("items"),
            Self::GitHub | Self::Okta | Self::CloudEvents | Self::Annals => None,
        }
    }
}

/// Imports the audit log of another system
///
/// Reads one JSON object a line, a JSON array, or the vendor's own wrapping, and sends the events to
/// a running server. Repeating an import is safe: every line has an id of its own, made from its
/// content, and what is recorded already is counted as a duplicate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  annals import --format cloudtrail trail.ndjson --token \"$TOKEN\"
  annals import --format okta --dry-run system-log.json      what would be refused, and why
  zcat audit.log.gz | annals import --format kubernetes -    from standard input

Lines that cannot be imported are written to FILE.rejects.ndjson: {line, reason, input}. Mend the
inputs and import them again; what is recorded already stays as it is.")]
pub(crate) struct ImportArgs {
    /// Whose log it is
    #[arg(long, value_enum)]
    pub(crate) format: Format,
    /// The log; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Address of the server
    #[arg(long, env = "ANNALS_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// Token of a writer; `annals token --role writer` makes one
    #[arg(long, env = "ANNALS_TOKEN", hide_env_values = true, required_unless_present = "dry_run")]
    pub(crate) token: Option<String>,
    /// Where refused lines go [default: FILE.rejects.ndjson, or import.rejects.ndjson for `-`]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Map and check every line, send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl ImportArgs {
    fn reads_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    fn rejects_path(&self) -> PathBuf {
        match &self.rejects {
            Some(path) => path.clone(),
            None if self.reads_stdin() => PathBuf::from("import.rejects.ndjson"),
            None => {
                let mut name = self.file.clone().into_os_string();
                name.push(".rejects.ndjson");
                name.into()
            }
        }
    }
}

/// Runs an import to its end and prints what it came to.
///
/// Lines that cannot be mapped and events that the server refuses are counted and kept, not errors;
/// an error is a file that cannot be read or a server that cannot be used.
pub(crate) async fn run(args: ImportArgs) -> anyhow::Result<Summary> {
    let summary = import(&args).await?;
    writeln!(std::io::stdout(), "{summary}").context("printing the summary")?;
    Ok(summary)
}

async fn import(args: &ImportArgs) -> anyhow::Result<Summary> {
    if args.dry_run {
        let summary = import_into(DryRun::at(Timestamp::now()), args).await?;
        return Ok(Summary { dry_run: true, ..summary });
    }
    let token = args.token.as_deref().context("a token is needed: give --token or ANNALS_TOKEN")?;
    import_into(BulkEndpoint::of_server(&args.url, token)?, args).await
}

async fn import_into(sink: impl Sink, args: &ImportArgs) -> anyhow::Result<Summary> {
    let (reader, bytes) = open(args)?;
    let batches = Batches::open(reader, args.format, Limits::shipped().event)
        .with_context(|| format!("reading `{}`", args.file.display()))?;
    let importer = Importer::new(sink, RejectsFile::at(args.rejects_path()), progress_bar(bytes));
    importer.import(batches).await.with_context(|| format!("importing `{}`", args.file.display()))
}

/// The log, and its length if it is a file.
fn open(args: &ImportArgs) -> anyhow::Result<(Box<dyn BufRead + Send>, Option<u64>)> {
    if args.reads_stdin() {
        return Ok((Box::new(BufReader::with_capacity(READ_BYTES, std::io::stdin())), None));
    }
    let opening = || format!("opening `{}`", args.file.display());
    let file = File::open(&args.file).with_context(opening)?;
    let bytes = file.metadata().with_context(opening)?.len();
    Ok((Box::new(BufReader::with_capacity(READ_BYTES, file)), Some(bytes)))
}

/// Shown only to people: a terminal on standard error.
fn progress_bar(bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
    }
    let template = match bytes {
        Some(_) => "{bar:40} {bytes}/{total_bytes}, {eta} left",
        None => "{spinner} {bytes}, {elapsed}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is of the right form");
    let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(style)
}
