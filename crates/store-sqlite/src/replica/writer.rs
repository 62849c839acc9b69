//! The only writer of `replica.db`: records and checkpoint in one transaction.

use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_domain::Position;
use annals_ports::{Checkpoint, Cut, LogEntry, LogError};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::fresh::fresh;
use super::{FORMAT, cutting};
use crate::file::{BUSY_TIMEOUT, BoxedError, is_for_want_of_space};
use crate::log_file::{Numbers, Recent};

pub(super) const DOING: &str = "applying records to the copy of the log";

/// A place of a stream holds another record than the log tells.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is no copy of this log; stop Annals and delete it, it is copied anew")]
struct Diverged {
    path: PathBuf,
    #[source]
    source: rusqlite::Error,
}

/// Adds to the file, and tells those who follow.
#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    connection: Connection,
    numbers: Numbers,
    head: watch::Sender<Position>,
    recent: Recent,
}

impl Writer {
    pub(super) fn new(
        dir: &Path,
        connection: Connection,
        head: watch::Sender<Position>,
        recent: Recent,
    ) -> Self {
        Self { dir: dir.to_owned(), connection, numbers: Numbers::new(), head, recent }
    }

    /// After a panic, which rolled the transaction back.
    pub(super) fn begin_anew(&mut self) {
        self.numbers.forget();
    }

    /// Adds what is not there yet, and moves the checkpoint unless that is further already.
    pub(super) fn apply(
        &mut self,
        entries: Vec<LogEntry>,
        cuts: &[Cut],
        checkpoint: Checkpoint,
    ) -> Result<(), LogError> {
        let newest = *self.head.borrow();
        let fresh = fresh(entries, newest).map_err(|error| unavailable(error.into()))?;
        let newest = fresh.last().map_or(newest, |entry| entry.position);
        if let Err(error) = self.commit(&fresh, cuts, checkpoint, newest) {
            self.numbers.forget();
            return Err(self.failed(error));
        }
        // First the records, so that who follows finds them when the head has moved.
        self.recent.push(fresh);
        self.head.send_if_modified(|head| std::mem::replace(head, newest) != newest);
        Ok(())
    }

    fn commit(
        &mut self,
        fresh: &[LogEntry],
        cuts: &[Cut],
        checkpoint: Checkpoint,
        newest: Position,
    ) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for entry in fresh {
            insert(&transaction, &mut self.numbers, entry)?;
        }
        for cut in cuts {
            cutting::note(&transaction, &mut self.numbers, cut)?;
        }
        let place = |checkpoint: &Checkpoint| (checkpoint.commit, checkpoint.prepare);
        let held = self::checkpoint(&transaction)?;
        let further = held.filter(|held| place(held) >= place(&checkpoint)).unwrap_or(checkpoint);
        if held != Some(further) || !fresh.is_empty() {
            put_checkpoint(&transaction, further, newest)?;
        }
        transaction.commit()
    }

    /// Forgets what the records hold, in the file and in memory.
    pub(super) fn forget(&mut self, positions: &[Position]) -> Result<(), LogError> {
        let forgotten = self.commit_forgetting(positions).map_err(|error| self.failed(error))?;
        if !forgotten.is_empty() {
            self.recent.remove(&forgotten);
            self.empty_write_ahead_log().map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn commit_forgetting(&mut self, positions: &[Position]) -> rusqlite::Result<Vec<Position>> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let forgotten = cutting::forget(&transaction, positions)?;
        transaction.commit()?;
        Ok(forgotten)
    }

    /// The write-ahead log may hold pages as they were. A reader can hold it up, and is not waited for;
    /// whatever is copied next overwrites it then.
    fn empty_write_ahead_log(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let outcome = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        outcome
    }

    /// Lets the file grow by some pages only, as if the disk were full after that.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, further: i64) {
        let pages: i64 =
            self.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let max = pages + further;
        self.connection.pragma_update_and_check(None, "max_page_count", max, |_| Ok(())).unwrap();
    }

    fn failed(&self, error: rusqlite::Error) -> LogError {
        match error.sqlite_error_code() {
            _ if is_for_want_of_space(&error) => LogError::Full,
            Some(ErrorCode::ConstraintViolation) => {
                unavailable(Diverged { path: self.dir.join(FORMAT.file), source: error }.into())
            }
            _ => unavailable(FORMAT.explain(&self.dir, error)),
        }
    }
}

fn unavailable(source: BoxedError) -> LogError {
    LogError::Unavailable { doing: DOING, source: Some(source) }
}

/// Up to where the log was copied.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<Checkpoint>> {
    const SQL: &str = "SELECT commit_position, prepare_position, event FROM checkpoint";
    connection
        .prepare_cached(SQL)?
        .query_row([], |row| {
            let event: Option<[u8; 16]> = row.get(2)?;
            Ok(Checkpoint {
                commit: row.get::<_, i64>(0)? as u64,
                prepare: row.get::<_, i64>(1)? as u64,
                event: event.map(Uuid::from_bytes),
            })
        })
        .optional()
}

/// Position of the newest record that was applied, though it was deleted since.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Position> {
    let newest = connection
        .query_row("SELECT newest FROM checkpoint", [], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(newest.map_or(Position::START, |newest| Position(newest as u64)))
}

fn put_checkpoint(
    transaction: &Transaction<'_>,
    checkpoint: Checkpoint,
    newest: Position,
) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO checkpoint
         (only, commit_position, prepare_position, event, newest) VALUES (1, ?1, ?2, ?3, ?4)";
    transaction.prepare_cached(SQL)?.execute(params![
        checkpoint.commit as i64,
        checkpoint.prepare as i64,
        checkpoint.event.map(Uuid::into_bytes),
        integer(newest.0)?,
    ])?;
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    numbers: &mut Numbers,
    entry: &LogEntry,
) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO events
         (position, stream, revision, tenant, id, fingerprint, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let record = &entry.record;
    let stream = numbers.stream(transaction, &record.stream)?;
    let tenant = numbers.tenant(transaction, &record.tenant)?;
    transaction.prepare_cached(SQL)?.execute(params![
        integer(entry.position.0)?,
        stream,
        integer(entry.revision.0)?,
        tenant,
        record.id.0.as_bytes(),
        record.fingerprint,
        record.encode(),
    ])?;
    Ok(())
}

/// `SQLite`'s integers end at `i64::MAX`; a number beyond would come back as another.
fn integer(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
