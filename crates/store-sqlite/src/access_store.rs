//! The state of access in `access.db`; rebuilt from the log when it is lost.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use annals_domain::access::state::{AccessChange, AccessEntry};
use annals_domain::{Position, TenantId};
use annals_ports::{AccessStore, ReadModelError};
use annals_record::sealed_file::FileKey;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, params};

use crate::file::{Format, OpenError, drop_old_pages, within};

const FORMAT: Format = Format {
    file: "access.db",
    application_id: i32::from_be_bytes(*b"ANLA"),
    version: 1,
    schema: include_str!("schema/access.sql"),
    upgrades: &[],
    page_size: 4096,
    durable: false,
    cache_kib: 2 * 1024,
    remedy: "delete it and start again, it is made anew from the log; nothing is lost by that",
};

const PUT: &str = "INSERT INTO entries (tenant, name, entry) VALUES (?1, ?2, ?3)
     ON CONFLICT DO UPDATE SET entry = excluded.entry";

/// The access store of one machine.
#[derive(Debug)]
pub struct SqliteAccess {
    /// All of it is read at the start, and little is written: one connection does.
    connection: Mutex<Connection>,
    dir: PathBuf,
}

impl SqliteAccess {
    /// Opens the store in a data directory, and makes it first where there is none. It lies there
    /// encrypted under this key; what lies otherwise is removed and must be filled anew.
    pub fn open(dir: &Path, key: &FileKey) -> Result<Self, OpenError> {
        Ok(Self { connection: Mutex::new(FORMAT.open_sealed(dir, key)?), dir: dir.to_owned() })
    }

    fn within<T>(
        &self,
        doing: &'static str,
        step: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        within(&self.connection, step).map_err(|error| ReadModelError {
            model: "access",
            doing,
            source: FORMAT.explain(&self.dir, error),
        })
    }
}

impl AccessStore for SqliteAccess {
    fn load(&self) -> Result<(Position, Vec<(TenantId, AccessEntry)>), ReadModelError> {
        self.within("read everything", |all| {
            let mut rows = all.prepare_cached("SELECT tenant, entry FROM entries")?;
            let entries = rows.query_map([], entry)?.collect::<rusqlite::Result<_>>()?;
            Ok((position(all)?, entries))
        })
    }

    fn apply(&self, changes: &[AccessChange], end: Position) -> Result<(), ReadModelError> {
        self.within("apply events", |all| {
            if end <= position(all)? {
                return Ok(());
            }
            for AccessChange { tenant, name, entry } in changes {
                match entry {
                    Some(entry) => all.prepare_cached(PUT)?.execute(params![
                        tenant.as_str(),
                        name,
                        entry.to_json()
                    ])?,
                    None => all
                        .prepare_cached("DELETE FROM entries WHERE tenant = ?1 AND name = ?2")?
                        .execute(params![tenant.as_str(), name])?,
                };
            }
            all.prepare_cached("UPDATE progress SET position = ?1")?.execute([end.0 as i64])?;
            Ok(())
        })
    }

    fn replace(&self, tenant: &TenantId, entries: &[AccessEntry]) -> Result<(), ReadModelError> {
        const DOING: &str = "put other entries in the place of a tenant's";
        self.within(DOING, |all| {
            all.execute("DELETE FROM entries WHERE tenant = ?1", [tenant.as_str()])?;
            for entry in entries {
                all.prepare_cached(PUT)?.execute(params![
                    tenant.as_str(),
                    entry.name(),
                    entry.to_json()
                ])?;
            }
            Ok(())
        })?;
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        drop_old_pages(&connection).map_err(|source| ReadModelError {
            model: "access",
            doing: DOING,
            source,
        })
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.within("clear it", |all| {
            all.execute_batch("DELETE FROM entries; UPDATE progress SET position = 0;")
        })
    }
}

fn position(connection: &Connection) -> rusqlite::Result<Position> {
    connection
        .prepare_cached("SELECT position FROM progress")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(|position| Position(position as u64))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<(TenantId, AccessEntry)> {
    let unreadable = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
    };
    let (tenant, entry): (String, String) = (row.get(0)?, row.get(1)?);
    let tenant = TenantId::new(&tenant).map_err(|error| unreadable(0, error.into()))?;
    let entry = AccessEntry::from_json(&entry).map_err(|error| unreadable(1, error.into()))?;
    Ok((tenant, entry))
}

#[cfg(test)]
mod tests;
