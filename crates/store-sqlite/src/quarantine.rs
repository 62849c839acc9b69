//! Refused events in a file of their own, `quarantine.db`, bounded for each tenant.

use std::path::Path;
use std::sync::Arc;

use annals_domain::TenantId;
use annals_ports::LocalStoreError;
use annals_ports::quarantine::{Bounds, Entry, Keeping, NewEntry, QuarantineStore, RefusalReason};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::file::{Format, OpenError};
use crate::local_file::{Group, LocalFile};
use crate::read_model::{limit, microseconds, timestamp};

pub(crate) const FORMAT: Format = Format {
    file: "quarantine.db",
    application_id: i32::from_be_bytes(*b"ANLQ"),
    version: 1,
    schema: include_str!("schema/quarantine.sql"),
    upgrades: &[],
    page_size: 4096,
    durable: true,
    cache_kib: 2 * 1024,
    remedy: "move it away: refused events in it are lost, the log is not concerned",
};

/// The columns of an [`Entry`].
const COLUMNS: &str = "id, reason, first_us, last_us, times, facts";

/// The quarantine of one machine.
#[derive(Debug)]
pub struct SqliteQuarantine {
    file: Arc<LocalFile>,
    keeping: Group<Batch, Keeping>,
}

#[derive(Debug)]
struct Batch {
    tenant: TenantId,
    entries: Vec<NewEntry>,
    bounds: Bounds,
}

impl SqliteQuarantine {
    /// Opens the quarantine in a data directory, and makes it first where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = Arc::new(LocalFile::open(dir, &FORMAT, "quarantine")?);
        Ok(Self { file, keeping: Group::default() })
    }
}

#[async_trait]
impl QuarantineStore for SqliteQuarantine {
    async fn keep(
        &self,
        tenant: &TenantId,
        entries: Vec<NewEntry>,
        bounds: Bounds,
    ) -> Result<Keeping, LocalStoreError> {
        let batch = Batch { tenant: tenant.clone(), entries, bounds };
        let doing = "keep refused events";
        self.keeping
            .write(&self.file, doing, batch, |connection, batch| keep(connection, &batch))
            .await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        reason: Option<RefusalReason>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Entry>, LocalStoreError> {
        let tenant = tenant.clone();
        self.file
            .read("list refused events", move |connection| {
                list(connection, &tenant, reason, before, limit)
            })
            .await
    }

    async fn entry(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<(Entry, Vec<u8>)>, LocalStoreError> {
        let tenant = tenant.clone();
        let sql = format!("SELECT {COLUMNS}, content FROM entries WHERE tenant = ?1 AND id = ?2");
        self.file
            .read("read a refused event", move |connection| {
                connection
                    .prepare_cached(&sql)?
                    .query_row(params![tenant.as_str(), id.as_bytes()], |row| {
                        Ok((entry(row)?, row.get(6)?))
                    })
                    .optional()
            })
            .await
    }

    async fn remove(&self, tenant: &TenantId, id: Uuid) -> Result<bool, LocalStoreError> {
        let tenant = tenant.clone();
        self.file
            .write("remove a refused event", move |connection| {
                let removed = remove_where(connection, &tenant, "id = ?2", &id.as_bytes()[..])?;
                Ok(removed > 0)
            })
            .await
    }

    async fn count(&self) -> Result<u64, LocalStoreError> {
        self.file
            .read("count refused events", |connection| {
                connection
                    .prepare_cached("SELECT coalesce(sum(entries), 0) FROM totals")?
                    .query_row([], |row| row.get::<_, i64>(0))
                    .map(|count| count as u64)
            })
            .await
    }
}

fn keep(connection: &Connection, batch: &Batch) -> rusqlite::Result<Keeping> {
    let mut keeping =
        Keeping { ids: Vec::with_capacity(batch.entries.len()), known: 0, evicted: 0 };
    for new in &batch.entries {
        if let Some(known) = count_again(connection, &batch.tenant, new)? {
            keeping.known += 1;
            keeping.ids.push(known);
            continue;
        }
        insert(connection, &batch.tenant, new)?;
        keeping.ids.push(new.id);
        keeping.evicted += evict(connection, batch)?;
    }
    Ok(keeping)
}

/// Counts what came before; tells its id.
fn count_again(
    connection: &Connection,
    tenant: &TenantId,
    new: &NewEntry,
) -> rusqlite::Result<Option<Uuid>> {
    connection
        .prepare_cached(
            "UPDATE entries SET times = times + 1, last_us = ?3
             WHERE tenant = ?1 AND digest = ?2 RETURNING id",
        )?
        .query_row(params![tenant.as_str(), new.digest, microseconds(new.at)], |row| {
            row.get(0).map(Uuid::from_bytes)
        })
        .optional()
}

fn insert(connection: &Connection, tenant: &TenantId, new: &NewEntry) -> rusqlite::Result<()> {
    let bytes = new.bytes() as i64;
    connection
        .prepare_cached(
            "INSERT INTO entries
             (tenant, id, digest, reason, first_us, last_us, bytes, facts, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            tenant.as_str(),
            new.id.as_bytes(),
            new.digest,
            new.reason.as_str(),
            microseconds(new.at),
            bytes,
            new.facts,
            new.content,
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO totals (tenant, entries, bytes) VALUES (?1, 1, ?2)
             ON CONFLICT (tenant) DO UPDATE SET entries = entries + 1, bytes = bytes + ?2",
        )?
        .execute(params![tenant.as_str(), bytes])?;
    Ok(())
}

/// What was acknowledged once never makes way.
const TOO_OLD: &str = "last_us < ?2 AND reason <> 'undeliverable'";
/// The oldest that may make way; never the newest of all.
const OLDEST: &str = "SELECT id FROM entries WHERE tenant = ?1 AND reason <> 'undeliverable'
     AND id < (SELECT max(id) FROM entries WHERE tenant = ?1) ORDER BY id LIMIT 1";

/// Lets the oldest make way until the bounds hold; tells how many did.
fn evict(connection: &Connection, batch: &Batch) -> rusqlite::Result<u64> {
    let Batch { tenant, bounds, .. } = batch;
    let mut evicted = remove_where(connection, tenant, TOO_OLD, microseconds(bounds.not_before))?;
    loop {
        let (entries, bytes): (i64, i64) = connection
            .prepare_cached("SELECT entries, bytes FROM totals WHERE tenant = ?1")?
            .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let too_much = entries as u64 > bounds.entries_max || bytes as u64 > bounds.bytes_max;
        let oldest: Option<[u8; 16]> = match too_much {
            false => None,
            true => connection
                .prepare_cached(OLDEST)?
                .query_row([tenant.as_str()], |row| row.get(0))
                .optional()?,
        };
        let Some(oldest) = oldest else { return Ok(evicted) };
        evicted += remove_where(connection, tenant, "id = ?2", &oldest[..])?;
    }
}

/// Removes the entries of a tenant for which the condition holds, and counts them out.
fn remove_where(
    connection: &Connection,
    tenant: &TenantId,
    condition: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<u64> {
    let sql = format!("DELETE FROM entries WHERE tenant = ?1 AND {condition} RETURNING bytes");
    let removed: Vec<i64> = connection
        .prepare_cached(&sql)?
        .query_map(params![tenant.as_str(), value], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if !removed.is_empty() {
        let bytes: i64 = removed.iter().sum();
        connection
            .prepare_cached(
                "UPDATE totals SET entries = entries - ?2, bytes = bytes - ?3 WHERE tenant = ?1",
            )?
            .execute(params![tenant.as_str(), limit(removed.len()), bytes])?;
    }
    Ok(removed.len() as u64)
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    reason: Option<RefusalReason>,
    before: Option<Uuid>,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let before = before.unwrap_or(Uuid::max());
    let of_reason = if reason.is_some() { "AND reason = ?4" } else { "AND ?4 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM entries WHERE tenant = ?1 AND id < ?2 {of_reason}
         ORDER BY id DESC LIMIT ?3"
    );
    let reason = reason.map(RefusalReason::as_str);
    connection
        .prepare_cached(&sql)?
        .query_map(
            params![tenant.as_str(), before.as_bytes(), crate::read_model::limit(limit), reason],
            entry,
        )?
        .collect()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let reason: String = row.get(1)?;
    Ok(Entry {
        id: Uuid::from_bytes(row.get(0)?),
        reason: reason.parse().map_err(|error| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(1, kind, Box::new(error) as _)
        })?,
        first_at: timestamp(row, 2)?,
        last_at: timestamp(row, 3)?,
        times: row.get::<_, i64>(4)? as u64,
        facts: row.get(5)?,
    })
}

#[cfg(test)]
mod tests;
