//! Exchanging the wrapping of keys: each compares what is stored with what is expected, in the
//! transaction that changes it.

use annals_domain::TenantId;
use annals_ports::{KeyPage, KeyPlace, Rewrapped};
use annals_record::{KeyId, WrappedKey, WrappedRoot};
use rusqlite::{Connection, OptionalExtension, params};

use super::person_key;

pub(super) fn root_key(connection: &Connection) -> rusqlite::Result<Option<WrappedRoot>> {
    connection
        .prepare_cached("SELECT wrapped FROM root_key WHERE only = 1")?
        .query_row([], |row| row.get(0).map(WrappedRoot))
        .optional()
}

/// First come: returns the key in force.
pub(super) fn put_root_key(
    connection: &Connection,
    key: WrappedRoot,
) -> rusqlite::Result<WrappedRoot> {
    if let Some(in_force) = root_key(connection)? {
        return Ok(in_force);
    }
    connection
        .prepare_cached("INSERT INTO root_key (only, wrapped) VALUES (1, ?1)")?
        .execute(params![key.0])?;
    Ok(key)
}

pub(super) fn replace_root_key(
    connection: &Connection,
    expected: &WrappedRoot,
    key: &WrappedRoot,
) -> rusqlite::Result<bool> {
    let replaced = connection
        .prepare_cached("UPDATE root_key SET wrapped = ?2 WHERE only = 1 AND wrapped = ?1")?
        .execute(params![expected.0, key.0])?;
    Ok(replaced > 0)
}

pub(super) fn replace_tenant_key(
    connection: &Connection,
    tenant: &TenantId,
    expected: &WrappedKey,
    key: &WrappedKey,
) -> rusqlite::Result<bool> {
    let replaced = connection
        .prepare_cached("UPDATE tenant_keys SET wrapped = ?3 WHERE tenant = ?1 AND wrapped = ?2")?
        .execute(params![tenant.as_str(), expected.0, key.0])?;
    Ok(replaced > 0)
}

/// The new form goes to the end like every new key, and the old one is overwritten in its place: were a
/// row to grow, `SQLite` would move it and leave a copy behind, which destroying the key would not reach.
pub(super) fn replace_person_key(
    connection: &Connection,
    tenant: &TenantId,
    Rewrapped { id, expected, key }: &Rewrapped,
) -> rusqlite::Result<bool> {
    if person_key(connection, tenant, id)?.as_ref() != Some(expected) {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE wrapped_keys SET wrapped = zeroblob(length(wrapped))
             WHERE slot = (SELECT slot FROM person_keys WHERE tenant = ?1 AND id = ?2)",
        )?
        .execute(params![tenant.as_str(), id.0])?;
    let slot = connection
        .prepare_cached("INSERT INTO wrapped_keys (wrapped) VALUES (?1)")?
        .insert(params![key.0])?;
    connection
        .prepare_cached("UPDATE person_keys SET slot = ?3 WHERE tenant = ?1 AND id = ?2")?
        .execute(params![tenant.as_str(), id.0, slot])?;
    Ok(true)
}

/// In the order of ids, which neither replacing nor destroying changes.
pub(super) fn page(
    connection: &Connection,
    tenant: &TenantId,
    after: Option<KeyPlace>,
    limit: usize,
) -> rusqlite::Result<KeyPage> {
    const SQL: &str = "SELECT id, wrapped FROM person_keys JOIN wrapped_keys USING (slot)
         WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let after = after.map(|KeyPlace(id)| id.to_vec()).unwrap_or_default();
    let mut statement = connection.prepare_cached(SQL)?;
    let rows = statement.query_map(params![tenant.as_str(), after, limit as i64], |row| {
        Ok((KeyId(row.get(0)?), WrappedKey(row.get(1)?)))
    })?;
    let keys = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    // A page that is not full is the last.
    let last = keys.last().filter(|_| keys.len() == limit);
    let next = last.map(|(id, _)| KeyPlace(id.0));
    Ok(KeyPage { keys, next })
}
