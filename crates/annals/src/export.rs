//! `annals export`: takes events out of a running service into a file.
//!
//! The service writes the file in the background. This asks for it, waits, downloads it beside its
//! place, and gives it its name only when length and digest are those that the service told. Nothing is
//! deleted at the service. `docs/exporting.md` tells what the files hold.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{self, Failure};

mod job;
mod part_file;
mod service;

#[cfg(test)]
mod tests;

use job::Ready;
use part_file::PartFile;
use service::Service;

/// The longest time an export may be waited for, seconds: a week.
const TIMEOUT_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;
/// The longest token, bytes.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// What the file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line
    Ndjson,
    /// One JSON array
    Json,
    /// A table for looking at
    Csv,
    /// A table for programs
    Parquet,
}

impl Format {
    /// The word the service calls it by.
    fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// Takes events out of a running service into a file
///
/// The service writes the file in the background; it is downloaded when it is done, and kept only if its
/// length and SHA-256 are those that the service told. At the service it stays until it expires.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  annals export --query 'type:user.login.* outcome:failure' --token-file token --out logins.ndjson
  annals export --format parquet --token-file token --out events.parquet
  annals export --bundle --query 'actor:ann' --token-file token --out ann.zip    with all proofs

Ends with 0 when the file is there, with 2 when it is not what the service promised, with 74 when
files cannot be read or written, with 75 when it took longer than --timeout.")]
pub(crate) struct ExportArgs {
    /// Address of the server
    #[arg(long, env = "ANNALS_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// Token of an auditor; `annals token --role auditor` makes one
    #[arg(
        long,
        env = "ANNALS_TOKEN",
        hide_env_values = true,
        required_unless_present = "token_file"
    )]
    pub(crate) token: Option<String>,
    /// A file with the token, which goes before `--token`
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Which events, in the query language [default: all that the token may see]
    #[arg(long)]
    pub(crate) query: Option<String>,
    /// What the file is to be
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub(crate) format: Format,
    /// An evidence bundle instead: a ZIP file of the events and everything that proves them
    #[arg(long, conflicts_with = "format")]
    pub(crate) bundle: bool,
    /// Where the file goes; until it is whole it is called FILE.part
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace FILE if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// How long to wait in all, seconds
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(1..=TIMEOUT_SECONDS_MAX)
    )]
    pub(crate) timeout: u64,
}

impl ExportArgs {
    /// What the service is asked for.
    fn order(&self) -> Value {
        let format = if self.bundle { "bundle" } else { self.format.name() };
        match &self.query {
            Some(query) => json!({"format": format, "query": query}),
            None => json!({"format": format}),
        }
    }

    fn token(&self) -> anyhow::Result<String> {
        let token = match &self.token_file {
            Some(file) => read_token(file)?,
            None => {
                let given = self.token.as_deref();
                let token =
                    given.context("a token is needed: give --token-file or ANNALS_TOKEN")?;
                token.trim().to_owned()
            }
        };
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message =
                "the token is empty or holds what no token holds; `annals token` makes one";
            return Err(Failure::new(exit::USAGE, message).into());
        }
        Ok(token)
    }

    /// The line that tells what came of it.
    fn told(&self, ready: &Ready) -> String {
        let Ready { events, bytes, sha256, .. } = ready;
        let out = self.out.display();
        let told = format!("exported {events} events: {bytes} bytes, sha256 {sha256}, `{out}`");
        match self.bundle {
            true => {
                format!("{told}; check it with: annals verify --bundle {out} --keys log.json")
            }
            false => told,
        }
    }
}

/// Exports, and prints one line about the file.
pub(crate) async fn run(args: ExportArgs) -> anyhow::Result<()> {
    // What is under way is dropped when the other ends first, and the part of a file with it.
    let ready = tokio::select! {
        exported = export(&args) => exported?,
        listening = interrupted() => {
            listening.context("listening for signals")?;
            return Err(Failure::new(exit::FAILED, not_here(&args, "interrupted")).into());
        }
    };
    writeln!(std::io::stdout(), "{}", args.told(&ready)).context("printing the result")
}

/// Returns when this program is told to end.
async fn interrupted() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended,
        _ = terminated.recv() => Ok(()),
    }
}

async fn export(args: &ExportArgs) -> anyhow::Result<Ready> {
    let service = Service::at(&args.url, &args.token()?)?;
    let exporting = exporting(&service, args);
    match tokio::time::timeout(Duration::from_secs(args.timeout), exporting).await {
        Ok(exported) => exported.with_context(|| format!("exporting to `{}`", args.out.display())),
        Err(_) => {
            let why = format!("not done after {} seconds", args.timeout);
            Err(Failure::new(exit::LATER, not_here(args, &why)).into())
        }
    }
}

async fn exporting(service: &Service, args: &ExportArgs) -> anyhow::Result<Ready> {
    // The file comes first: nothing is asked for that could not be kept.
    let mut part = PartFile::beside(&args.out, args.force)?;
    let place = service.request(&args.order()).await?;
    let ready = service.wait(&place, &progress_bar(100, "{msg} {bar:40} {percent}%")).await?;
    let template = "{bar:40} {bytes}/{total_bytes}, {eta} left";
    service.download(&ready, &mut part, &progress_bar(ready.bytes, template)).await?;
    part.take_its_name()?;
    Ok(ready)
}

fn not_here(args: &ExportArgs, why: &str) -> String {
    format!(
        "{why}: `{}` was not written; if the server took the order it goes on with it, and GET \
         {}/api/v1/exports shows where it stands; run the same command again for a new export",
        args.out.display(),
        args.url.trim_end_matches('/')
    )
}

fn read_token(path: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading the token `{}`", path.display());
    let mut token = String::new();
    let file = File::open(path).with_context(reading)?;
    file.take(TOKEN_BYTES_MAX + 1).read_to_string(&mut token).with_context(reading)?;
    if token.len() as u64 > TOKEN_BYTES_MAX {
        let message = format!("`{}` is longer than any token", path.display());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    Ok(token.trim().to_owned())
}

/// Shown only to people: a terminal on standard error. It goes away when it is dropped.
fn progress_bar(length: u64, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(template).expect("the template is of the right form");
    ProgressBar::new(length).with_style(style)
}
