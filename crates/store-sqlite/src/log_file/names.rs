//! Streams and tenants have numbers in the file, so that rows are short and indexes small.

use std::num::NonZeroUsize;

use annals_domain::{StreamName, TenantId};
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension};

/// How many streams and tenants are remembered.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");
const TENANTS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// The numbers that were needed lately, as the open transaction sees them.
#[derive(Debug)]
pub(crate) struct Numbers {
    streams: LruCache<StreamName, i64>,
    tenants: LruCache<TenantId, i64>,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Self { streams: LruCache::new(STREAMS_MAX), tenants: LruCache::new(TENANTS_MAX) }
    }

    /// The transaction was rolled back; what it learnt is not true.
    pub(crate) fn forget(&mut self) {
        self.streams.clear();
        self.tenants.clear();
    }

    /// The stream's number, made when there is none.
    pub(crate) fn stream(
        &mut self,
        connection: &Connection,
        name: &StreamName,
    ) -> rusqlite::Result<i64> {
        if let Some(number) = self.streams.get(name) {
            return Ok(*number);
        }
        let number = number_of(
            connection,
            "SELECT id FROM streams WHERE name = ?1",
            "INSERT INTO streams (name) VALUES (?1)",
            name.as_str(),
        )?;
        self.streams.put(name.clone(), number);
        Ok(number)
    }

    /// The tenant's number, made when there is none.
    pub(crate) fn tenant(
        &mut self,
        connection: &Connection,
        name: &TenantId,
    ) -> rusqlite::Result<i64> {
        if let Some(number) = self.tenants.get(name) {
            return Ok(*number);
        }
        let number = tenant_number(connection, name)?;
        self.tenants.put(name.clone(), number);
        Ok(number)
    }
}

/// The tenant's number, made when there is none.
pub(crate) fn tenant_number(connection: &Connection, name: &TenantId) -> rusqlite::Result<i64> {
    number_of(
        connection,
        "SELECT id FROM tenants WHERE name = ?1",
        "INSERT INTO tenants (name) VALUES (?1)",
        name.as_str(),
    )
}

fn number_of(
    connection: &Connection,
    select: &str,
    insert: &str,
    name: &str,
) -> rusqlite::Result<i64> {
    let known =
        connection.prepare_cached(select)?.query_row([name], |row| row.get(0)).optional()?;
    match known {
        Some(number) => Ok(number),
        None => connection.prepare_cached(insert)?.insert([name]),
    }
}
