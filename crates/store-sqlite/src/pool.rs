//! A bounded number of connections for reading, opened when first needed.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use annals_record::sealed_file::FileKey;
use rusqlite::Connection;

use crate::file::{BoxedError, Format};

/// Hands out read-only connections; who comes when all are out, waits.
#[derive(Debug)]
pub(crate) struct Pool {
    dir: PathBuf,
    format: &'static Format,
    key: Option<FileKey>,
    connections_max: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    out: usize,
}

impl Pool {
    pub(crate) fn new(dir: &Path, format: &'static Format, connections_max: usize) -> Self {
        Self {
            dir: dir.to_owned(),
            format,
            key: None,
            connections_max: connections_max.max(1),
            state: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// The same for a file that lies under a key.
    pub(crate) fn under(self, key: &FileKey) -> Self {
        Self { key: Some(key.clone()), ..self }
    }

    /// Reads with a connection of the pool.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut borrowed = self.borrow();
        let connection = match borrowed.connection.take() {
            Some(connection) => connection,
            None => self.format.open_for_reading(&self.dir, self.key.as_ref())?,
        };
        read(borrowed.connection.insert(connection))
    }

    /// As [`Format::explain`].
    pub(crate) fn explain(&self, error: rusqlite::Error) -> BoxedError {
        self.format.explain(&self.dir, error)
    }

    fn borrow(&self) -> Borrowed<'_> {
        let mut state = self
            .returned
            .wait_while(self.lock(), |state| state.out >= self.connections_max)
            .unwrap_or_else(PoisonError::into_inner);
        state.out += 1;
        Borrowed { connection: state.idle.pop(), pool: self }
    }

    /// Nothing that runs under this lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan; it goes back also when reading panics.
struct Borrowed<'a> {
    connection: Option<Connection>,
    pool: &'a Pool,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.out -= 1;
        state.idle.extend(self.connection.take());
        drop(state);
        self.pool.returned.notify_one();
    }
}
