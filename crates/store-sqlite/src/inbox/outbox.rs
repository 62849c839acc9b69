//! Messages on their way out, in the file of the inboxes and in its transactions.

mod asking;
mod replaying;

use annals_domain::EventId;
use annals_domain::notification::{OutboxChange, Outgoing, Queued, Settled, TellingChange};
use annals_domain::profile::PersonRef;
use annals_ports::outbox::{
    Attempt, AttemptOutcome, DONE_KEPT_MAX, bucket_of, due_at, gather, lane_of,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::SqliteInbox;
use crate::read_model::{PersonNumbers, limit, microseconds};

/// What is of nobody in particular.
const NOBODY: i64 = 0;
const WAITING: i64 = 0;
const DELIVERED: i64 = 1;
const GIVEN_UP: i64 = 2;
/// What is done is cut after so many more.
const CUT_EVERY: usize = 10_000;

pub(super) fn change(
    connection: &Connection,
    persons: &mut PersonNumbers,
    change: &OutboxChange,
    waiting_max: usize,
) -> rusqlite::Result<()> {
    match change {
        OutboxChange::Queued(queued) => queue(connection, persons, queued, WAITING, waiting_max),
        OutboxChange::Past(queued) => queue(connection, persons, queued, DELIVERED, waiting_max),
        OutboxChange::Replayed(replay) => replaying::replay(connection, replay),
        OutboxChange::Settled(settled) => settle(connection, settled),
    }
}

fn queue(
    connection: &Connection,
    persons: &mut PersonNumbers,
    queued: &Queued,
    state: i64,
    waiting_max: usize,
) -> rusqlite::Result<()> {
    if let Some(digest) = queued.gathered_by
        && (gathers(connection, digest, &queued.message)?
            // What is past went out with its digest.
            || (state != WAITING && is_known(connection, digest)?))
    {
        return Ok(());
    }
    let message = &queued.message;
    let person = match &message.recipient {
        Some(id) => {
            let person = PersonRef { tenant: message.tenant.clone(), id: id.clone() };
            persons.of(connection, &person)?
        }
        None => NOBODY,
    };
    let (bucket, lane) = (bucket_of(message), lane_of(queued));
    let waiting: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM
             (SELECT 1 FROM outbox WHERE bucket = ?1 AND tenant = ?2 AND state = 0 LIMIT ?3)",
        )?
        .query_row(params![bucket, message.tenant.as_str(), limit(waiting_max)], |row| {
            row.get(0)
        })?;
    let beyond = waiting >= limit(waiting_max);
    let behind: Option<i64> = connection
        .prepare_cached("SELECT max(next_us) FROM outbox WHERE lane = ?1 AND state = 0")?
        .query_row([&lane], |row| row.get(0))?;
    let due = microseconds(due_at(queued));
    let next = behind.filter(|_| !beyond).map_or(due, |behind| behind.max(due));
    connection
        .prepare_cached(
            "INSERT INTO outbox (id, person, tenant, position, event, bucket, lane, message, state,
             beyond, next_us, tries, recorded_us, released)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            message.id.as_bytes(),
            person,
            message.tenant.as_str(),
            message.position.0 as i64,
            message.event.0.as_bytes(),
            bucket,
            lane,
            json(message),
            state,
            beyond,
            next,
            microseconds(message.recorded_at),
        ])?;
    Ok(())
}

fn is_known(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM outbox WHERE id = ?1")?.exists([id.as_bytes()])
}

/// Whether a digest that is not on its way yet has taken the event in.
fn gathers(connection: &Connection, digest: Uuid, more: &Outgoing) -> rusqlite::Result<bool> {
    let held = connection
        .prepare_cached("SELECT message FROM outbox WHERE id = ?1 AND state = 0 AND tries = 0")?
        .query_row([digest.as_bytes()], |row| message(row, 0))
        .optional()?;
    let Some(mut held) = held else { return Ok(false) };
    gather(&mut held, more);
    connection
        .prepare_cached("UPDATE outbox SET message = ?2 WHERE id = ?1")?
        .execute(params![digest.as_bytes(), json(&held)])?;
    Ok(true)
}

fn settle(connection: &Connection, settled: &Settled) -> rusqlite::Result<()> {
    // What the log told first stays; an outcome from before a replay is passed over.
    let mut update = connection.prepare_cached(
        "UPDATE outbox SET state = iif(unheard, state, ?2), settled = NOT unheard, unheard = 0
         WHERE id = ?1 AND settled = 0",
    )?;
    for id in &settled.delivered {
        update.execute(params![id.as_bytes(), DELIVERED])?;
    }
    for id in &settled.failed {
        update.execute(params![id.as_bytes(), GIVEN_UP])?;
    }
    Ok(())
}

pub(super) fn keep(
    connection: &Connection,
    persons: &mut PersonNumbers,
    change: &TellingChange,
) -> rusqlite::Result<()> {
    let TellingChange { tenant, name, entry } = change;
    let Some(entry) = entry else {
        connection
            .prepare_cached("DELETE FROM kept WHERE tenant = ?1 AND name = ?2")?
            .execute(params![tenant.as_str(), name])?;
        return Ok(());
    };
    let person = match entry.person() {
        Some(id) => persons.of(connection, &PersonRef { tenant: tenant.clone(), id: id.into() })?,
        None => NOBODY,
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO kept (tenant, name, person, entry) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![tenant.as_str(), name, person, entry.to_json()])?;
    Ok(())
}

/// Other words for what is told of an event.
pub(super) fn reword(
    connection: &Connection,
    event: EventId,
    title: &str,
    body: &str,
) -> rusqlite::Result<()> {
    let held: Vec<(Vec<u8>, Outgoing)> = connection
        .prepare_cached("SELECT id, message FROM outbox WHERE event = ?1")?
        .query_map([event.0.as_bytes()], |row| Ok((row.get(0)?, message(row, 1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE outbox SET message = ?2 WHERE id = ?1")?;
    for (id, held) in held {
        let reworded = Outgoing { title: title.into(), body: body.into(), ..held };
        update.execute(params![id, json(&reworded)])?;
    }
    connection
        .prepare_cached("UPDATE messages SET title = ?2, body = ?3 WHERE event = ?1")?
        .execute(params![event.0.as_bytes(), title, body])?;
    Ok(())
}

impl SqliteInbox {
    /// Whether so many more are done that the oldest are to be removed.
    pub(super) fn is_to_be_cut(&self, done: usize) -> bool {
        let before = self.done.fetch_add(done, std::sync::atomic::Ordering::Relaxed);
        before % CUT_EVERY + done >= CUT_EVERY
    }
}

fn attempted(connection: &Connection, attempt: &Attempt) -> rusqlite::Result<()> {
    let (state, next) = match attempt.outcome {
        AttemptOutcome::Delivered => (DELIVERED, None),
        AttemptOutcome::GivenUp => (GIVEN_UP, None),
        AttemptOutcome::Again(until) => (WAITING, Some(microseconds(until))),
    };
    let (id, at) = (attempt.message.as_bytes(), microseconds(attempt.at));
    let changed = connection
        .prepare_cached(
            "UPDATE outbox SET tries = tries + 1, state = max(state, ?2),
             first_us = coalesce(first_us, ?3) WHERE id = ?1 RETURNING lane, tries, person",
        )?
        .query_row(params![id, state, at], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    // Whoever it told may have been erased meanwhile.
    let Some((lane, number, person)) = changed else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempts
             (message, number, person, at_us, outcome, next_us, code, cause)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![id, number, person, at, state, next, attempt.code, attempt.cause])?;
    if let Some(next) = next {
        connection
            .prepare_cached(
                "UPDATE outbox SET next_us = max(next_us, ?2)
                 WHERE lane = ?1 AND state = 0 AND beyond = 0",
            )?
            .execute(params![lane, next])?;
    }
    Ok(())
}

/// Removes the oldest of what is done.
pub(super) fn cut(connection: &Connection) -> rusqlite::Result<()> {
    let newest: Option<i64> = connection
        .prepare_cached(
            "SELECT position FROM outbox WHERE state > 0 ORDER BY position DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([limit(DONE_KEPT_MAX)], |row| row.get(0))
        .optional()?;
    let Some(newest) = newest else { return Ok(()) };
    connection
        .prepare_cached(
            "DELETE FROM attempts WHERE message IN
             (SELECT id FROM outbox WHERE state > 0 AND position <= ?1)",
        )?
        .execute([newest])?;
    connection
        .prepare_cached("DELETE FROM outbox WHERE state > 0 AND position <= ?1")?
        .execute([newest])?;
    Ok(())
}

fn json(message: &Outgoing) -> String {
    serde_json::to_string(message).expect("a message is plain JSON")
}

fn message(row: &Row<'_>, column: usize) -> rusqlite::Result<Outgoing> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
