//! What spool and quarantine share: one file of this machine, one writer, and writes in groups.
//!
//! Whoever comes while one transaction is being made durable goes into the next, together with all
//! others who came meanwhile; so one fsync answers many.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_ports::LocalStoreError;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::file::{BoxedError, Format, OpenError, is_for_want_of_space};
use crate::pool::Pool;

const READERS: usize = 2;

/// One file.
#[derive(Debug)]
pub(crate) struct LocalFile {
    store: &'static str,
    writer: Mutex<Connection>,
    readers: Pool,
    /// A write failed in a way after which it is not known what lies on the disk.
    broken: AtomicBool,
}

/// Nothing more is written until the file is opened anew.
#[derive(Debug, thiserror::Error)]
#[error("an earlier write to the file failed; restart to recover")]
struct Broken;

impl LocalFile {
    pub(crate) fn open(
        dir: &Path,
        format: &'static Format,
        store: &'static str,
    ) -> Result<Self, OpenError> {
        let writer = Mutex::new(format.open(dir)?);
        let readers = Pool::new(dir, format, READERS);
        Ok(Self { store, writer, readers, broken: AtomicBool::new(false) })
    }

    /// Reads, off the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LocalStoreError> {
        let this = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            this.readers.read(read).map_err(|error| this.readers.explain(error))
        });
        let outcome = reading.await.unwrap_or_else(|panic| Err(panic.into()));
        outcome.map_err(|error| self.failed(doing, error))
    }

    /// Writes in one transaction, off the async threads; durable when this returns.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        doing: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LocalStoreError> {
        let this = Arc::clone(self);
        let writing = tokio::task::spawn_blocking(move || this.write_now(write));
        let outcome = writing.await.unwrap_or_else(|panic| Err(panic.into()));
        outcome.map_err(|error| self.failed(doing, error))
    }

    fn write_now<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxedError> {
        // A panic rolls the transaction back, so what the lock guards is whole.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.broken.load(Ordering::Acquire) {
            return Err(Broken.into());
        }
        let written = writer.transaction_with_behavior(TransactionBehavior::Immediate).and_then(
            |transaction| {
                let written = write(&transaction)?;
                transaction.commit()?;
                Ok(written)
            },
        );
        written.map_err(|error| {
            if !may_pass(&error) || !writer.is_autocommit() {
                // What the disk holds is not known until the file is opened anew.
                self.broken.store(true, Ordering::Release);
            }
            error.into()
        })
    }

    fn failed(&self, doing: &'static str, source: BoxedError) -> LocalStoreError {
        let full = source.downcast_ref().is_some_and(is_for_want_of_space);
        LocalStoreError { store: self.store, doing, full, source: source.into() }
    }
}

/// Whether a transaction that failed so was rolled back, and another may go through.
fn may_pass(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, OutOfMemory};
    is_for_want_of_space(error)
        || error.sqlite_error_code().is_none()
        || matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked | OutOfMemory))
}

/// A request, and who waits for its answer.
type Waiting<Q, A> = (Q, oneshot::Sender<Result<A, LocalStoreError>>);

/// Those who wait to write, and whose turn it is. Each who waits is a caller, so there are no more of
/// them than callers.
#[derive(Debug)]
pub(crate) struct Group<Q, A> {
    waiting: Mutex<Vec<Waiting<Q, A>>>,
    turn: tokio::sync::Mutex<()>,
}

impl<Q, A> Default for Group<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<Q: Send + 'static, A: Send + 'static> Group<Q, A> {
    /// Writes the request, with all others that wait, and tells what became of it.
    pub(crate) async fn write(
        &self,
        file: &Arc<LocalFile>,
        doing: &'static str,
        request: Q,
        write: impl Fn(&Transaction<'_>, Q) -> rusqlite::Result<A> + Send + 'static,
    ) -> Result<A, LocalStoreError> {
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push((request, reply));
        let turn = self.turn.lock().await;
        match answer.try_recv() {
            // Whoever had the turn before has written this too.
            Ok(answer) => return answer,
            Err(TryRecvError::Empty | TryRecvError::Closed) => {}
        }
        let (requests, replies): (Vec<Q>, Vec<_>) =
            std::mem::take(&mut *self.waiting()).into_iter().unzip();
        let written = file.write(doing, move |transaction| {
            requests.into_iter().map(|request| write(transaction, request)).collect()
        });
        match written.await {
            Ok(answers) => {
                let answers: Vec<A> = answers;
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // The caller may have left; it is written all the same.
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
        drop(turn);
        answer.await.unwrap_or_else(|dropped| Err(file.failed(doing, dropped.into())))
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting<Q, A>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
