//! Opening a database file: made with the right mode and schema, or checked to be one of ours.

mod error;
mod sealing;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use annals_record::sealed_file::FileKey;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

pub use error::OpenError;

/// How long to wait for somebody else's lock on the file: an auditor may have it open.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const PREPARED_STATEMENTS_MAX: usize = 64;

/// `SQLITE_IOERR_SHMSIZE`: the shared-memory file could not grow, for want of space.
const NO_SPACE_FOR_SHARED_MEMORY: i32 = 10 | (19 << 8);

/// Does something in one transaction; a panic in it rolls back.
pub(crate) fn within<T>(
    connection: &Mutex<Connection>,
    step: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    let all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = step(&all)?;
    all.commit()?;
    Ok(done)
}

/// Readers did not let the write-ahead log be emptied.
#[derive(Debug, thiserror::Error)]
#[error("what was removed is still in the write-ahead log, for readers kept it there; try again")]
struct StillInUse;

/// Brings everything over into the file and empties the write-ahead log, so that neither holds older
/// versions of pages.
pub(crate) fn drop_old_pages(connection: &Connection) -> Result<(), BoxedError> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(StillInUse.into()) }
}

pub(crate) type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// What makes one of our files.
#[derive(Debug)]
pub(crate) struct Format {
    /// Its name in the data directory.
    pub(crate) file: &'static str,
    /// Four letters in its header that tell it from other `SQLite` files.
    pub(crate) application_id: i32,
    /// Version of its schema.
    pub(crate) version: i32,
    /// Makes its tables, as they were in the first version.
    pub(crate) schema: &'static str,
    /// What each later version changed, up to the newest.
    pub(crate) upgrades: &'static [&'static str],
    pub(crate) page_size: u32,
    /// Whether every commit waits for the disk; else only checkpoints do.
    pub(crate) durable: bool,
    /// What a connection keeps in memory, KiB.
    pub(crate) cache_kib: i32,
    /// What to do when the file is damaged.
    pub(crate) remedy: &'static str,
}

impl Format {
    /// Opens the file for writing, and makes it first where there is none. Anybody can read in it.
    pub(crate) fn open(&self, dir: &Path) -> Result<Connection, OpenError> {
        self.open_with(dir, None)
    }

    /// As [`Format::open`], for a file that lies on disk under a key and can be made anew: one that
    /// does not lie under this key is removed first.
    pub(crate) fn open_sealed(&self, dir: &Path, key: &FileKey) -> Result<Connection, OpenError> {
        let path = dir.join(self.file);
        sealing::remove_unless_under(&path, key)
            .map_err(|source| OpenError::Replace { path, source })?;
        self.open_with(dir, Some(key))
    }

    fn open_with(&self, dir: &Path, key: Option<&FileKey>) -> Result<Connection, OpenError> {
        let path = dir.join(self.file);
        create_private(&path).map_err(|source| OpenError::Create { path: path.clone(), source })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags)
            .map_err(|error| self.failed(&path, "opening it", error))?;
        self.begin(&connection, key).map_err(|error| self.failed(&path, "setting it up", error))?;
        let fresh = self.check(&connection, &path)?;
        self.set_up(&connection, fresh)
            .map_err(|error| self.failed(&path, "setting it up", error))?;
        if fresh {
            self.create_tables(&mut connection)
                .map_err(|error| self.failed(&path, "creating its tables", error))?;
        }
        self.upgrade(&mut connection)
            .map_err(|error| self.failed(&path, "bringing its tables up to date", error))?;
        Ok(connection)
    }

    /// Opens a file that is there for reading only.
    pub(crate) fn open_for_reading(
        &self,
        dir: &Path,
        key: Option<&FileKey>,
    ) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(dir.join(self.file), flags)?;
        self.begin(&connection, key)?;
        connection.pragma_update(None, "cache_size", -self.cache_kib)?;
        prepare_once(&connection)?;
        Ok(connection)
    }

    /// As [`Format::open_for_reading`], and checks that the file is one of these.
    pub(crate) fn open_checked(&self, dir: &Path) -> Result<Connection, OpenError> {
        let path = dir.join(self.file);
        let connection = self
            .open_for_reading(dir, None)
            .map_err(|error| self.failed(&path, "opening it", error))?;
        match self.check(&connection, &path)? {
            true => Err(OpenError::Foreign { path, application_id: 0 }),
            false => Ok(connection),
        }
    }

    fn begin(&self, connection: &Connection, key: Option<&FileKey>) -> rusqlite::Result<()> {
        if let Some(key) = key {
            sealing::unlock(connection, key, self.page_size)?;
        }
        connection.busy_timeout(BUSY_TIMEOUT)
    }

    /// Checks whose file it is; says whether it is still empty.
    fn check(&self, connection: &Connection, path: &Path) -> Result<bool, OpenError> {
        let (application_id, version, tables) = read_identity(connection)
            .map_err(|error| self.failed(path, "reading its header", error))?;
        match (application_id, version) {
            (0, 0) if tables == 0 => Ok(true),
            (id, _) if id != self.application_id => {
                Err(OpenError::Foreign { path: path.to_owned(), application_id })
            }
            (_, found) if found > self.version => {
                Err(OpenError::Newer { path: path.to_owned(), found, known: self.version })
            }
            _ => Ok(false),
        }
    }

    fn set_up(&self, connection: &Connection, fresh: bool) -> rusqlite::Result<()> {
        if fresh {
            connection.pragma_update(None, "page_size", self.page_size)?;
        }
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(rusqlite::Error::InvalidQuery);
        }
        connection.pragma_update(
            None,
            "synchronous",
            if self.durable { "FULL" } else { "NORMAL" },
        )?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "cell_size_check", "ON")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // References are there for people who read the schema; the one writer keeps to them.
        connection.pragma_update(None, "foreign_keys", "OFF")?;
        connection.pragma_update(None, "cache_size", -self.cache_kib)?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        prepare_once(connection)
    }

    /// In one transaction, so that a crash leaves an empty file or a whole one.
    fn create_tables(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(self.schema)?;
        transaction.pragma_update(None, "application_id", self.application_id)?;
        transaction.pragma_update(None, "user_version", self.oldest_version())?;
        transaction.commit()
    }

    /// Makes the changes that the file does not have yet, each in one transaction with its number.
    fn upgrade(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let oldest = self.oldest_version();
        for (version, change) in (oldest + 1..).zip(self.upgrades) {
            if version > found {
                let behaviour = TransactionBehavior::Immediate;
                let transaction = connection.transaction_with_behavior(behaviour)?;
                transaction.execute_batch(change)?;
                transaction.pragma_update(None, "user_version", version)?;
                transaction.commit()?;
            }
        }
        Ok(())
    }

    /// The version that the schema makes.
    fn oldest_version(&self) -> i32 {
        self.version - self.upgrades.len() as i32
    }

    /// An error of a file that is open: where the file is damaged, with what to do about it.
    pub(crate) fn explain(&self, dir: &Path, source: rusqlite::Error) -> BoxedError {
        match self.failed(&dir.join(self.file), "using it", source) {
            OpenError::Failed { source, .. } => source.into(),
            damaged => damaged.into(),
        }
    }

    pub(crate) fn failed(
        &self,
        path: &Path,
        doing: &'static str,
        source: rusqlite::Error,
    ) -> OpenError {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                OpenError::Damaged { path, remedy: self.remedy, source }
            }
            _ => OpenError::Failed { path, doing, source },
        }
    }
}

/// Keeps statements prepared. Their plans must not depend on the values bound to them, or `SQLite`
/// makes a plan anew for each execution; measured, that was half of the price of a short query.
fn prepare_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Application id, schema version, number of tables.
fn read_identity(connection: &Connection) -> rusqlite::Result<(i32, i32, i64)> {
    let application_id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((application_id, version, tables))
}

/// Makes the file, readable by its owner alone whatever the umask is. `SQLite` gives `-wal` and
/// `-shm` the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => {
            make_private(&file, 0o600)?;
            sync_parent(path)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives a file or directory exactly this mode.
#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are of Unix"))]
pub(crate) fn make_private(file: &File, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    Ok(())
}

/// Makes the name of a new file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Whether it failed because the disk is full: it works again once there is space.
pub(crate) fn is_for_want_of_space(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || extended == NO_SPACE_FOR_SHARED_MEMORY
}

#[cfg(test)]
mod tests;
