//! What lies in the key store, in numbers.

use annals_domain::TenantId;
use annals_ports::KeyStoreError;
use annals_record::WrappedKey;
use rusqlite::OptionalExtension;

use super::{SqliteKeyStore, failed};

/// The keys of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCounts {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's own key.
    pub key: WrappedKey,
    /// Keys of persons.
    pub persons: u64,
    /// Persons whose key was destroyed, and who have none since.
    pub destroyed: u64,
}

impl SqliteKeyStore {
    /// Some tenant's key, if there is any. Blocking.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn some_tenant_key(&self) -> Result<Option<(TenantId, WrappedKey)>, KeyStoreError> {
        let read = self.files.read(|connection| {
            connection
                .prepare_cached("SELECT tenant, wrapped FROM tenant_keys LIMIT 1")?
                .query_row([], |row| Ok((tenant_of(row)?, WrappedKey(row.get(1)?))))
                .optional()
        });
        read.map_err(|source| failed("reading a tenant's key", source))
    }

    /// Up to `limit` tenants behind one, in the order of their names, and how many keys each has.
    /// Blocking.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn key_counts(
        &self,
        after: Option<&TenantId>,
        limit: usize,
    ) -> Result<Vec<KeyCounts>, KeyStoreError> {
        const SQL: &str = "SELECT tenant, wrapped,
                (SELECT count(*) FROM person_keys p WHERE p.tenant = t.tenant AND slot IS NOT NULL),
                (SELECT count(*) FROM person_keys p
                 WHERE p.tenant = t.tenant AND slot IS NULL AND destroyed > 0)
             FROM tenant_keys t WHERE tenant > ?1 ORDER BY tenant LIMIT ?2";
        let after = after.map_or("", TenantId::as_str);
        let read = self.files.read(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let rows = statement.query_map((after, limit as i64), |row| {
                let (persons, destroyed): (i64, i64) = (row.get(2)?, row.get(3)?);
                Ok(KeyCounts {
                    tenant: tenant_of(row)?,
                    key: WrappedKey(row.get(1)?),
                    persons: persons.unsigned_abs(),
                    destroyed: destroyed.unsigned_abs(),
                })
            })?;
            rows.collect()
        });
        read.map_err(|source| failed("counting keys", source))
    }
}

fn tenant_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<TenantId> {
    let name: String = row.get(0)?;
    TenantId::new(&name).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(error))
    })
}
