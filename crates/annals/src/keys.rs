//! `annals keys`: which keys there are, and rotating them. Shows no key.

mod rotate_master;
mod rotate_tenant;
mod status;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_ports::KeyStore;
use annals_record::WrappedRoot;
use annals_store_eventstoredb::EventStoreKeys;
use annals_store_sqlite::SqliteKeyStore;
use anyhow::Context;
use clap::Subcommand;

use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::store;

/// The file of wrapped keys in a data directory.
const KEYS: &str = "keys.db";

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Tells what wraps the root key and, of an embedded log, how many keys each tenant has
    Status(InstallationArgs),
    /// Wraps the root key by another master key; the service may go on meanwhile
    RotateMaster(rotate_master::RotateMasterArgs),
    /// Has a running service rotate the key of a tenant
    RotateTenant(rotate_tenant::RotateTenantArgs),
}

/// Which installation.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallationArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the log is kept, as for `annals serve`
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

impl InstallationArgs {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::load(self.config.as_deref())?;
        if let Some(store) = &self.store {
            settings.store.url.clone_from(store);
        }
        Ok(settings)
    }
}

/// The key store, which a running service may have open too.
enum Keys {
    Embedded(Arc<SqliteKeyStore>),
    Remote(Box<EventStoreKeys>),
}

impl Keys {
    async fn open(dir: &Path, settings: &Settings) -> anyhow::Result<Self> {
        if settings.store.is_embedded() {
            if !dir.join(KEYS).exists() {
                let message =
                    format!("`{}` holds no `{KEYS}`: name a data directory", dir.display());
                return Err(Failure::new(exit::IO, message).into());
            }
            return Ok(Self::Embedded(Arc::new(SqliteKeyStore::open(dir)?)));
        }
        let (address, server) = (store::address(&settings.store)?, store::server(&settings.store));
        let keys = EventStoreKeys::connect(address, server).await;
        let keys = keys.map_err(|refusal| Failure::new(exit::FAILED, refusal.to_string()))?;
        let keys = keys.ok_or_else(|| {
            Failure::new(exit::IO, "the event log cannot be reached: try again when it answers")
        })?;
        Ok(Self::Remote(Box::new(keys)))
    }

    fn store(&self) -> &dyn KeyStore {
        match self {
            Self::Embedded(keys) => &**keys,
            Self::Remote(keys) => &**keys,
        }
    }

    async fn root(&self) -> anyhow::Result<WrappedRoot> {
        let stored = self.store().root_key().await.context("reading the root key")?;
        stored.with_context(|| {
            "there is no root key yet: start the service once, with the master key it had until now"
        })
    }
}

pub(crate) async fn run(command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::Status(args) => status::run(&args).await,
        KeysCommand::RotateMaster(args) => rotate_master::run(args).await,
        KeysCommand::RotateTenant(args) => rotate_tenant::run(args).await,
    }
}
