//! Events that wait for a log that is kept elsewhere, in a file of their own, `spool.db`.

use std::path::Path;
use std::sync::Arc;

use annals_domain::{EventId, TenantId};
use annals_ports::LocalStoreError;
use annals_ports::spool::{Lane, NewWaiting, Put, Spool, SpoolBounds, WAITING_BYTES, Waiting};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::file::{Format, OpenError};
use crate::local_file::{Group, LocalFile};
use crate::read_model::{limit, microseconds, timestamp};

pub(crate) const FORMAT: Format = Format {
    file: "spool.db",
    application_id: i32::from_be_bytes(*b"ANLW"),
    version: 1,
    schema: include_str!("schema/spool.sql"),
    upgrades: &[],
    page_size: 4096,
    durable: true,
    cache_kib: 4 * 1024,
    remedy: "restore it from a backup: events that were acknowledged with 202 may wait in it",
};

/// The spool of one machine.
#[derive(Debug)]
pub struct SqliteSpool {
    file: Arc<LocalFile>,
    putting: Group<(Vec<NewWaiting>, SpoolBounds), Vec<Put>>,
}

impl SqliteSpool {
    /// Opens the spool in a data directory, and makes it first where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = Arc::new(LocalFile::open(dir, &FORMAT, "spool")?);
        Ok(Self { file, putting: Group::default() })
    }

    /// How many events wait in the spool of a data directory, without opening it for writing; `None`
    /// where there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn waiting_in(dir: &Path) -> Result<Option<u64>, OpenError> {
        if !dir.join(FORMAT.file).exists() {
            return Ok(None);
        }
        let connection = FORMAT.open_checked(dir)?;
        let count =
            connection.query_row("SELECT events FROM totals", [], |row| row.get::<_, i64>(0));
        let path = dir.join(FORMAT.file);
        let count = count.map_err(|error| FORMAT.failed(&path, "counting what waits", error))?;
        Ok(Some(count as u64))
    }
}

#[async_trait]
impl Spool for SqliteSpool {
    async fn put(
        &self,
        events: Vec<NewWaiting>,
        bounds: SpoolBounds,
    ) -> Result<Vec<Put>, LocalStoreError> {
        let request = (events, bounds);
        self.putting
            .write(&self.file, "put events", request, |connection, (events, bounds)| {
                put_all(connection, &events, bounds)
            })
            .await
    }

    async fn oldest(&self, limit: usize) -> Result<Vec<Waiting>, LocalStoreError> {
        self.behind(0, limit).await
    }

    async fn behind(&self, number: u64, limit: usize) -> Result<Vec<Waiting>, LocalStoreError> {
        const SQL: &str = "SELECT number, tenant, id, lane, at_us, sealed FROM waiting
             WHERE number > ?1 ORDER BY number LIMIT ?2";
        let limit = self::limit(limit);
        self.file
            .read("read events", move |connection| {
                let mut statement = connection.prepare_cached(SQL)?;
                let bounds = params![number as i64, limit];
                statement.query_map(bounds, waiting)?.collect()
            })
            .await
    }

    async fn remove(&self, numbers: Vec<u64>) -> Result<(), LocalStoreError> {
        self.file
            .write("remove events", move |connection| {
                for number in numbers {
                    remove(connection, number)?;
                }
                Ok(())
            })
            .await
    }

    async fn lanes(&self) -> Result<Vec<(Lane, u64)>, LocalStoreError> {
        self.file
            .read("count events", |connection| {
                connection
                    .prepare_cached("SELECT lane, count(*) FROM waiting GROUP BY lane")?
                    .query_map([], |row| Ok((Lane(row.get(0)?), row.get::<_, i64>(1)? as u64)))?
                    .collect()
            })
            .await
    }
}

fn put_all(
    connection: &Connection,
    events: &[NewWaiting],
    bounds: SpoolBounds,
) -> rusqlite::Result<Vec<Put>> {
    let mut full = is_too_old(connection, bounds)?;
    let mut puts = Vec::with_capacity(events.len());
    for event in events {
        let put = match known(connection, event)? {
            Some(put) => put,
            None if full || !has_room(connection, event, bounds)? => {
                full = true;
                Put::Full
            }
            None => {
                insert(connection, event)?;
                Put::Kept
            }
        };
        puts.push(put);
    }
    Ok(puts)
}

/// What is to be said of an event whose id waits already.
fn known(connection: &Connection, event: &NewWaiting) -> rusqlite::Result<Option<Put>> {
    let held: Option<[u8; 16]> = connection
        .prepare_cached("SELECT fingerprint FROM waiting WHERE tenant = ?1 AND id = ?2")?
        .query_row(params![event.tenant.as_str(), event.id.0.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(held.map(|held| match held == event.fingerprint {
        true => Put::AlreadyThere,
        false => Put::Conflict,
    }))
}

fn is_too_old(connection: &Connection, bounds: SpoolBounds) -> rusqlite::Result<bool> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT at_us FROM waiting ORDER BY number LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(oldest.is_some_and(|at| at < microseconds(bounds.not_before)))
}

fn has_room(
    connection: &Connection,
    event: &NewWaiting,
    bounds: SpoolBounds,
) -> rusqlite::Result<bool> {
    let (events, bytes): (i64, i64) = connection
        .prepare_cached("SELECT events, bytes FROM totals")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((events as u64) < bounds.events_max && bytes as u64 + event.bytes() <= bounds.bytes_max)
}

fn insert(connection: &Connection, event: &NewWaiting) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO waiting (tenant, id, lane, fingerprint, at_us, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            event.tenant.as_str(),
            event.id.0.as_bytes(),
            event.lane.0,
            event.fingerprint,
            microseconds(event.at),
            event.sealed,
        ])?;
    connection
        .prepare_cached("UPDATE totals SET events = events + 1, bytes = bytes + ?1")?
        .execute([event.bytes() as i64])?;
    Ok(())
}

fn remove(connection: &Connection, number: u64) -> rusqlite::Result<()> {
    let bytes: Option<i64> = connection
        .prepare_cached("DELETE FROM waiting WHERE number = ?1 RETURNING length(sealed)")?
        .query_row([number as i64], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = bytes {
        connection
            .prepare_cached("UPDATE totals SET events = events - 1, bytes = bytes - ?1")?
            .execute([bytes + WAITING_BYTES as i64])?;
    }
    Ok(())
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let tenant: String = row.get(1)?;
    let unreadable = |error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(1, kind, Box::new(error) as _)
    };
    Ok(Waiting {
        number: row.get::<_, i64>(0)? as u64,
        tenant: TenantId::new(&tenant).map_err(unreadable)?,
        id: EventId(Uuid::from_bytes(row.get(2)?)),
        lane: Lane(row.get(3)?),
        at: timestamp(row, 4)?,
        sealed: row.get(5)?,
    })
}

#[cfg(test)]
mod tests;
