//! `annals archive verify`.

use std::path::{Path, PathBuf};

use annals_archive::archive::{Asked, Keys, Report, verify};
use annals_archive::objects::{Access, Place};
use annals_domain::TenantId;
use annals_tlog::VerifyingKey;
use anyhow::Context;
use serde_json::Value;

use crate::exit::{self, Failure};

/// The largest file of keys that is read, bytes.
const KEYS_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// A path, or a URL such as `s3://bucket/prefix`
    place: String,
    /// A public key of the log; that of its archive, and those of its trees
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<String>,
    /// A file with these keys: one a line, or a `log.json` that was kept
    #[arg(long = "keys", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only what this tenant has
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

pub(super) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    let tenant = args.tenant.as_deref().map(TenantId::new).transpose()?;
    let keys = read_keys(&args.keys, args.file.as_deref())?;
    let place = Place::open(&args.place, Access::Read)?;
    let report = verify(&place, &keys, &Asked { tenant, month: None }, |_, _| {}).await?;
    if report.months == 0 && report.is_whole() {
        // A wrong path or prefix is not an archive that is whole.
        let message = format!(
            "nothing of {} is archived in `{}`; name the place that `archive.to` names, and a tenant that \
             has events",
            keys.log(),
            args.place
        );
        return Err(Failure::new(exit::USAGE, message).into());
    }
    tell(&report)
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let Report { months, records, proven, strays, findings, findings_total } = report;
    for finding in findings {
        println!("{finding}");
    }
    if *strays > 0 {
        println!("{strays} objects are left over from a run that was stopped, and part of nothing");
    }
    if *findings_total > 0 {
        let message = format!("{findings_total} findings in {months} months");
        return Err(Failure::new(exit::TAMPERED, message).into());
    }
    println!(
        "whole: {records} records in {months} months, {proven} of them proven to be in the log's tree"
    );
    Ok(())
}

/// The keys that are to be believed.
pub(super) fn read_keys(given: &[String], file: Option<&Path>) -> anyhow::Result<Keys> {
    let mut texts = given.to_vec();
    if let Some(file) = file {
        let reading = || format!("reading `{}`", file.display());
        if std::fs::metadata(file).with_context(reading)?.len() > KEYS_BYTES_MAX {
            let message = format!("`{}` is larger than any file of keys", file.display());
            return Err(Failure::new(exit::USAGE, message).into());
        }
        let text = std::fs::read_to_string(file).with_context(reading)?;
        match serde_json::from_str::<Value>(&text) {
            Ok(described) => vkeys(&described, &mut texts),
            Err(_) => texts
                .extend(text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)),
        }
    }
    let parse = |text: &String| {
        let wrong =
            |error| Failure::new(exit::USAGE, format!("`{text}` is no public key: {error}"));
        VerifyingKey::parse(text).map_err(wrong)
    };
    let keys = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let missing =
        "no key of an archive was given, named `<log>/archive`; `annals archive keys` prints it";
    Keys::new(keys).ok_or_else(|| Failure::new(exit::USAGE, missing).into())
}

/// Every field `vkey` of a `log.json`. It is as deep as the parser lets it be.
fn vkeys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| vkeys(value, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "vkey") {
                    Some(key) => found.push(key.to_owned()),
                    None => vkeys(value, found),
                }
            }
        }
        _ => {}
    }
}
