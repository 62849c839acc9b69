//! Fills a new data directory with what a backup holds.
//!
//! Nothing is durable before the end and nothing may be opened before it: a file in the directory says so,
//! and [`crate::DataDir`] refuses a directory that has it. So indexes are made at the end, by sorting, and
//! the disk is waited for once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use annals_domain::TenantId;
use rusqlite::{Connection, params};

use crate::copying::{Stored, StoredKey, StoredRegister, StoredRow};
use crate::data_dir::UNFINISHED;
use crate::event_log::FORMAT as EVENTS;
use crate::file::{Format, OpenError, sync_parent};
use crate::key_store::FORMAT as KEYS;
use crate::log_file::Numbers;
use crate::registers::FORMAT as REGISTERS;

/// Batches of records that may wait for the writer.
const WAITING_MAX: usize = 2;
/// KiB that the connection keeps in memory while it writes.
const CACHE_KIB: i32 = 256 * 1024;

/// The directory cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// A file cannot be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The system does not let us.
    #[error("cannot use the directory `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The writer ended before its time.
    #[error("the writer of the log ended in a panic")]
    Panic,
}

/// A data directory that is being filled.
#[derive(Debug)]
pub struct FillingDir {
    dir: PathBuf,
    batches: Option<SyncSender<Vec<StoredRow>>>,
    writer: Option<JoinHandle<Result<(), FillError>>>,
}

impl FillingDir {
    /// Begins to fill a directory that holds no log. The caller holds the [`crate::DataDir`].
    pub fn begin(dir: &Path) -> Result<Self, FillError> {
        let io = |source| FillError::Io { path: dir.to_owned(), source };
        let marker = dir.join(UNFINISHED);
        File::create_new(&marker).and_then(|file| file.sync_all()).map_err(io)?;
        sync_parent(&marker).map_err(io)?;
        let connection = EVENTS.open(dir)?;
        let (batches, waiting) = sync_channel(WAITING_MAX);
        let path = dir.join(EVENTS.file);
        let writer = std::thread::Builder::new()
            .name("annals-log-filler".into())
            .spawn(move || {
                write(connection, &waiting).map_err(|source| FillError::Write { path, source })
            })
            .map_err(io)?;
        Ok(Self { dir: dir.to_owned(), batches: Some(batches), writer: Some(writer) })
    }

    /// Writes records, in order of position.
    pub fn records(&mut self, rows: Vec<StoredRow>) -> Result<(), FillError> {
        let sent = self.batches.as_ref().is_some_and(|batches| batches.send(rows).is_ok());
        if sent { Ok(()) } else { self.end_of_records() }
    }

    /// Writes the wrapped keys.
    pub fn keys(
        &mut self,
        tenants: &[(TenantId, Vec<u8>)],
        persons: &[StoredKey],
    ) -> Result<(), FillError> {
        self.fill(&KEYS, |connection| {
            let all = connection.unchecked_transaction()?;
            for (tenant, wrapped) in tenants {
                all.prepare_cached("INSERT INTO tenant_keys (tenant, wrapped) VALUES (?1, ?2)")?
                    .execute(params![tenant.as_str(), wrapped])?;
            }
            for key in persons {
                let slot = key.wrapped.as_ref().map(|wrapped| {
                    all.prepare_cached("INSERT INTO wrapped_keys (wrapped) VALUES (?1)")?
                        .insert([wrapped])
                });
                all.prepare_cached(
                    "INSERT INTO person_keys (tenant, id, slot, destroyed) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    key.tenant.as_str(),
                    key.id,
                    slot.transpose()?,
                    key.destroyed
                ])?;
            }
            all.commit()
        })
    }

    /// Writes the registers.
    pub fn registers(&mut self, registers: &[StoredRegister]) -> Result<(), FillError> {
        self.fill(&REGISTERS, |connection| {
            let all = connection.unchecked_transaction()?;
            for register in registers {
                all.prepare_cached(
                    "INSERT INTO registers (name, version, value) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![
                    register.name,
                    register.version as i64,
                    register.value
                ])?;
            }
            all.commit()
        })
    }

    /// Makes everything durable. From here on the directory can be opened.
    pub fn finish(mut self) -> Result<(), FillError> {
        self.end_of_records()?;
        let io = |source| FillError::Io { path: self.dir.clone(), source };
        for file in [EVENTS.file, KEYS.file, REGISTERS.file] {
            let path = self.dir.join(file);
            if path.exists() {
                File::open(path).and_then(|file| file.sync_all()).map_err(io)?;
            }
        }
        let marker = self.dir.join(UNFINISHED);
        std::fs::remove_file(&marker).and_then(|()| sync_parent(&marker)).map_err(io)
    }

    fn end_of_records(&mut self) -> Result<(), FillError> {
        drop(self.batches.take());
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.join().unwrap_or(Err(FillError::Panic))
    }

    fn fill(
        &self,
        format: &'static Format,
        fill: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), FillError> {
        let connection = format.open(&self.dir)?;
        fill(&connection)
            .map_err(|source| FillError::Write { path: self.dir.join(format.file), source })
    }
}

/// Writes what comes, then the indexes.
fn write(connection: Connection, waiting: &Receiver<Vec<StoredRow>>) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let indexes = take_indexes(&connection)?;
    let mut numbers = Numbers::new();
    while let Ok(rows) = waiting.recv() {
        let all = connection.unchecked_transaction()?;
        for row in &rows {
            insert(&all, &mut numbers, row)?;
        }
        all.commit()?;
    }
    for index in indexes {
        connection.execute_batch(&index)?;
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Drops the indexes of events, and answers with what makes them.
fn take_indexes(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    const SQL: &str = "SELECT name, sql FROM sqlite_schema
         WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL";
    let indexes: Vec<(String, String)> = connection
        .prepare(SQL)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

fn insert(connection: &Connection, numbers: &mut Numbers, row: &StoredRow) -> rusqlite::Result<()> {
    const RECORD: &str = "INSERT INTO events
         (position, stream, revision, tenant, id, fingerprint, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const REMOVED: &str = "INSERT INTO events
         (position, stream, revision, tenant, id, fingerprint, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, zeroblob(?7))";
    let (position, revision) = (row.position.0 as i64, row.revision.0 as i64);
    let stream = numbers.stream(connection, &row.stream)?;
    let tenant = numbers.tenant(connection, &row.tenant)?;
    let id = row.id.0.as_bytes();
    match &row.stored {
        Stored::Record(record) => {
            connection.prepare_cached(RECORD)?.execute(params![
                position,
                stream,
                revision,
                tenant,
                id,
                row.fingerprint,
                record
            ])?;
        }
        Stored::Removed { bytes, by } => {
            connection.prepare_cached(REMOVED)?.execute(params![
                position,
                stream,
                revision,
                tenant,
                id,
                row.fingerprint,
                bytes
            ])?;
            if let Some(by) = by {
                connection
                    .prepare_cached("INSERT INTO removals (position, run) VALUES (?1, ?2)")?
                    .execute(params![position, by.0.as_bytes()])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
