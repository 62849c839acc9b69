//! Adding what a batch says of one person.
//!
//! Most rows are there already, so each is first updated, and inserted only when that met none.

use annals_domain::profile::{ProfileDelta, Seen};
use rusqlite::{Connection, Params, params};

use super::{PROFILE_ENTRIES_MAX, views};
use crate::read_model::{limit, microseconds};

/// A list is cut when it is this long, back to [`PROFILE_ENTRIES_MAX`].
const CUT_AT: usize = PROFILE_ENTRIES_MAX + PROFILE_ENTRIES_MAX / 10;
/// A longer display name is cut here.
pub(super) const NAME_BYTES_MAX: usize = 512;

pub(super) fn add(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    add_person(connection, id, delta)?;
    add_timeline(connection, id, delta)?;
    add_counts(connection, id, delta)?;
    add_devices(connection, id, delta)?;
    add_places(connection, id, delta)?;
    add_sessions(connection, id, delta)?;
    views::add(connection, id, delta)
}

fn add_person(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    if let Some(seen) = delta.seen {
        let (first, last, count) = columns(seen);
        connection
            .prepare_cached(
                "UPDATE persons SET first_us = min(first_us, ?2), last_us = max(last_us, ?3),
                 count = count + ?4 WHERE id = ?1",
            )?
            .execute(params![id, first, last, count])?;
    }
    if let Some((position, name)) = &delta.name {
        let name = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
        connection
            .prepare_cached(
                "UPDATE persons SET name = ?2, name_position = ?3
                 WHERE id = ?1 AND name_position < ?3",
            )?
            .execute(params![id, name, position.0 as i64])?;
    }
    Ok(())
}

fn add_timeline(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO timeline (person, position) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for position in &delta.timeline {
        insert.execute(params![id, position.0 as i64])?;
    }
    Ok(())
}

fn add_counts(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    let mut grown = false;
    for (name, kinds) in &delta.counts {
        for (kind, count) in kinds {
            let (operation, outcome) = (kind.operation as i64, kind.outcome as i64);
            grown |= upsert(
                connection,
                "UPDATE counts SET count = count + ?5
                 WHERE person = ?1 AND type = ?2 AND operation = ?3 AND outcome = ?4",
                "INSERT INTO counts VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, name, operation, outcome, *count as i64],
            )?;
        }
    }
    if grown { cut(connection, "counts", "type, operation, outcome", "count", id) } else { Ok(()) }
}

fn add_devices(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    let mut grown = false;
    for (key, seen) in &delta.devices {
        let (first, last, count) = columns(*seen);
        grown |= upsert(
            connection,
            "UPDATE devices SET first_us = min(first_us, ?6), last_us = max(last_us, ?7),
             count = count + ?8
             WHERE person = ?1 AND type = ?2 AND name = ?3 AND os = ?4 AND browser = ?5",
            "INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![id, key.device_type, key.name, key.os, key.browser, first, last, count],
        )?;
    }
    if grown {
        cut(connection, "devices", "type, name, os, browser", "last_us", id)
    } else {
        Ok(())
    }
}

fn add_places(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    let mut grown = false;
    for (key, seen) in &delta.places {
        let (first, last, count) = columns(*seen);
        grown |= upsert(
            connection,
            "UPDATE places SET first_us = min(first_us, ?6), last_us = max(last_us, ?7),
             count = count + ?8
             WHERE person = ?1 AND country = ?2 AND region = ?3 AND city = ?4 AND ip = ?5",
            "INSERT INTO places VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![id, key.country, key.region, key.city, key.ip, first, last, count],
        )?;
    }
    if grown {
        cut(connection, "places", "country, region, city, ip", "last_us", id)
    } else {
        Ok(())
    }
}

fn add_sessions(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    let mut grown = false;
    for (name, session) in &delta.sessions {
        let (first, last, count) = columns(session.seen);
        let ended = session.ended.map(microseconds);
        grown |= upsert(
            connection,
            "UPDATE sessions SET first_us = min(first_us, ?3), last_us = max(last_us, ?4),
             count = count + ?5, ended_us = max(ifnull(ended_us, ?6), ifnull(?6, ended_us))
             WHERE person = ?1 AND session = ?2",
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, name, first, last, count, ended],
        )?;
    }
    if grown { cut(connection, "sessions", "session", "last_us", id) } else { Ok(()) }
}

/// Says whether there is a row more.
pub(super) fn upsert(
    connection: &Connection,
    update: &str,
    insert: &str,
    values: impl Params + Copy,
) -> rusqlite::Result<bool> {
    if connection.prepare_cached(update)?.execute(values)? > 0 {
        return Ok(false);
    }
    connection.prepare_cached(insert)?.execute(values)?;
    Ok(true)
}

/// Cuts a person's list that has grown too long, so that those stay whose `rank` is greatest.
pub(super) fn cut(
    connection: &Connection,
    table: &str,
    key: &str,
    rank: &str,
    id: i64,
) -> rusqlite::Result<()> {
    let count: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE person = ?1"))?
        .query_row([id], |row| row.get(0))?;
    if count <= limit(CUT_AT) {
        return Ok(());
    }
    let sql = format!(
        "DELETE FROM {table} WHERE person = ?1 AND ({key}) IN
         (SELECT {key} FROM {table} WHERE person = ?1
          ORDER BY {rank} DESC, {key} LIMIT -1 OFFSET ?2)"
    );
    connection.prepare_cached(&sql)?.execute(params![id, limit(PROFILE_ENTRIES_MAX)])?;
    Ok(())
}

pub(super) fn columns(seen: Seen) -> (i64, i64, i64) {
    (microseconds(seen.first), microseconds(seen.last), seen.count as i64)
}
