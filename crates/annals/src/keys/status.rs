//! `annals keys status`.

use std::io::Write;

use annals_domain::TenantId;
use annals_record::{RootForm, RootKey};
use annals_store_sqlite::{KeyCounts, SqliteKeyStore};
use anyhow::Context;

use super::{InstallationArgs, Keys};
use crate::root_key;

/// Tenants that are read at once.
const PAGE: usize = 500;

pub(super) async fn run(args: &InstallationArgs) -> anyhow::Result<()> {
    let settings = args.settings()?;
    let keys = Keys::open(&args.data_dir, &settings).await?;
    let stored = keys.root().await?;
    let form = RootForm::read(&stored).context("reading the stored root key")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "root key    wrapped by {} key {}", form.provider, form.key_id)?;
    writeln!(out, "            since {}", form.wrapped_at)?;
    let master = settings.keys.open(&args.data_dir, false);
    let opened = match master {
        Ok(master) => root_key::unwrap(&*master, &stored).await,
        Err(error) => Err(error),
    };
    let root = match opened {
        Ok(root) => {
            writeln!(out, "            opens with the master key of these settings")?;
            Some(root)
        }
        Err(error) => {
            writeln!(out, "            DOES NOT OPEN with the master key of these settings")?;
            writeln!(out, "            {error:#}")?;
            None
        }
    };
    match &keys {
        Keys::Embedded(keys) => tenants(&mut out, keys, root.as_ref()),
        Keys::Remote(_) => {
            writeln!(out, "tenants     are counted where the log is embedded only")?;
            Ok(())
        }
    }
}

/// A line for each tenant.
fn tenants(
    out: &mut impl Write,
    keys: &SqliteKeyStore,
    root: Option<&RootKey>,
) -> anyhow::Result<()> {
    let mut after: Option<TenantId> = None;
    let (mut tenants, mut persons) = (0_u64, 0_u64);
    loop {
        let page = keys.key_counts(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.tenant.clone());
        for counts in page {
            tenants += 1;
            persons += counts.persons;
            writeln!(out, "{}", line(&counts, root))?;
        }
    }
    writeln!(out, "in all      {tenants} tenants, {persons} keys of persons")?;
    Ok(())
}

fn line(counts: &KeyCounts, root: Option<&RootKey>) -> String {
    let KeyCounts { tenant, key, persons, destroyed } = counts;
    let versions = match root.map(|root| root.unwrap_tenant_key(tenant, key)) {
        None => "versions unknown".to_owned(),
        Some(Err(_)) => "ITS KEY DOES NOT OPEN: run `annals verify`".to_owned(),
        Some(Ok(key)) => {
            let all: Vec<String> = key.versions().map(|version| version.to_string()).collect();
            match all.as_slice() {
                [only] => format!("version {only}"),
                all => format!("versions {}, a rotation is not finished", all.join(" ")),
            }
        }
    };
    format!("tenant      {tenant}: {versions}; {persons} keys of persons, {destroyed} destroyed")
}
