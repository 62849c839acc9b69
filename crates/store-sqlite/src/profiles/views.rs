//! Who looked at what concerns a person: adding, reading, forgetting.

use std::collections::HashSet;

use annals_domain::event::ActorType;
use annals_domain::profile::{Concern, PersonRef, ProfileDelta, Seen, Viewer, Views};
use annals_domain::{Position, TenantId};
use rusqlite::{Connection, Row, params};

use super::apply::{NAME_BYTES_MAX, columns, cut, upsert};
use super::{PROFILE_ENTRIES_MAX, seen};
use crate::read_model::{find, limit, upper_bound};

/// How many purposes of one viewer are kept: the newest.
const PURPOSES_MAX: usize = 20;

/// Read backwards from the end of a stretch of the key: the cost is that of the page, however many
/// there are.
const ACCESSES: &str = "SELECT position FROM accesses
     WHERE person = ?1 AND concern = ?2 AND position < ?3 ORDER BY position DESC LIMIT ?4";

pub(super) fn add(connection: &Connection, id: i64, delta: &ProfileDelta) -> rusqlite::Result<()> {
    // Most people are looked at by nobody most of the time.
    if delta.accesses.is_empty() && delta.viewers.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO accesses (person, concern, position) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    for (position, concern) in &delta.accesses {
        insert.execute(params![id, number_of(*concern), position.0 as i64])?;
    }
    let mut grown = false;
    for (viewer, views) in &delta.viewers {
        grown |= add_viewer(connection, id, viewer, views)?;
        add_purposes(connection, id, viewer, views)?;
    }
    if !grown {
        return Ok(());
    }
    cut(connection, "viewers", "type, id", "last_us", id)?;
    // Of viewers that were cut, in this batch or before.
    connection
        .prepare_cached(
            "DELETE FROM purposes WHERE person = ?1 AND NOT EXISTS (SELECT 1 FROM viewers
             WHERE viewers.person = purposes.person AND viewers.type = purposes.type
             AND viewers.id = purposes.viewer)",
        )?
        .execute([id])?;
    Ok(())
}

/// Says whether it is a new one.
fn add_viewer(
    connection: &Connection,
    person: i64,
    viewer: &Viewer,
    views: &Views,
) -> rusqlite::Result<bool> {
    let (first, last, count) = columns(views.seen);
    let kind = viewer.actor_type.as_str();
    let (position, name) = match &views.name {
        Some((position, name)) => {
            (position.0 as i64, Some(&name[..name.floor_char_boundary(NAME_BYTES_MAX)]))
        }
        None => (0, None),
    };
    upsert(
        connection,
        "UPDATE viewers SET first_us = min(first_us, ?4), last_us = max(last_us, ?5),
         count = count + ?6, exports = exports + ?7,
         name = iif(name_position < ?9, ?8, name), name_position = max(name_position, ?9)
         WHERE person = ?1 AND type = ?2 AND id = ?3",
        "INSERT INTO viewers
         (person, type, id, first_us, last_us, count, exports, name, name_position)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![person, kind, viewer.id, first, last, count, views.exports as i64, name, position],
    )
}

fn add_purposes(
    connection: &Connection,
    person: i64,
    viewer: &Viewer,
    views: &Views,
) -> rusqlite::Result<()> {
    let kind = viewer.actor_type.as_str();
    let mut grown = false;
    for (purpose, seen) in &views.purposes {
        let (first, last, count) = columns(*seen);
        grown |= upsert(
            connection,
            "UPDATE purposes SET first_us = min(first_us, ?5), last_us = max(last_us, ?6),
             count = count + ?7
             WHERE person = ?1 AND type = ?2 AND viewer = ?3 AND purpose = ?4",
            "INSERT INTO purposes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![person, kind, viewer.id, purpose, first, last, count],
        )?;
    }
    if grown {
        connection
            .prepare_cached(
                "DELETE FROM purposes WHERE person = ?1 AND type = ?2 AND viewer = ?3
                 AND purpose IN (SELECT purpose FROM purposes
                 WHERE person = ?1 AND type = ?2 AND viewer = ?3
                 ORDER BY last_us DESC, purpose LIMIT -1 OFFSET ?4)",
            )?
            .execute(params![person, kind, viewer.id, limit(PURPOSES_MAX)])?;
    }
    Ok(())
}

pub(super) fn accesses(
    connection: &Connection,
    person: &PersonRef,
    concerns: &[Concern],
    before: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<Position>> {
    let Some(id) = find(connection, person)? else { return Ok(Vec::new()) };
    let mut newest = Vec::new();
    let mut statement = connection.prepare_cached(ACCESSES)?;
    for concern in concerns {
        let bounds = params![id, number_of(*concern), upper_bound(before), self::limit(limit)];
        for position in statement.query_map(bounds, |row| row.get::<_, i64>(0))? {
            newest.push(Position(position? as u64));
        }
    }
    newest.sort_unstable_by(|a, b| b.cmp(a));
    newest.truncate(limit);
    Ok(newest)
}

pub(super) fn viewers(
    connection: &Connection,
    person: &PersonRef,
    limit: usize,
) -> rusqlite::Result<Vec<(Viewer, Views)>> {
    const SQL: &str = "SELECT first_us, last_us, count, exports, name, name_position, type, id
         FROM viewers WHERE person = ?1 ORDER BY last_us DESC, type, id LIMIT ?2";
    let Some(id) = find(connection, person)? else { return Ok(Vec::new()) };
    let limit = self::limit(limit.min(PROFILE_ENTRIES_MAX));
    let mut found: Vec<(Viewer, Views)> = connection
        .prepare_cached(SQL)?
        .query_map(params![id, limit], viewer)?
        .collect::<Result<_, _>>()?;
    for (viewer, views) in &mut found {
        views.purposes = purposes(connection, id, viewer)?.into_iter().collect();
    }
    Ok(found)
}

fn viewer(row: &Row<'_>) -> rusqlite::Result<(Viewer, Views)> {
    let kind: String = row.get(6)?;
    let actor_type = ActorType::from_word(&kind).unwrap_or(ActorType::Anonymous);
    let name: Option<String> = row.get(4)?;
    let position = Position(row.get::<_, i64>(5)? as u64);
    let views = Views {
        name: name.map(|name| (position, name)),
        seen: seen(row)?,
        exports: row.get::<_, i64>(3)? as u64,
        purposes: Default::default(),
    };
    Ok((Viewer { actor_type, id: row.get(7)? }, views))
}

fn purposes(
    connection: &Connection,
    person: i64,
    viewer: &Viewer,
) -> rusqlite::Result<Vec<(String, Seen)>> {
    const SQL: &str = "SELECT first_us, last_us, count, purpose FROM purposes
         WHERE person = ?1 AND type = ?2 AND viewer = ?3";
    connection
        .prepare_cached(SQL)?
        .query_map(params![person, viewer.actor_type.as_str(), viewer.id], |row| {
            Ok((row.get(3)?, seen(row)?))
        })?
        .collect()
}

/// Makes nobody known of a person wherever they looked at somebody, as it would be if the log were
/// read anew.
pub(super) fn forget(connection: &Connection, person: &PersonRef) -> rusqlite::Result<()> {
    let known = Viewer { actor_type: ActorType::User, id: person.id.clone() };
    let kind = known.actor_type.as_str();
    let viewed: Vec<i64> = connection
        .prepare_cached(
            "SELECT person FROM viewers WHERE id = ?1 AND type = ?2
             AND person IN (SELECT id FROM persons WHERE tenant = ?3)",
        )?
        .query_map(params![known.id, kind, person.tenant.as_str()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut read = connection.prepare_cached(
        "SELECT first_us, last_us, count, exports, NULL, 0, type, id FROM viewers
         WHERE person = ?1 AND type = ?2 AND id = ?3",
    )?;
    let mut drop_viewer = connection
        .prepare_cached("DELETE FROM viewers WHERE person = ?1 AND type = ?2 AND id = ?3")?;
    let mut drop_purposes = connection
        .prepare_cached("DELETE FROM purposes WHERE person = ?1 AND type = ?2 AND viewer = ?3")?;
    for id in viewed {
        let (_, mut views) = read.query_row(params![id, kind, known.id], viewer)?;
        views.purposes = purposes(connection, id, &known)?.into_iter().collect();
        add_viewer(connection, id, &Viewer::nobody(), &views)?;
        add_purposes(connection, id, &Viewer::nobody(), &views)?;
        drop_viewer.execute(params![id, kind, known.id])?;
        drop_purposes.execute(params![id, kind, known.id])?;
    }
    Ok(())
}

/// Who has an access at one of the positions. There is no index by position: it would cost every access
/// some room for what is asked once in a while.
pub(super) fn accessed_at(
    connection: &Connection,
    positions: &[Position],
) -> rusqlite::Result<Vec<(PersonRef, Position)>> {
    let positions: HashSet<i64> = positions.iter().map(|position| position.0 as i64).collect();
    let mut accesses = connection.prepare_cached("SELECT person, position FROM accesses")?;
    let mut rows = accesses.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (person, position): (i64, i64) = (row.get(0)?, row.get(1)?);
        if positions.contains(&position) {
            found.push((person, Position(position as u64)));
        }
    }
    let mut name = connection.prepare_cached("SELECT tenant, person FROM persons WHERE id = ?1")?;
    let mut named = |(id, position)| {
        let person = name.query_row([id], |row| {
            let tenant: String = row.get(0)?;
            Ok(PersonRef { tenant: tenant_of(&tenant)?, id: row.get(1)? })
        })?;
        Ok((person, position))
    };
    found.into_iter().map(&mut named).collect()
}

fn tenant_of(text: &str) -> rusqlite::Result<TenantId> {
    TenantId::new(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}

/// Puts what is told in the place of all that is known about who looked at a person.
pub(super) fn replace(
    connection: &Connection,
    id: i64,
    delta: &ProfileDelta,
) -> rusqlite::Result<()> {
    for table in ["accesses", "viewers", "purposes"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE person = ?1"))?
            .execute([id])?;
    }
    add(connection, id, delta)
}

fn number_of(concern: Concern) -> i64 {
    match concern {
        Concern::Subject => 0,
        Concern::Owner => 1,
    }
}

#[cfg(test)]
mod tests;
