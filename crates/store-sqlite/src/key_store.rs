//! Wrapped keys in a file of their own, `keys.db`, from which destroyed ones vanish.

mod counting;
mod puts;
mod replacing;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::TenantId;
use annals_ports::{KEY_PAGE_MAX, KeyPage, KeyPlace, KeyStore, KeyStoreError, Rewrapped};
use annals_record::{KeyId, WrappedKey, WrappedRoot};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use self::counting::KeyCounts;
use self::puts::Puts;
use crate::file::{Format, OpenError, is_for_want_of_space};
use crate::pool::Pool;

pub(crate) const FORMAT: Format = Format {
    file: "keys.db",
    application_id: i32::from_be_bytes(*b"ANLK"),
    version: 2,
    schema: include_str!("schema/keys.sql"),
    upgrades: &[include_str!("schema/keys_2.sql")],
    page_size: 4096,
    durable: true,
    cache_kib: 16 * 1024,
    remedy: "restore it from a backup: without it nobody's data can be read",
};

const READERS: usize = 2;

/// The key store of one machine.
#[derive(Debug)]
pub struct SqliteKeyStore {
    files: Arc<Files>,
    puts: Puts,
}

#[derive(Debug)]
struct Files {
    writer: Mutex<Connection>,
    readers: Pool,
}

/// Readers did not let the write-ahead log be emptied.
#[derive(Debug, thiserror::Error)]
#[error("the key is destroyed, but readers kept its old bytes in the file; destroy it again")]
struct StillInUse;

impl SqliteKeyStore {
    /// Opens the store in a data directory, and makes it first where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let writer = Mutex::new(FORMAT.open(dir)?);
        let readers = Pool::new(dir, &FORMAT, READERS);
        Ok(Self { files: Arc::new(Files { writer, readers }), puts: Puts::default() })
    }

    /// Whether a person's key was destroyed. One that is not there without that was lost. Blocking.
    pub fn was_destroyed(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, KeyStoreError> {
        let read = self.files.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT slot IS NULL AND destroyed > 0 FROM person_keys
                     WHERE tenant = ?1 AND id = ?2",
                )?
                .query_row(params![tenant.as_str(), id.0], |row| row.get(0))
                .optional()
        });
        let destroyed =
            read.map_err(|source| failed("reading whether a key was destroyed", source));
        Ok(destroyed?.unwrap_or(false))
    }

    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        run: impl FnOnce(&Files) -> Result<T, BoxedError> + Send + 'static,
    ) -> Result<T, KeyStoreError> {
        run_on(&self.files, run).await.map_err(|source| failed(doing, source))
    }
}

fn failed(doing: &'static str, source: BoxedError) -> KeyStoreError {
    let full = source.downcast_ref().is_some_and(is_for_want_of_space);
    KeyStoreError { doing, full, source }
}

/// Works on the files off the async threads.
async fn run_on<T: Send + 'static>(
    files: &Arc<Files>,
    run: impl FnOnce(&Files) -> Result<T, BoxedError> + Send + 'static,
) -> Result<T, BoxedError> {
    let files = Arc::clone(files);
    match tokio::task::spawn_blocking(move || run(&files)).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(panic.into()),
    }
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

impl Files {
    /// Writes in one transaction, durable when this returns.
    fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxedError> {
        // A panic rolls the transaction back, so what the lock guards is whole.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = write(&transaction)?;
        transaction.commit()?;
        Ok(written)
    }

    /// Replaces in one transaction; then older forms leave the files, unless somebody reads just now.
    fn replace(
        &self,
        replace: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<bool>,
    ) -> Result<bool, BoxedError> {
        let replaced = self.write(replace)?;
        if replaced && self.drop_old_pages().is_err() {
            tracing::debug!("readers still keep the older form of a key in the write-ahead log");
        }
        Ok(replaced)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, BoxedError> {
        Ok(self.readers.read(read)?)
    }

    /// Brings everything over into the file and empties the write-ahead log, so that neither holds
    /// older versions of pages.
    fn drop_old_pages(&self) -> Result<(), BoxedError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let busy: i64 =
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(StillInUse.into()) }
    }
}

#[async_trait]
impl KeyStore for SqliteKeyStore {
    async fn root_key(&self) -> Result<Option<WrappedRoot>, KeyStoreError> {
        self.run("reading the root key", |files| files.read(replacing::root_key)).await
    }

    async fn put_root_key(&self, key: WrappedRoot) -> Result<WrappedRoot, KeyStoreError> {
        self.run("storing the root key", move |files| {
            files.write(|transaction| replacing::put_root_key(transaction, key))
        })
        .await
    }

    async fn replace_root_key(
        &self,
        expected: &WrappedRoot,
        key: WrappedRoot,
    ) -> Result<bool, KeyStoreError> {
        let expected = expected.clone();
        self.run("replacing the root key", move |files| {
            files.replace(|transaction| replacing::replace_root_key(transaction, &expected, &key))
        })
        .await
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<Option<WrappedKey>, KeyStoreError> {
        let tenant = tenant.clone();
        self.run("reading a tenant's key", move |files| {
            files.read(|connection| tenant_key(connection, &tenant))
        })
        .await
    }

    async fn put_tenant_key(
        &self,
        tenant: &TenantId,
        key: WrappedKey,
    ) -> Result<WrappedKey, KeyStoreError> {
        let tenant = tenant.clone();
        self.run("storing a tenant's key", move |files| {
            files.write(|transaction| {
                if let Some(in_force) = tenant_key(transaction, &tenant)? {
                    return Ok(in_force);
                }
                transaction
                    .prepare_cached("INSERT INTO tenant_keys (tenant, wrapped) VALUES (?1, ?2)")?
                    .execute(params![tenant.as_str(), key.0])?;
                Ok(key)
            })
        })
        .await
    }

    async fn replace_tenant_key(
        &self,
        tenant: &TenantId,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, KeyStoreError> {
        let (tenant, expected) = (tenant.clone(), expected.clone());
        self.run("replacing a tenant's key", move |files| {
            files.replace(|transaction| {
                replacing::replace_tenant_key(transaction, &tenant, &expected, &key)
            })
        })
        .await
    }

    async fn person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Option<WrappedKey>>, KeyStoreError> {
        let (tenant, ids) = (tenant.clone(), ids.to_vec());
        self.run("reading persons' keys", move |files| {
            files.read(|connection| {
                ids.iter().map(|id| person_key(connection, &tenant, id)).collect()
            })
        })
        .await
    }

    async fn put_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(KeyId, WrappedKey)>,
    ) -> Result<Vec<WrappedKey>, KeyStoreError> {
        self.puts.put(tenant.clone(), keys, &self.files).await
    }

    async fn person_key_page(
        &self,
        tenant: &TenantId,
        after: Option<KeyPlace>,
        limit: usize,
    ) -> Result<KeyPage, KeyStoreError> {
        let (tenant, limit) = (tenant.clone(), limit.clamp(1, KEY_PAGE_MAX));
        self.run("listing persons' keys", move |files| {
            files.read(|connection| replacing::page(connection, &tenant, after, limit))
        })
        .await
    }

    async fn replace_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<Rewrapped>,
    ) -> Result<Vec<bool>, KeyStoreError> {
        let tenant = tenant.clone();
        self.run("replacing persons' keys", move |files| {
            files.write(|transaction| {
                let replace = |change| replacing::replace_person_key(transaction, &tenant, change);
                keys.iter().map(replace).collect()
            })
        })
        .await
    }

    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError> {
        let (tenant, id) = (tenant.clone(), *id);
        self.run("destroying a person's key", move |files| {
            let destroyed = files.write(|transaction| destroy(transaction, &tenant, &id))?;
            // Also when there was none: an earlier call may have failed between the two steps.
            files.drop_old_pages()?;
            Ok(destroyed)
        })
        .await
    }

    async fn destroy_person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<u64, KeyStoreError> {
        let (tenant, ids) = (tenant.clone(), ids.to_vec());
        self.run("destroying persons' keys", move |files| {
            let destroyed = files.write(|transaction| {
                let mut destroyed = 0;
                for id in &ids {
                    destroyed += u64::from(destroy(transaction, &tenant, id)?);
                }
                Ok(destroyed)
            })?;
            // Also when there were none: an earlier call may have failed between the two steps.
            files.drop_old_pages()?;
            Ok(destroyed)
        })
        .await
    }

    async fn ever_destroyed(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<bool>, KeyStoreError> {
        let (tenant, ids) = (tenant.clone(), ids.to_vec());
        self.run("reading which keys were destroyed", move |files| {
            files.read(|connection| {
                let mut read = connection.prepare_cached(
                    "SELECT destroyed > 0 FROM person_keys WHERE tenant = ?1 AND id = ?2",
                )?;
                let mut ever = |id: &KeyId| {
                    let row = read.query_row(params![tenant.as_str(), id.0], |row| row.get(0));
                    Ok(row.optional()?.unwrap_or(false))
                };
                ids.iter().map(&mut ever).collect()
            })
        })
        .await
    }
}

fn tenant_key(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<WrappedKey>> {
    connection
        .prepare_cached("SELECT wrapped FROM tenant_keys WHERE tenant = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0).map(WrappedKey))
        .optional()
}

fn person_key(
    connection: &Connection,
    tenant: &TenantId,
    id: &KeyId,
) -> rusqlite::Result<Option<WrappedKey>> {
    const SQL: &str = "SELECT wrapped FROM person_keys JOIN wrapped_keys USING (slot)
         WHERE tenant = ?1 AND id = ?2";
    connection
        .prepare_cached(SQL)?
        .query_row(params![tenant.as_str(), id.0], |row| row.get(0).map(WrappedKey))
        .optional()
}

/// First come: returns the key in force.
fn put_person_key(
    connection: &Connection,
    tenant: &TenantId,
    id: &KeyId,
    key: &WrappedKey,
) -> rusqlite::Result<WrappedKey> {
    if let Some(in_force) = person_key(connection, tenant, id)? {
        return Ok(in_force);
    }
    let slot = connection
        .prepare_cached("INSERT INTO wrapped_keys (wrapped) VALUES (?1)")?
        .insert(params![key.0])?;
    connection
        .prepare_cached(
            "INSERT INTO person_keys (tenant, id, slot) VALUES (?1, ?2, ?3)
             ON CONFLICT (tenant, id) DO UPDATE SET slot = excluded.slot",
        )?
        .execute(params![tenant.as_str(), id.0, slot])?;
    Ok(key.clone())
}

/// Overwrites the key where it lies; the row stays as the mark of a destroyed key.
fn destroy(connection: &Connection, tenant: &TenantId, id: &KeyId) -> rusqlite::Result<bool> {
    let overwritten = connection
        .prepare_cached(
            "UPDATE wrapped_keys SET wrapped = zeroblob(length(wrapped))
             WHERE slot = (SELECT slot FROM person_keys WHERE tenant = ?1 AND id = ?2)",
        )?
        .execute(params![tenant.as_str(), id.0])?;
    connection
        .prepare_cached(
            "UPDATE person_keys SET slot = NULL, destroyed = destroyed + 1
             WHERE tenant = ?1 AND id = ?2 AND slot IS NOT NULL",
        )?
        .execute(params![tenant.as_str(), id.0])?;
    Ok(overwritten > 0)
}

#[cfg(test)]
mod tests;
