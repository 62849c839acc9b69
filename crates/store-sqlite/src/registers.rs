//! Small shared values, in one `SQLite` file, `registers.db`; for an installation of one node.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use annals_ports::registers::VALUE_BYTES_MAX;
use annals_ports::{Register, RegisterError, SharedRegisters};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::file::{BoxedError, Format, OpenError};

pub(crate) const FORMAT: Format = Format {
    file: "registers.db",
    application_id: i32::from_be_bytes(*b"ANLR"),
    version: 1,
    schema: include_str!("schema/registers.sql"),
    upgrades: &[],
    page_size: 4096,
    durable: true,
    cache_kib: 1024,
    remedy: "restore it from a backup, or delete it: delivery then begins with what comes",
};

/// The shared values of one machine.
#[derive(Debug)]
pub struct SqliteRegisters {
    /// One for reading too: values are few, and written seldom.
    connection: Arc<Mutex<Connection>>,
}

impl SqliteRegisters {
    /// Opens the registers in a data directory, and makes them first where there are none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: Arc::new(Mutex::new(FORMAT.open(dir)?)) })
    }

    /// Works on the file off the async threads.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        run: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RegisterError> {
        let connection = Arc::clone(&self.connection);
        let running = tokio::task::spawn_blocking(move || {
            // A panic rolls the transaction back, so what the lock guards is whole.
            run(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let source: BoxedError = match running.await {
            Ok(Ok(outcome)) => return Ok(outcome),
            Ok(Err(error)) => error.into(),
            Err(panic) => panic.into(),
        };
        Err(RegisterError::Unavailable { doing, source })
    }
}

#[async_trait]
impl SharedRegisters for SqliteRegisters {
    async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError> {
        let name = name.to_owned();
        self.run("reading", move |connection| read(connection, &name)).await
    }

    async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError> {
        let name = name.to_owned();
        if value.len() > VALUE_BYTES_MAX {
            return Err(RegisterError::TooLarge { name, bytes: value.len() });
        }
        let register = name.clone();
        let written = self
            .run("writing", move |connection| compare_and_set(connection, &name, expected, &value))
            .await?;
        written.ok_or(RegisterError::Conflict { name: register })
    }
}

fn read(connection: &Connection, name: &str) -> rusqlite::Result<Option<Register>> {
    connection
        .prepare_cached("SELECT version, value FROM registers WHERE name = ?1")?
        .query_row([name], |row| {
            Ok(Register { version: row.get::<_, i64>(0)? as u64, value: row.get(1)? })
        })
        .optional()
}

/// The new version; `None` when the newest is not the expected one.
fn compare_and_set(
    connection: &mut Connection,
    name: &str,
    expected: Option<u64>,
    value: &[u8],
) -> rusqlite::Result<Option<u64>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let newest = transaction
        .prepare_cached("SELECT version FROM registers WHERE name = ?1")?
        .query_row([name], |row| row.get::<_, i64>(0).map(|version| version as u64))
        .optional()?;
    if newest != expected {
        return Ok(None);
    }
    let version = newest.map_or(0, |version| version + 1);
    transaction
        .prepare_cached(
            "INSERT INTO registers (name, version, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version, value = excluded.value",
        )?
        .execute(params![name, version as i64, value])?;
    transaction.commit()?;
    Ok(Some(version))
}

#[cfg(test)]
mod tests;
