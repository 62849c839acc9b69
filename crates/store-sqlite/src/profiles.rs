//! Profiles of persons in `profiles.db`; rebuilt from the log when it is lost.

mod apply;
mod views;

use std::collections::BTreeMap;
use std::path::Path;

use annals_domain::Position;
use annals_domain::event::{Operation, OutcomeStatus};
use annals_domain::profile::{
    Concern, Counts, DeviceKey, Kind, PersonRef, PlaceKey, Profile, ProfileDelta, Seen,
    SessionSeen, Viewer, Views,
};
use annals_ports::{ProfileStore, ReadModelError};
use annals_record::sealed_file::FileKey;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file::{Format, OpenError};
use crate::read_model::{ReadModel, find, limit, timestamp, upper_bound};

const FORMAT: Format = Format {
    file: "profiles.db",
    application_id: i32::from_be_bytes(*b"ANLP"),
    version: 2,
    schema: include_str!("schema/profiles.sql"),
    upgrades: &[include_str!("schema/profiles_2.sql")],
    page_size: 4096,
    durable: false,
    cache_kib: 32 * 1024,
    remedy: "delete it and run `annals rebuild profiles`; nothing is lost by that",
};

const TABLES: &[&str] =
    &["timeline", "counts", "devices", "places", "sessions", "accesses", "viewers", "purposes"];

/// How many devices, places, sessions, viewers and types of events are kept of one person: the newest,
/// and of the types the most frequent.
pub const PROFILE_ENTRIES_MAX: usize = 1000;

/// Read backwards from the end of the person's stretch of the key: the cost is that of the page,
/// however many events there are, of this person or of all.
const TIMELINE: &str = "SELECT position FROM timeline WHERE person = ?1 AND position < ?2
     ORDER BY position DESC LIMIT ?3";

/// The profile store of one machine.
///
/// Lists may for a while be a tenth longer than [`PROFILE_ENTRIES_MAX`], so that not every event
/// of a busy account has to cut them.
#[derive(Debug)]
pub struct SqliteProfiles {
    file: ReadModel,
}

impl SqliteProfiles {
    /// Opens the store in a data directory, and makes it first where there is none. It lies there
    /// encrypted under this key; what lies otherwise is removed and must be filled anew.
    pub fn open(dir: &Path, key: &FileKey) -> Result<Self, OpenError> {
        Ok(Self { file: ReadModel::open(dir, key, &FORMAT, "profiles", TABLES)? })
    }
}

impl ProfileStore for SqliteProfiles {
    fn position(&self) -> Result<Position, ReadModelError> {
        self.file.position()
    }

    fn apply(
        &self,
        deltas: &BTreeMap<PersonRef, ProfileDelta>,
        position: Position,
    ) -> Result<(), ReadModelError> {
        self.file.apply(position, |connection, persons| {
            for (person, delta) in deltas {
                let id = persons.of(connection, person)?;
                apply::add(connection, id, delta)?;
            }
            Ok(())
        })
    }

    fn profile(&self, person: &PersonRef, limit: usize) -> Result<Option<Profile>, ReadModelError> {
        self.file.read("read a profile", |connection| {
            // One view of all tables.
            let view = connection.unchecked_transaction()?;
            read_profile(&view, person, limit)
        })
    }

    fn timeline(
        &self,
        person: &PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        self.file.read("read a timeline", |connection| timeline(connection, person, before, limit))
    }

    fn accesses(
        &self,
        person: &PersonRef,
        concerns: &[Concern],
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError> {
        self.file.read("read who looked", |connection| {
            views::accesses(connection, person, concerns, before, limit)
        })
    }

    fn viewers(
        &self,
        person: &PersonRef,
        limit: usize,
    ) -> Result<Vec<(Viewer, Views)>, ReadModelError> {
        self.file.read("read who looked", |connection| {
            // One view of both tables.
            let view = connection.unchecked_transaction()?;
            views::viewers(&view, person, limit)
        })
    }

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        self.file.forget(person, |connection| views::forget(connection, person))
    }

    fn accessed_at(
        &self,
        positions: &[Position],
    ) -> Result<Vec<(PersonRef, Position)>, ReadModelError> {
        self.file
            .read("read who was looked at", |connection| views::accessed_at(connection, positions))
    }

    fn retell(
        &self,
        erased: &BTreeMap<PersonRef, ProfileDelta>,
        viewed: &BTreeMap<PersonRef, ProfileDelta>,
    ) -> Result<(), ReadModelError> {
        self.file.retell(erased.keys(), |connection, persons| {
            for person in erased.keys() {
                views::forget(connection, person)?;
            }
            for (person, delta) in erased {
                if *delta != ProfileDelta::default() {
                    apply::add(connection, persons.of(connection, person)?, delta)?;
                }
            }
            for (person, delta) in viewed {
                views::replace(connection, persons.of(connection, person)?, delta)?;
            }
            Ok(())
        })
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.file.clear()
    }
}

fn timeline(
    connection: &Connection,
    person: &PersonRef,
    before: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<Position>> {
    let Some(id) = find(connection, person)? else { return Ok(Vec::new()) };
    let bounds = params![id, upper_bound(before), self::limit(limit)];
    connection
        .prepare_cached(TIMELINE)?
        .query_map(bounds, |row| Ok(Position(row.get::<_, i64>(0)? as u64)))?
        .collect()
}

fn read_profile(
    connection: &Connection,
    person: &PersonRef,
    limit: usize,
) -> rusqlite::Result<Option<Profile>> {
    let Some((id, name, seen)) = read_person(connection, person)? else { return Ok(None) };
    Ok(Some(Profile {
        person: person.id.clone(),
        name,
        seen,
        counts: read_counts(connection, id)?,
        devices: newest(connection, "devices", "type, name, os, browser", id, limit, |row| {
            Ok(DeviceKey {
                device_type: row.get(3)?,
                name: row.get(4)?,
                os: row.get(5)?,
                browser: row.get(6)?,
            })
        })?,
        places: newest(connection, "places", "country, region, city, ip", id, limit, |row| {
            Ok(PlaceKey {
                country: row.get(3)?,
                region: row.get(4)?,
                city: row.get(5)?,
                ip: row.get(6)?,
            })
        })?,
        sessions: read_sessions(connection, id, limit)?,
    }))
}

fn read_sessions(
    connection: &Connection,
    id: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(String, SessionSeen)>> {
    let columns = "session, ended_us";
    let rows = newest(connection, "sessions", columns, id, limit, |row| {
        let ended = row.get::<_, Option<i64>>(4)?.map(|_| timestamp(row, 4)).transpose()?;
        Ok((row.get(3)?, ended))
    })?;
    let session = |((session, ended), seen)| (session, SessionSeen { seen, ended });
    Ok(rows.into_iter().map(session).collect())
}

/// Number, name, and when the person was seen; none when they were not.
fn read_person(
    connection: &Connection,
    person: &PersonRef,
) -> rusqlite::Result<Option<(i64, Option<String>, Seen)>> {
    const SQL: &str = "SELECT first_us, last_us, count, id, name FROM persons
         WHERE tenant = ?1 AND person = ?2 AND count > 0";
    connection
        .prepare_cached(SQL)?
        .query_row(params![person.tenant.as_str(), person.id], |row| {
            Ok((row.get(3)?, row.get(4)?, seen(row)?))
        })
        .optional()
}

/// There are at most as many rows as a list may be long before it is cut.
fn read_counts(connection: &Connection, id: i64) -> rusqlite::Result<Counts> {
    const SQL: &str = "SELECT type, operation, outcome, count FROM counts WHERE person = ?1";
    let mut statement = connection.prepare_cached(SQL)?;
    let rows = statement.query_map([id], |row| {
        let operation = Operation::ALL.get(usize::from(row.get::<_, u8>(1)?));
        let outcome = OutcomeStatus::ALL.get(usize::from(row.get::<_, u8>(2)?));
        let kind = Kind {
            operation: operation.copied().unwrap_or(Operation::Other),
            outcome: outcome.copied().unwrap_or(OutcomeStatus::Unknown),
        };
        Ok((row.get(0)?, kind, row.get::<_, i64>(3)? as u64))
    })?;
    rows.collect()
}

/// Entries of a table, newest first. Its key columns come after the three of [`seen`].
fn newest<K>(
    connection: &Connection,
    table: &str,
    columns: &str,
    id: i64,
    limit: usize,
    key: impl Fn(&Row<'_>) -> rusqlite::Result<K>,
) -> rusqlite::Result<Vec<(K, Seen)>> {
    let sql = format!(
        "SELECT first_us, last_us, count, {columns} FROM {table} WHERE person = ?1
         ORDER BY last_us DESC, {columns} LIMIT ?2"
    );
    let limit = self::limit(limit.min(PROFILE_ENTRIES_MAX));
    connection
        .prepare_cached(&sql)?
        .query_map(params![id, limit], |row| Ok((key(row)?, seen(row)?)))?
        .collect()
}

/// From the first three columns.
fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    Ok(Seen {
        first: timestamp(row, 0)?,
        last: timestamp(row, 1)?,
        count: row.get::<_, i64>(2)? as u64,
    })
}

#[cfg(test)]
mod tests;
