//! `annals keys rotate-master`: the root key gets another wrapping, in one durable step.
//!
//! A running service goes on: it has the root key in memory. Whatever happens on the way, the store holds
//! the old wrapping or the new one, and what is stored was unwrapped once before.

use std::path::PathBuf;

use annals_kms::LocalKey;
use annals_ports::MasterKeys;
use annals_record::RootForm;
use anyhow::{Context, bail};

use super::{InstallationArgs, Keys};
use crate::configuration::Settings;
use crate::master_key::Provider;
use crate::{root_key, secrets};

/// Wraps the root key by another master key
///
/// The settings tell the master key that wraps it now. A running service goes on; at its next start it
/// needs the new one. Nothing else is written, whatever the size of the log.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  annals keys rotate-master --data-dir data --new-key-file /secrets/master-2027.key
  annals keys rotate-master --data-dir data --to vault      as [keys] says where Vault is
  annals keys rotate-master --data-dir data --to aws_kms --config annals.toml

The old master key opens older backups of the key store still: destroy it when there are none left.")]
pub(crate) struct RotateMasterArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The file of the new master key; made when it does not exist
    #[arg(long, value_name = "FILE", conflicts_with = "to", required_unless_present = "to")]
    new_key_file: Option<PathBuf>,
    /// Another provider, with the options that stand in `[keys]`
    #[arg(long, value_enum)]
    to: Option<Provider>,
}

pub(super) async fn run(args: RotateMasterArgs) -> anyhow::Result<()> {
    let settings = args.installation.settings()?;
    let keys = Keys::open(&args.installation.data_dir, &settings).await?;
    let stored = keys.root().await?;
    let form = RootForm::read(&stored).context("reading the stored root key")?;
    let new = new_master(&args, &settings)?;
    if !wraps(&*settings.keys.open(&args.installation.data_dir, false)?, &form)
        && wraps(&*new, &form)
        && root_key::unwrap(&*new, &stored).await.is_ok()
    {
        println!("the root key is wrapped by {} key {} already", new.provider(), new.key_id());
        return Ok(());
    }
    let old = settings.keys.open(&args.installation.data_dir, false)?;
    let root = root_key::unwrap(&*old, &stored).await?;
    let wrapped = root_key::wrap(&*new, form.installation, &root).await?;
    if !keys.store().replace_root_key(&stored, wrapped).await.context("storing the root key")? {
        bail!("somebody else rotated the master key at the same moment: see `annals keys status`");
    }
    println!("the root key is wrapped by {} key {} now", new.provider(), new.key_id());
    match &args.new_key_file {
        Some(file) => println!("before the next start: ANNALS_MASTER_KEY_FILE={}", file.display()),
        None => println!("before the next start: set `keys.provider` to `{}`", new.provider()),
    }
    Ok(())
}

fn new_master(args: &RotateMasterArgs, settings: &Settings) -> anyhow::Result<Box<dyn MasterKeys>> {
    let Some(file) = &args.new_key_file else {
        let provider = args.to.context("give --new-key-file or --to")?;
        let mut keys = settings.keys.clone();
        keys.provider = provider;
        return keys.open(&args.installation.data_dir, false);
    };
    Ok(Box::new(LocalKey::of_file(secrets::master_key_made_in(file)?)))
}

fn wraps(master: &dyn MasterKeys, form: &RootForm) -> bool {
    master.provider() == form.provider && master.key_id() == form.key_id
}
