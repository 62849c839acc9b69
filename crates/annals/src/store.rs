//! Where the log, the keys and the registers are kept: in the data directory, or on a server.

use std::path::Path;
use std::sync::Arc;

use annals_ports::{EventLog, KeyStore, SharedRegisters, Spool, StreamEnds};
use annals_record::RootKey;
use annals_store_eventstoredb::{Address, EventStoreLog, Settings as ServerSettings};
use annals_store_sqlite::{
    DataDir, EventLogSettings, SqliteEventLog, SqliteKeyStore, SqliteRegisters, SqliteReplica,
    SqliteSpool,
};
use anyhow::{Context, bail};

use crate::configuration::StoreSettings;
use crate::exit::{self, Failure};
use crate::master_key::KeySettings;
use crate::{root_key, secrets};

/// The file of an embedded log; it tells a directory that holds one.
const EMBEDDED_LOG: &str = "events.db";
/// The file of the copy of a remote log.
const COPY: &str = "replica.db";

/// The stores of an installation that are not derived.
pub(crate) struct Store {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) registers: Arc<dyn SharedRegisters>,
    /// Where events wait while the log takes none. An embedded log fails with the same disk.
    pub(crate) spool: Option<Arc<dyn Spool>>,
    pub(crate) kind: Kind,
}

/// The log once more, by what it is.
pub(crate) enum Kind {
    Embedded(Arc<SqliteEventLog>),
    Remote(Arc<EventStoreLog>),
}

impl Store {
    /// Opens the stores, and the root key with them: that of a new installation is made.
    pub(crate) async fn open(
        dir: &Path,
        settings: &StoreSettings,
        keys: &KeySettings,
    ) -> anyhow::Result<(Self, RootKey)> {
        match settings.is_embedded() {
            true => Self::embedded(dir, keys).await,
            false => Self::remote(dir, settings, keys).await,
        }
    }

    async fn embedded(dir: &Path, master: &KeySettings) -> anyhow::Result<(Self, RootKey)> {
        refuse_copy(dir)?;
        let log = Arc::new(SqliteEventLog::open(dir, EventLogSettings::default())?);
        let keys = Arc::new(SqliteKeyStore::open(dir)?);
        let root = root_key::of_embedded(dir, master, &*log, &keys, true).await?;
        let store = Self {
            log: log.clone(),
            keys,
            registers: Arc::new(SqliteRegisters::open(dir)?),
            spool: None,
            kind: Kind::Embedded(log),
        };
        Ok((store, root))
    }

    async fn remote(
        dir: &Path,
        settings: &StoreSettings,
        keys: &KeySettings,
    ) -> anyhow::Result<(Self, RootKey)> {
        if dir.join(EMBEDDED_LOG).exists() {
            let message = format!(
                "`{}` holds an embedded log: use another directory for a node that follows {}",
                dir.display(),
                address(settings)?
            );
            return Err(Failure::new(exit::USAGE, message).into());
        }
        let root = remote_root(dir, settings, keys, true).await?;
        let log = Arc::new(follow(dir, settings, &root).await?);
        let store = Self {
            keys: Arc::new(log.keys()),
            registers: Arc::new(log.registers()),
            spool: Some(Arc::new(SqliteSpool::open(dir)?)),
            log: log.clone(),
            kind: Kind::Remote(log),
        };
        Ok((store, root))
    }

    /// What tells where all streams end; only an embedded log does.
    pub(crate) fn ends(&self) -> Option<Arc<dyn StreamEnds>> {
        match &self.kind {
            Kind::Embedded(log) => Some(log.clone()),
            Kind::Remote(_) => None,
        }
    }

    /// Makes what was taken on durable and closes files.
    pub(crate) async fn close(&self) {
        match &self.kind {
            Kind::Embedded(log) => log.close().await,
            // What a server has confirmed is durable there.
            Kind::Remote(_) => {}
        }
    }
}

/// Refuses a directory that follows a log on a server where an embedded one is meant.
pub(crate) fn refuse_copy(dir: &Path) -> anyhow::Result<()> {
    if !dir.join(COPY).exists() {
        return Ok(());
    }
    let message = format!(
        "`{}` follows a log on a server: name it with `--store`, or use another directory",
        dir.display()
    );
    Err(Failure::new(exit::USAGE, message).into())
}

/// The root key of a log on a server; made when there is none and `may_make`.
pub(crate) async fn remote_root(
    dir: &Path,
    settings: &StoreSettings,
    keys: &KeySettings,
    may_make: bool,
) -> anyhow::Result<RootKey> {
    root_key::of_remote(dir, keys, address(settings)?, server(settings), may_make).await
}

/// How to work with the server.
pub(crate) fn server(settings: &StoreSettings) -> ServerSettings {
    ServerSettings {
        namespace: settings.namespace.clone(),
        scavenge: settings.scavenge,
        ..ServerSettings::default()
    }
}

/// Follows a log on a server, with a copy of it in a directory.
pub(crate) async fn follow(
    dir: &Path,
    settings: &StoreSettings,
    root: &RootKey,
) -> anyhow::Result<EventStoreLog> {
    let address = address(settings)?;
    let server = server(settings);
    let replica = Arc::new(SqliteReplica::open(dir)?);
    let (key_check, marks) = (root_key::key_check(root), root_key::marks(root));
    let log = EventStoreLog::open(address, server, replica, key_check, marks).await;
    Ok(log.map_err(|refusal| Failure::new(exit::FAILED, refusal.to_string()))?)
}

/// The server's address with the users of the settings.
pub(crate) fn address(settings: &StoreSettings) -> anyhow::Result<Address> {
    let wrong = |error: annals_store_eventstoredb::AddressError| {
        Failure::new(exit::USAGE, error.to_string())
    };
    let mut address = Address::parse(&settings.url).map_err(wrong)?;
    if !settings.user.is_empty() {
        let password = password(&settings.password_file, "store.password_file")?;
        address = address.signed_in(&settings.user, &password);
    }
    if !settings.keeper.is_empty() {
        let password = password(&settings.keeper_password_file, "store.keeper_password_file")?;
        address = address.with_keeper(&settings.keeper, &password);
    }
    Ok(address)
}

fn password(file: &Path, setting: &str) -> anyhow::Result<String> {
    if file.as_os_str().is_empty() {
        bail!("a user without a password: set `{setting}`");
    }
    let password = secrets::password(file)
        .with_context(|| format!("reading `{setting}`, the file `{}`", file.display()))?;
    Ok(password)
}

/// Removes the copy of a remote log, so that it is made anew. There is none of an embedded log.
pub(crate) fn remove_copy(dir: &DataDir) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = dir.path().join(format!("{COPY}{suffix}"));
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing `{}`", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
