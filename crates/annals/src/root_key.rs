//! The root key of an installation: made once, wrapped by the master key, unwrapped at each start.

use std::path::Path;

use annals_domain::{Position, TenantId};
use annals_ports::{EventLog, KeyStore, MasterKeys};
use annals_record::{MarkKey, RootForm, RootKey, WrappedKey, WrappedRoot};
use annals_store_eventstoredb::{Address, EventStoreKeys, Settings as ServerSettings};
use annals_store_sqlite::{DataDirCopy, SqliteKeyStore};
use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use tracing::{info, warn};

use crate::exit::{self, Failure};
use crate::master_key::KeySettings;

/// The wrapped root key of a log on a server, as this node saw it last: so that the node can start while
/// the server is away.
const COPY: &str = "root.wrapped";

/// What there is where no root key is stored.
enum Begun {
    /// Nothing: the installation is new.
    New,
    /// What was begun before there were root keys; something that tells whether a key is the one.
    Before(Check),
    /// Events, but no keys.
    WithoutKeys,
}

enum Check {
    /// This must open under it.
    TenantKey(TenantId, WrappedKey),
    /// This must be derived from it.
    KeyCheck(String),
}

impl Check {
    fn is_met_by(&self, root: &RootKey) -> bool {
        match self {
            Self::TenantKey(tenant, key) => root.unwrap_tenant_key(tenant, key).is_ok(),
            Self::KeyCheck(told) => key_check(root) == *told,
        }
    }
}

/// Tells nodes of a server whether they have the same root key.
pub(crate) fn key_check(root: &RootKey) -> String {
    HEXLOWER.encode(root.derive("event log key check").as_slice())
}

/// Vouches for what nodes write into the metadata of streams.
pub(crate) fn marks(root: &RootKey) -> MarkKey {
    MarkKey::new(&root.derive("marks of cut streams"))
}

/// The root key of an embedded log; made when there is none and `may_make`.
pub(crate) async fn of_embedded(
    dir: &Path,
    settings: &KeySettings,
    log: &dyn EventLog,
    keys: &SqliteKeyStore,
    may_make: bool,
) -> anyhow::Result<RootKey> {
    if let Some(stored) = keys.root_key().await? {
        return unwrap(&*settings.open(dir, false)?, &stored).await;
    }
    let begun = match keys.some_tenant_key()? {
        Some((tenant, key)) => Begun::Before(Check::TenantKey(tenant, key)),
        None if log.head().await? == Position::START => Begun::New,
        None => Begun::WithoutKeys,
    };
    first(dir, settings, keys, begun, may_make).await
}

/// The root key of a data directory that a service may have open, and how it is stored there.
pub(crate) async fn of_directory(
    dir: &Path,
    settings: &KeySettings,
) -> anyhow::Result<(RootKey, WrappedRoot)> {
    let stored = stored_in(dir)?;
    let root = unwrap(&*settings.open(dir, false)?, &stored).await?;
    Ok((root, stored))
}

/// How the root key is stored in a data directory that a service may have open.
pub(crate) fn stored_in(dir: &Path) -> anyhow::Result<WrappedRoot> {
    let copy = DataDirCopy::open(dir).context("opening the data directory for reading")?;
    copy.root_key()?.with_context(|| {
        format!("`{}` has no root key yet: start the service on it once", dir.display())
    })
}

/// The one of these that opens under the master key of the settings, which `dir` may hold.
///
/// # Errors
/// What the last one was refused for.
pub(crate) async fn of_any(
    dir: &Path,
    settings: &KeySettings,
    stored: Vec<WrappedRoot>,
) -> anyhow::Result<(RootKey, WrappedRoot)> {
    let master = settings.open(dir, false)?;
    let mut refused = None;
    for one in stored {
        match unwrap(&*master, &one).await {
            Ok(root) => return Ok((root, one)),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("there is no wrapped root key")))
}

/// The root key of a log on a server; made when there is none and `may_make`. While the server is away it
/// is taken from what this node saw last.
pub(crate) async fn of_remote(
    dir: &Path,
    settings: &KeySettings,
    address: Address,
    server: ServerSettings,
    may_make: bool,
) -> anyhow::Result<RootKey> {
    let copy = dir.join(COPY);
    let keys = EventStoreKeys::connect(address, server).await;
    let Some(keys) = keys.map_err(|refusal| Failure::new(exit::FAILED, refusal.to_string()))?
    else {
        let stored = std::fs::read(&copy).map_err(|_| {
            Failure::new(
                exit::FAILED,
                "the event log cannot be reached, and its root key was never seen here: start again \
                 when the server answers",
            )
        })?;
        return unwrap(&*settings.open(dir, false)?, &WrappedRoot(stored)).await;
    };
    let root = match keys.root_key().await? {
        Some(stored) => unwrap(&*settings.open(dir, false)?, &stored).await?,
        None => {
            let begun = match keys.key_check().await? {
                Some(told) => Begun::Before(Check::KeyCheck(told)),
                None => {
                    let refused = keys.refuse_foreign().await;
                    refused.map_err(|no| Failure::new(exit::FAILED, no.to_string()))?;
                    Begun::New
                }
            };
            first(dir, settings, &keys, begun, may_make).await?
        }
    };
    if may_make && let Some(stored) = keys.root_key().await? {
        keep_copy(&copy, &stored)?;
    }
    Ok(root)
}

/// Makes and stores the first root key.
async fn first(
    dir: &Path,
    settings: &KeySettings,
    keys: &dyn KeyStore,
    begun: Begun,
    may_make: bool,
) -> anyhow::Result<RootKey> {
    let is_new = matches!(begun, Begun::New);
    let master = settings.open(dir, may_make && is_new)?;
    let root = match begun {
        Begun::WithoutKeys => bail!(
            "there are events, but no keys in the key store: restore the key store from its backup, \
             without it nothing that is sealed can be read"
        ),
        Begun::New => RootKey::generate()?,
        Begun::Before(check) => {
            let root = master.root_of_older_installation().with_context(|| {
                format!(
                    "this data was begun with a master key in a file: start once with \
                     `keys.provider = \"file\"`, then move to `{}` with `annals keys rotate-master`",
                    master.provider()
                )
            })?;
            if !check.is_met_by(&root) {
                let message = format!(
                    "the data was begun under another master key than {}, or the root key was taken \
                     out of the key store: give the key that the data was begun with, or restore the \
                     key store from its backup",
                    master.key_id()
                );
                return Err(Failure::new(exit::FAILED, message).into());
            }
            root
        }
    };
    if !may_make {
        return Ok(root);
    }
    let stored = wrap(&*master, RootForm::new_installation()?, &root).await?;
    let in_force = keys.put_root_key(stored.clone()).await?;
    if in_force == stored {
        info!(
            provider = master.provider(),
            key = master.key_id(),
            "the root key is wrapped and stored"
        );
        return Ok(root);
    }
    // Another node was first.
    unwrap(&*master, &in_force).await
}

/// Wraps the root key of an installation.
pub(crate) async fn wrap(
    master: &dyn MasterKeys,
    installation: [u8; 32],
    root: &RootKey,
) -> anyhow::Result<WrappedRoot> {
    let now = Timestamp::from_second(Timestamp::now().as_second())?.to_string();
    let mut form = RootForm::unsealed(installation, master.provider(), &master.key_id(), &now);
    form.sealed = master.wrap(&form.context(), root).await?;
    let stored = form.to_stored();
    // What cannot be unwrapped again must not be stored in the place of what can.
    let again = unwrap(master, &stored).await?;
    if again.expose() != root.expose() {
        bail!("the master key wraps the root key and unwraps another; it cannot be used");
    }
    Ok(stored)
}

/// Unwraps the stored root key, or says which master key is needed.
pub(crate) async fn unwrap(
    master: &dyn MasterKeys,
    stored: &WrappedRoot,
) -> anyhow::Result<RootKey> {
    let form = RootForm::read(stored).context("reading the stored root key")?;
    let (provider, key) = (master.provider(), master.key_id());
    let is_local = |provider: &str| ["file", "environment"].contains(&provider);
    let same_kind = form.provider == provider || (is_local(&form.provider) && is_local(provider));
    if !same_kind || form.key_id != key {
        let message = format!(
            "the root key is wrapped by another master key: since {} by the key {} of the provider \
             `{}`, but this is the key {key} of the provider `{provider}`. Set `keys.provider` and the \
             key it needs (a key file is named in ANNALS_MASTER_KEY_FILE); docs/keys.md tells more",
            form.wrapped_at, form.key_id, form.provider
        );
        return Err(Failure::new(exit::FAILED, message).into());
    }
    let root = master.unwrap(&form.context(), &form.sealed).await;
    root.context("the root key cannot be had from the master key")
}

/// Written under another name first, so that a crash leaves the old or the new.
fn keep_copy(path: &Path, stored: &WrappedRoot) -> anyhow::Result<()> {
    if std::fs::read(path).is_ok_and(|known| known == stored.0) {
        return Ok(());
    }
    let fresh = path.with_extension("wrapped.new");
    let written = std::fs::write(&fresh, &stored.0)
        .and_then(|()| std::fs::File::open(&fresh)?.sync_all())
        .and_then(|()| std::fs::rename(&fresh, path));
    if let Err(error) = written {
        warn!(%error, file = %path.display(), "the wrapped root key is not kept here");
    }
    Ok(())
}
