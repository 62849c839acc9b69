//! What is asked of the outbox.

use annals_domain::notification::{Replay, TellingEntry};
use annals_domain::{Position, TenantId};
use annals_ports::ReadModelError;
use annals_ports::outbox::{
    Attempt, AttemptOutcome, Due, Message, MessageState, MessagesAsked, Outbox, Pending, Untold,
    endpoint_bucket,
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use super::{
    DELIVERED, GIVEN_UP, SqliteInbox, WAITING, attempted, cut, message, replaying, unreadable,
};
use crate::read_model::{microseconds, timestamp};

impl Outbox for SqliteInbox {
    fn kept(&self) -> Result<Vec<(TenantId, TellingEntry)>, ReadModelError> {
        self.file.read("read what is kept to know whom to tell", |connection| {
            connection
                .prepare_cached("SELECT tenant, entry FROM kept")?
                .query_map([], |row| {
                    let tenant: String = row.get(0)?;
                    let tenant = TenantId::new(&tenant).map_err(|error| unreadable(0, error))?;
                    let entry: String = row.get(1)?;
                    let entry = TellingEntry::from_json(&entry);
                    Ok((tenant, entry.map_err(|error| unreadable(1, error))?))
                })?
                .collect()
        })
    }

    fn due(&self, floor: Position, now: Timestamp) -> Result<Due, ReadModelError> {
        self.file.read("read what is due", |connection| {
            let now = microseconds(now);
            let buckets = connection
                .prepare_cached(
                    "SELECT DISTINCT bucket FROM outbox
                     WHERE state = 0 AND next_us <= ?1 AND released > ?2 ORDER BY bucket",
                )?
                .query_map(params![now, floor.0 as i64], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let next = connection
                .prepare_cached(
                    "SELECT next_us FROM outbox WHERE state = 0 AND next_us > ?1 AND released > ?2
                     ORDER BY next_us LIMIT 1",
                )?
                .query_row(params![now, floor.0 as i64], |row| timestamp(row, 0))
                .optional()?;
            Ok(Due { buckets, next })
        })
    }

    fn due_of(
        &self,
        bucket: &str,
        floor: Position,
        now: Timestamp,
        without: &[String],
        limit: usize,
    ) -> Result<Vec<Pending>, ReadModelError> {
        let without = serde_json::to_string(without).expect("names are plain JSON");
        self.file.read("read what is due", |connection| {
            connection
                .prepare_cached(
                    "SELECT message, lane, tries - tries_before, first_us, beyond FROM outbox
                     WHERE state = 0 AND bucket = ?1 AND next_us <= ?2 AND released > ?3
                     AND lane NOT IN (SELECT value FROM json_each(?4))
                     ORDER BY position, id LIMIT ?5",
                )?
                .query_map(
                    params![
                        bucket,
                        microseconds(now),
                        floor.0 as i64,
                        without,
                        crate::read_model::limit(limit)
                    ],
                    pending,
                )?
                .collect()
        })
    }

    fn attempted(&self, attempts: &[Attempt]) -> Result<(), ReadModelError> {
        self.file.change("write down what came of attempts", |connection| {
            for attempt in attempts {
                attempted(connection, attempt)?;
            }
            Ok(())
        })?;
        let done = attempts.iter().filter(|one| !matches!(one.outcome, AttemptOutcome::Again(_)));
        match self.is_to_be_cut(done.count()) {
            true => self.file.change("remove messages that are long done", cut),
            false => Ok(()),
        }
    }

    fn untold(&self, limit: usize) -> Result<Vec<Untold>, ReadModelError> {
        self.file.read("read of which messages the log has not told", |connection| {
            connection
                .prepare_cached(
                    "SELECT tenant, id, state, (SELECT cause FROM attempts WHERE message = id
                     ORDER BY number DESC LIMIT 1) FROM outbox
                     WHERE state > 0 AND settled = 0 AND tries > tries_before
                     ORDER BY position, id LIMIT ?1",
                )?
                .query_map([crate::read_model::limit(limit)], untold)?
                .collect()
        })
    }

    fn took_since(&self, bucket: &str, since: Timestamp) -> Result<bool, ReadModelError> {
        self.file.read("read what a receiver took", |connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM outbox WHERE bucket = ?1 AND
                     (state = 1 AND recorded_us >= ?2 OR EXISTS (SELECT 1 FROM attempts
                     WHERE message = id AND outcome = 1 AND at_us >= ?2)))",
                )?
                .query_row(params![bucket, microseconds(since)], |row| row.get(0))
        })
    }

    fn attempts_of(&self, message: Uuid) -> Result<Vec<Attempt>, ReadModelError> {
        self.file.read("read attempts", |connection| {
            connection
                .prepare_cached(
                    "SELECT at_us, outcome, next_us, code, cause FROM attempts
                     WHERE message = ?1 ORDER BY number",
                )?
                .query_map([message.as_bytes()], |row| {
                    let outcome = match row.get::<_, i64>(1)? {
                        DELIVERED => AttemptOutcome::Delivered,
                        GIVEN_UP => AttemptOutcome::GivenUp,
                        _ => AttemptOutcome::Again(timestamp(row, 2)?),
                    };
                    let (at, code, cause) = (timestamp(row, 0)?, row.get(3)?, row.get(4)?);
                    Ok(Attempt { message, at, outcome, code, cause })
                })?
                .collect()
        })
    }

    fn oldest_waiting(&self, floor: Position) -> Result<Option<Position>, ReadModelError> {
        self.file.read("read the oldest message that waits", |connection| {
            connection
                .prepare_cached(
                    "SELECT released FROM outbox WHERE state = 0 AND released > ?1
                     ORDER BY released LIMIT 1",
                )?
                .query_row([floor.0 as i64], |row| Ok(Position(row.get::<_, i64>(0)? as u64)))
                .optional()
        })
    }

    fn page(
        &self,
        tenant: &TenantId,
        asked: &MessagesAsked,
        limit: usize,
    ) -> Result<Vec<Message>, ReadModelError> {
        const OF_TENANT: &str = "SELECT message, state, tries FROM outbox
             WHERE tenant = ?1 AND (position, id) < (?2, ?3) AND (?4 IS NULL OR state = ?4)
             ORDER BY position DESC, id DESC LIMIT ?5";
        const OF_RECEIVER: &str = "SELECT message, state, tries FROM outbox
             WHERE bucket = ?1 AND (position, id) < (?2, ?3) AND (?4 IS NULL OR state = ?4)
             ORDER BY position DESC, id DESC LIMIT ?5";
        let bucket = asked.endpoint.map(|endpoint| endpoint_bucket(tenant, endpoint));
        let sql = if bucket.is_some() { OF_RECEIVER } else { OF_TENANT };
        let (before, id) = asked.before.unwrap_or((Position(i64::MAX as u64), Uuid::max()));
        let state = asked.state.map(number_of);
        self.file.read("read messages on their way out", |connection| {
            connection
                .prepare_cached(sql)?
                .query_map(
                    params![
                        bucket.as_deref().unwrap_or(tenant.as_str()),
                        before.0 as i64,
                        id.as_bytes(),
                        state,
                        crate::read_model::limit(limit)
                    ],
                    shown,
                )?
                .collect()
        })
    }

    fn message(&self, tenant: &TenantId, id: Uuid) -> Result<Option<Message>, ReadModelError> {
        self.file.read("read a message on its way out", |connection| {
            connection
                .prepare_cached(
                    "SELECT message, state, tries FROM outbox WHERE id = ?1 AND tenant = ?2",
                )?
                .query_row(params![id.as_bytes(), tenant.as_str()], shown)
                .optional()
        })
    }

    fn replayable(&self, replay: &Replay, limit: usize) -> Result<usize, ReadModelError> {
        self.file
            .read("count messages", |connection| replaying::replayable(connection, replay, limit))
            .map(|found| found.len())
    }
}

fn number_of(state: MessageState) -> i64 {
    match state {
        MessageState::Waiting => WAITING,
        MessageState::Delivered => DELIVERED,
        MessageState::GivenUp => GIVEN_UP,
    }
}

fn shown(row: &Row<'_>) -> rusqlite::Result<Message> {
    let state = match row.get::<_, i64>(1)? {
        WAITING => MessageState::Waiting,
        DELIVERED => MessageState::Delivered,
        _ => MessageState::GivenUp,
    };
    Ok(Message { message: message(row, 0)?, state, tries: row.get(2)? })
}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let first: Option<i64> = row.get(3)?;
    Ok(Pending {
        message: message(row, 0)?,
        lane: row.get(1)?,
        tries: row.get(2)?,
        first_tried: first.map(|_| timestamp(row, 3)).transpose()?,
        beyond: row.get(4)?,
    })
}

fn untold(row: &Row<'_>) -> rusqlite::Result<Untold> {
    let tenant: String = row.get(0)?;
    let cause: Option<String> = row.get(3)?;
    Ok(Untold {
        tenant: TenantId::new(&tenant).map_err(|error| unreadable(0, error))?,
        message: Uuid::from_bytes(row.get(1)?),
        failed: (row.get::<_, i64>(2)? == GIVEN_UP).then(|| cause.unwrap_or_default()),
    })
}
