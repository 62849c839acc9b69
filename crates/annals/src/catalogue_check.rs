//! `annals catalogue check`: reads a catalogue and says what is in it, or precisely what is wrong; with
//! `--against` also what is not compatible with an older one.

use std::io::Write;
use std::path::{Path, PathBuf};

use annals_domain::catalogue::compatibility::{Finding, compare};
use annals_domain::catalogue::samples::badly_upcast;
use annals_domain::catalogue::{Catalogue, SHIPPED};
use anyhow::{Context, bail};

mod files;
mod git;

use files::CatalogueFiles;

/// Findings beyond so many are only counted.
const FINDINGS_MAX: usize = 200;
/// Where the shipped catalogue lies in a checkout.
const SHIPPED_DIR: &str = "config/catalogue";

/// Arguments of `annals catalogue check`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckArgs {
    /// Directory with *.toml files, one a family; without it the shipped catalogue is checked
    pub(crate) dir: Option<PathBuf>,
    /// Compares it with an older catalogue, a directory or a git ref such as `main`, and fails if events
    /// that were accepted are refused or stored ones lose their meaning
    #[arg(long, value_name = "DIR|REF")]
    pub(crate) against: Option<String>,
}

/// Checks the catalogue and prints its families; what is wrong with it is the error.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let out = &mut std::io::stdout();
    check(args, out)
}

fn check(args: &CheckArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let catalogue = match &args.dir {
        None => Catalogue::read(SHIPPED.iter().copied())?,
        Some(dir) => CatalogueFiles::of_directory(dir)?.read()?,
    };
    if let Some((event_type, problem)) = badly_upcast(&catalogue).first() {
        bail!("type `{event_type}`: its steps do not lead to the newest schema: {problem}");
    }
    let findings = match &args.against {
        None => Vec::new(),
        Some(against) => compare(&older(against, args.dir.as_deref())?, &catalogue),
    };
    tell(&findings, out).context("writing the findings")?;
    let breaking = findings.iter().filter(|finding| finding.breaking).count();
    if breaking > 0 {
        bail!(
            "{breaking} changes are not compatible with `{}`",
            args.against.as_deref().unwrap_or_default()
        );
    }
    out.write_all(report_on(&catalogue).as_bytes()).context("writing the report")
}

/// The catalogue to compare with: of a directory, or as it was in the repository.
fn older(against: &str, dir: Option<&Path>) -> anyhow::Result<Catalogue> {
    let directory = Path::new(against);
    let files = match directory.is_dir() {
        true => CatalogueFiles::of_directory(directory)?,
        false => git::files_at(against, dir.unwrap_or(Path::new(SHIPPED_DIR)))?,
    };
    files.read().with_context(|| format!("the catalogue of `{against}`"))
}

fn tell(findings: &[Finding], out: &mut impl Write) -> std::io::Result<()> {
    for finding in findings.iter().take(FINDINGS_MAX) {
        writeln!(out, "{finding}")?;
    }
    match findings.len().saturating_sub(FINDINGS_MAX) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more"),
    }
}

/// Each family with its counts, and the sum.
fn report_on(catalogue: &Catalogue) -> String {
    let mut report = String::new();
    let mut told_in_all = 0;
    for family in catalogue.families() {
        let entries = family.types.iter().filter_map(|name| catalogue.find(name));
        let told = entries.filter(|entry| entry.significant).count();
        told_in_all += told;
        report +=
            &format!("{:<20} {:>4} types, {told} significant\n", family.name, family.types.len());
    }
    let (types, families) = (catalogue.types().count(), catalogue.families().len());
    report
        + &format!("{types} types in {families} families, {told_in_all} significant: all right\n")
}

#[cfg(test)]
mod tests;
