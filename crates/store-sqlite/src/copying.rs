//! Reads the files of a data directory that another process writes, for a backup.
//!
//! Each call is one short read transaction: what is written goes on, and the write-ahead log is not kept from
//! being brought over for longer than one step takes.

use std::path::{Path, PathBuf};

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::trees::{TreeLeaf, TreeShard};
use annals_record::WrappedRoot;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::event_log::FORMAT as EVENTS;
use crate::file::{Format, OpenError};
use crate::key_store::FORMAT as KEYS;
use crate::log_file::{is_removed, newest_position};
use crate::registers::FORMAT as REGISTERS;
use crate::trees::{self, FORMAT as TREES};

/// A record as it lies in `events.db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Place in the whole log.
    pub position: Position,
    /// Place in its stream.
    pub revision: Revision,
    /// Its stream.
    pub stream: StreamName,
    /// Whose it is.
    pub tenant: TenantId,
    /// Identifies the event.
    pub id: EventId,
    /// Tells other content under the same id.
    pub fingerprint: [u8; 16],
    /// The stored form.
    pub stored: Stored,
}

/// What lies at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The bytes of a record.
    Record(Vec<u8>),
    /// Zeros in the place of a record that retention removed.
    Removed {
        /// How many.
        bytes: u32,
        /// The event that tells why.
        by: Option<EventId>,
    },
}

/// A person's key as it lies in `keys.db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Pseudonym.
    pub id: [u8; 20],
    /// The wrapped key; none: destroyed.
    pub wrapped: Option<Vec<u8>>,
    /// How often it was destroyed.
    pub destroyed: u32,
}

/// The wrapped keys of tenants and persons in `keys.db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllKeys {
    /// One a tenant.
    pub tenants: Vec<(TenantId, Vec<u8>)>,
    /// One a person, service or tenant's own facts.
    pub persons: Vec<StoredKey>,
}

/// A register as it lies in `registers.db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRegister {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Its value.
    pub value: Vec<u8>,
}

/// A tree as it lies in `tiles.db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTree {
    /// The shard.
    pub shard: TreeShard,
    /// The newest checkpoint with enough cosignatures.
    pub cosigned: Option<String>,
    /// Its first leaf, when that belongs to no record.
    pub link: Option<[u8; 32]>,
}

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`")]
pub struct CopyError {
    path: PathBuf,
    #[source]
    source: rusqlite::Error,
}

/// The files of a data directory, for reading only.
#[derive(Debug)]
pub struct DataDirCopy {
    dir: PathBuf,
    events: Connection,
    keys: Connection,
    registers: Connection,
    /// A node that keeps no trees has none.
    trees: Option<Connection>,
}

impl DataDirCopy {
    /// Opens the files. The service may run or not.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let trees = dir.join(TREES.file).exists().then(|| TREES.open_checked(dir)).transpose()?;
        Ok(Self {
            dir: dir.to_owned(),
            events: EVENTS.open_checked(dir)?,
            keys: KEYS.open_checked(dir)?,
            registers: REGISTERS.open_checked(dir)?,
            trees,
        })
    }

    /// Position of the newest record.
    pub fn head(&self) -> Result<Position, CopyError> {
        newest_position(&self.events).map_err(self.failed(&EVENTS))
    }

    /// Records behind `after` up to `until`, at most `limit` and about `bytes_max` bytes.
    pub fn records(
        &self,
        after: Position,
        until: Position,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, CopyError> {
        self.rows(after, until, limit, bytes_max).map_err(self.failed(&EVENTS))
    }

    fn rows(
        &self,
        after: Position,
        until: Position,
        limit: usize,
        bytes_max: usize,
    ) -> rusqlite::Result<Vec<StoredRow>> {
        const SQL: &str = "SELECT e.position, e.revision, s.name, t.name, e.id, e.fingerprint,
                e.record, r.run
             FROM events e JOIN streams s ON s.id = e.stream JOIN tenants t ON t.id = e.tenant
             LEFT JOIN removals r ON r.position = e.position
             WHERE e.position > ?1 AND e.position <= ?2 ORDER BY e.position";
        let mut statement = self.events.prepare_cached(SQL)?;
        let mut found = statement.query(params![number(after), number(until)])?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < limit
            && bytes < bytes_max
            && let Some(row) = found.next()?
        {
            bytes += row.get_ref(6)?.as_blob().map_or(0, <[u8]>::len);
            rows.push(stored_row(row)?);
        }
        Ok(rows)
    }

    /// What retention removed, in order, each with the event that tells why; and the position of the
    /// newest such event.
    pub fn removals(&self) -> Result<(Vec<(Position, EventId)>, Position), CopyError> {
        let read = || {
            // Both as of one moment.
            let _moment = self.events.unchecked_transaction()?;
            let mut statement = self
                .events
                .prepare_cached("SELECT position, run FROM removals ORDER BY position")?;
            let removed = statement
                .query_map([], |row| Ok((position(row, 0)?, event_id(row, 1)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            const NEWEST: &str = "SELECT max(position) FROM events
                 WHERE id IN (SELECT DISTINCT run FROM removals)";
            let newest: Option<i64> = self.events.query_row(NEWEST, [], |row| row.get(0))?;
            Ok((removed, Position(newest.unwrap_or(0) as u64)))
        };
        read().map_err(self.failed(&EVENTS))
    }

    /// The leaf of the record at a position, if a tree has it.
    pub fn leaf(&self, at: Position) -> Result<Option<[u8; 32]>, CopyError> {
        const SQL: &str = "SELECT positions, digests FROM leaves WHERE first_position <= ?1
             ORDER BY first_position DESC LIMIT 1";
        let Some(connection) = &self.trees else { return Ok(None) };
        let read = || {
            let row = connection
                .prepare_cached(SQL)?
                .query_row([number(at)], |row| trees::leaves(row, 0))
                .optional()?;
            let leaf = row.into_iter().flatten().find(|leaf: &TreeLeaf| leaf.position == at);
            Ok(leaf.map(|leaf| leaf.digest))
        };
        read().map_err(self.failed(&TREES))
    }

    /// The trees, oldest first.
    pub fn trees(&self) -> Result<Vec<StoredTree>, CopyError> {
        const SQL: &str = "SELECT name, size, root, position, note, cosigned,
                (SELECT positions FROM leaves WHERE shard = shards.number AND leaves.number = 0),
                (SELECT digests FROM leaves WHERE shard = shards.number AND leaves.number = 0)
             FROM shards ORDER BY number";
        let Some(connection) = &self.trees else { return Ok(Vec::new()) };
        let read = || {
            let mut statement = connection.prepare_cached(SQL)?;
            let trees = statement.query_map([], |row| {
                let first = match row.get_ref(6)? {
                    rusqlite::types::ValueRef::Null => None,
                    _ => trees::leaves(row, 6)?.first().copied(),
                };
                Ok(StoredTree {
                    shard: trees::shard(row)?,
                    cosigned: row.get(5)?,
                    link: first
                        .filter(|leaf| leaf.position == Position::START)
                        .map(|leaf| leaf.digest),
                })
            })?;
            trees.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed(&TREES))
    }

    /// The wrapped root key; none: no version that has one was started on these files.
    pub fn root_key(&self) -> Result<Option<WrappedRoot>, CopyError> {
        const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'root_key'";
        let read = || -> rusqlite::Result<Option<WrappedRoot>> {
            let tables: i64 = self.keys.query_row(TABLES, [], |row| row.get(0))?;
            if tables == 0 {
                return Ok(None);
            }
            let root = "SELECT wrapped FROM root_key";
            self.keys.query_row(root, [], |row| row.get(0).map(WrappedRoot)).optional()
        };
        read().map_err(self.failed(&KEYS))
    }

    /// The wrapped keys of tenants.
    pub fn tenant_keys(&self) -> Result<Vec<(TenantId, Vec<u8>)>, CopyError> {
        let read = || {
            let mut statement =
                self.keys.prepare_cached("SELECT tenant, wrapped FROM tenant_keys")?;
            let keys = statement.query_map([], |row| Ok((tenant(row, 0)?, row.get(1)?)))?;
            keys.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed(&KEYS))
    }

    /// The wrapped key of a person; none: destroyed, or not known.
    pub fn person_key(&self, of: &TenantId, id: &[u8; 20]) -> Result<Option<Vec<u8>>, CopyError> {
        const SQL: &str = "SELECT wrapped FROM person_keys JOIN wrapped_keys USING (slot)
             WHERE tenant = ?1 AND id = ?2";
        let read = || {
            let mut statement = self.keys.prepare_cached(SQL)?;
            statement.query_row(params![of.as_str(), id], |row| row.get(0)).optional()
        };
        read().map_err(self.failed(&KEYS))
    }

    /// The wrapped keys of persons.
    pub fn person_keys(&self) -> Result<Vec<StoredKey>, CopyError> {
        const SQL: &str = "SELECT tenant, id, wrapped, destroyed
             FROM person_keys LEFT JOIN wrapped_keys USING (slot)";
        let read = || {
            let mut statement = self.keys.prepare_cached(SQL)?;
            let keys = statement.query_map([], |row| {
                Ok(StoredKey {
                    tenant: tenant(row, 0)?,
                    id: row.get(1)?,
                    wrapped: row.get(2)?,
                    destroyed: row.get(3)?,
                })
            })?;
            keys.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed(&KEYS))
    }

    /// The wrapped keys of tenants and persons as of one moment, so that each lies under one that is there.
    pub fn all_keys(&self) -> Result<AllKeys, CopyError> {
        let _moment = self.keys.unchecked_transaction().map_err(self.failed(&KEYS))?;
        Ok(AllKeys { tenants: self.tenant_keys()?, persons: self.person_keys()? })
    }

    /// The registers.
    pub fn registers(&self) -> Result<Vec<StoredRegister>, CopyError> {
        const SQL: &str = "SELECT name, version, value FROM registers ORDER BY name";
        let read = || {
            let mut statement = self.registers.prepare_cached(SQL)?;
            let registers = statement.query_map([], |row| {
                let version = row.get::<_, i64>(1)? as u64;
                Ok(StoredRegister { name: row.get(0)?, version, value: row.get(2)? })
            })?;
            registers.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed(&REGISTERS))
    }

    fn failed(&self, format: &Format) -> impl FnOnce(rusqlite::Error) -> CopyError {
        let path = self.dir.join(format.file);
        |source| CopyError { path, source }
    }
}

fn stored_row(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let bytes = row.get_ref(6)?.as_blob()?;
    let stored = match is_removed(bytes) {
        true => Stored::Removed {
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            by: row.get::<_, Option<[u8; 16]>>(7)?.map(|id| EventId(Uuid::from_bytes(id))),
        },
        false => Stored::Record(bytes.to_vec()),
    };
    Ok(StoredRow {
        position: position(row, 0)?,
        revision: Revision(row.get::<_, i64>(1)? as u64),
        stream: StreamName::from_stored(row.get_ref(2)?.as_str()?),
        tenant: tenant(row, 3)?,
        id: event_id(row, 4)?,
        fingerprint: row.get(5)?,
        stored,
    })
}

fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    Ok(Position(row.get::<_, i64>(column)? as u64))
}

fn event_id(row: &Row<'_>, column: usize) -> rusqlite::Result<EventId> {
    Ok(EventId(Uuid::from_bytes(row.get(column)?)))
}

fn tenant(row: &Row<'_>, column: usize) -> rusqlite::Result<TenantId> {
    TenantId::new(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// `SQLite`'s integers end at `i64::MAX`; nothing lies beyond.
fn number(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
