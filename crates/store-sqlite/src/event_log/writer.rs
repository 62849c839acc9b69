//! The only thread that writes `events.db`.
//!
//! Acked means on disk: an answer is sent after COMMIT returned, which with `synchronous=FULL` is
//! after the write-ahead log was synced. A failed write or sync is never repeated: what the disk
//! then holds is not known until the file is opened anew, so the writer refuses from then on.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::LogError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, watch};

use super::EventLogSettings;
use super::removing::remove_all;
use super::request::{Command, Removal, Request};
use super::transaction::{Places, Stored, append_group};
use crate::file::{BUSY_TIMEOUT, is_for_want_of_space};
use crate::log_file::Recent;

/// The writer's state; lives on its thread.
pub(super) struct Writer {
    connection: Connection,
    commands: mpsc::Receiver<Command>,
    head: watch::Sender<Position>,
    recent: Recent,
    places: Places,
    settings: EventLogSettings,
    broken: Option<SharedError>,
}

/// An error that every caller of a group gets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
struct SharedError(Arc<rusqlite::Error>);

/// Why a group was not stored.
#[derive(Debug, Clone)]
enum Failure {
    /// Rolled back; works again once there is space.
    Full,
    /// Rolled back; may work when tried again.
    Passing(SharedError),
    /// Nothing more is written.
    Broken(SharedError),
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        commands: mpsc::Receiver<Command>,
        head: watch::Sender<Position>,
        recent: Recent,
        settings: &EventLogSettings,
    ) -> Self {
        let places = Places::new(*head.borrow());
        let settings = settings.clone();
        Self { connection, commands, head, recent, places, settings, broken: None }
    }

    /// Serves until nobody can send any more.
    pub(super) fn run(mut self) {
        // The log is brought over by hand, after the answers, so that its errors are seen.
        if let Err(error) = self.connection.pragma_update(None, "wal_autocheckpoint", 0) {
            self.stop(SharedError(Arc::new(error)));
        }
        while let Some(command) = self.commands.blocking_recv() {
            let group = self.gather(command);
            if !group.is_empty() {
                self.serve(group);
                self.checkpoint_if_due();
            }
        }
        self.finish();
    }

    /// Takes the first request and those that came meanwhile, as many as a transaction may have.
    fn gather(&mut self, first: Command) -> Vec<Request> {
        let mut group = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Append(request) => {
                    records += request.records;
                    bytes += request.bytes;
                    group.push(request);
                }
                Command::Remove(removal) => self.remove(removal),
                #[cfg(test)]
                Command::Run(run) => run(&self.connection),
            }
            let has_room = records < self.settings.transaction_records_max
                && bytes < self.settings.transaction_bytes_max;
            next = if has_room { self.commands.try_recv().ok() } else { None };
        }
        group
    }

    fn serve(&mut self, mut group: Vec<Request>) {
        let outcome = match self.broken.clone() {
            Some(error) => Err(Failure::Broken(error)),
            None => self.commit(&mut group).map_err(|error| self.recover(error)),
        };
        match outcome {
            Ok(Stored { answers, entries }) => {
                // First the head, so that who has an answer can read what it tells; and before it
                // the records, so that who follows finds them.
                self.recent.push(entries);
                let head = self.places.head();
                self.head.send_if_modified(|held| std::mem::replace(held, head) != head);
                for (request, answers) in group.into_iter().zip(answers) {
                    let _ = request.reply.send(Ok(answers));
                }
            }
            Err(failure) => {
                for request in group {
                    let _ = request.reply.send(Err(failure.to_log_error("appending")));
                }
            }
        }
    }

    /// Removes in a transaction of its own, and brings the zeros over into the file.
    fn remove(&mut self, removal: Removal) {
        let outcome = match self.broken.clone() {
            Some(error) => Err(Failure::Broken(error)),
            None => self.commit_removal(&removal).map_err(|error| self.recover(error)),
        };
        let outcome = outcome.map(|removed| {
            self.recent.remove(&removed);
            let outcome = self.empty_write_ahead_log();
            self.judge_checkpoint(outcome);
            removed.len() as u64
        });
        let outcome = outcome.map_err(|failure| failure.to_log_error("removing records"));
        let _ = removal.reply.send(outcome);
    }

    fn commit_removal(&self, removal: &Removal) -> rusqlite::Result<Vec<Position>> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let removed = remove_all(&self.connection, removal)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(removed)
    }

    /// The write-ahead log may hold pages as they were. A reader can hold it up; whoever comes next
    /// overwrites it then, at the latest when the log is closed.
    fn empty_write_ahead_log(&self) -> rusqlite::Result<()> {
        // Appends wait behind this, so readers are not waited for.
        self.connection.busy_timeout(Duration::ZERO)?;
        let outcome = self.checkpoint("TRUNCATE").map(drop);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        outcome
    }

    /// Stores a group in one transaction; what it returns is durable.
    fn commit(&mut self, group: &mut [Request]) -> rusqlite::Result<Stored> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let stored = append_group(&self.connection, &mut self.places, group)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.places.settle();
        Ok(stored)
    }

    /// Undoes what a failed transaction left, and decides whether to go on.
    fn recover(&mut self, error: rusqlite::Error) -> Failure {
        self.places.forget();
        let mut failure = failure_of(error);
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
            && !self.connection.is_autocommit()
        {
            failure = Failure::Broken(SharedError(Arc::new(error)));
        }
        match &failure {
            Failure::Full => {
                tracing::error!("the disk is full; appends are refused until it is not")
            }
            Failure::Passing(error) => tracing::warn!(%error, "a transaction was rolled back"),
            Failure::Broken(error) => self.stop(error.clone()),
        }
        failure
    }

    fn stop(&mut self, error: SharedError) {
        tracing::error!(
            %error,
            "writing the event log failed; it takes no more appends until Annals is restarted"
        );
        // Closing must not write either.
        if let Err(error) =
            self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        {
            tracing::error!(%error, "cannot switch off the checkpoint on closing");
        }
        self.broken = Some(error);
    }

    /// Brings the write-ahead log over into the file: rather when nobody waits, but in any case
    /// before it grows large.
    fn checkpoint_if_due(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let pages_max = if self.commands.is_empty() {
            self.settings.checkpoint_pages_idle
        } else {
            self.settings.checkpoint_pages_busy
        };
        let outcome = self.pages_to_bring_over().and_then(|pages| {
            if pages > i64::from(pages_max) { self.checkpoint("PASSIVE").map(drop) } else { Ok(()) }
        });
        self.judge_checkpoint(outcome);
    }

    fn pages_to_bring_over(&self) -> rusqlite::Result<i64> {
        self.checkpoint("NOOP").map(|(pages, brought_over)| pages - brought_over)
    }

    /// Pages in the write-ahead log, and how many of them are in the file.
    fn checkpoint(&self, mode: &str) -> rusqlite::Result<(i64, i64)> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
    }

    fn judge_checkpoint(&mut self, outcome: rusqlite::Result<()>) {
        match outcome.map_err(failure_of) {
            Ok(()) => {}
            // The write-ahead log keeps everything meanwhile.
            Err(Failure::Full) => tracing::error!("the disk is full; the write-ahead log grows"),
            Err(Failure::Passing(error)) => {
                tracing::warn!(%error, "the write-ahead log waits for a later checkpoint");
            }
            Err(Failure::Broken(error)) => self.stop(error),
        }
    }

    fn finish(mut self) {
        if self.broken.is_none() {
            let outcome = self.checkpoint("TRUNCATE").map(drop);
            self.judge_checkpoint(outcome);
        }
    }
}

impl Failure {
    fn to_log_error(&self, doing: &'static str) -> LogError {
        match self {
            Self::Full => LogError::Full,
            Self::Passing(error) => {
                LogError::Unavailable { doing, source: Some(Box::new(error.clone())) }
            }
            Self::Broken(error) => LogError::Broken { doing, source: Box::new(error.clone()) },
        }
    }
}

/// What an error says about the disk and the file. Whatever is not known to be harmless is not.
fn failure_of(error: rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        _ if is_for_want_of_space(&error) => Failure::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory) => {
            Failure::Passing(SharedError(Arc::new(error)))
        }
        _ => Failure::Broken(SharedError(Arc::new(error))),
    }
}
