//! Reading the log, each time on a connection of its own.

use std::path::Path;
use std::sync::Arc;

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::append_plan::{Held, RecordKey};
use annals_ports::{Direction, LogEntry, LogError, StreamEnd};
use annals_record::{DecodeError, Record};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Semaphore;

use crate::file::Format;
use crate::pool::Pool;

/// Reads off the async threads. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pool: Arc<Pool>,
    /// One a connection: who waits for one waits here, and not on a thread.
    turns: Arc<Semaphore>,
}

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Sqlite(rusqlite::Error),
    Corrupt(Position, DecodeError),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Reader {
    pub(super) fn new(dir: &Path, format: &'static Format, connections: usize) -> Self {
        let connections = connections.max(1);
        Self {
            pool: Arc::new(Pool::new(dir, format, connections)),
            turns: Arc::new(Semaphore::new(connections)),
        }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, LogError> {
        let turn =
            Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed");
        let pool = Arc::clone(&self.pool);
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            pool.read(read).map_err(|error| match error {
                ReadError::Corrupt(position, source) => LogError::Corrupt { position, source },
                ReadError::Sqlite(error) => {
                    LogError::Unavailable { doing, source: Some(pool.explain(error)) }
                }
            })
        });
        match reading.await {
            Ok(outcome) => outcome,
            Err(panic) => Err(LogError::Unavailable { doing, source: Some(Box::new(panic)) }),
        }
    }
}

pub(super) fn stream(
    connection: &Connection,
    stream: &StreamName,
    from: Revision,
    direction: Direction,
    limit: usize,
) -> Result<Vec<LogEntry>, ReadError> {
    let sql = match direction {
        Direction::Forwards => {
            "SELECT position, revision, record FROM events
             WHERE stream = (SELECT id FROM streams WHERE name = ?1) AND revision >= ?2
             ORDER BY revision"
        }
        Direction::Backwards => {
            "SELECT position, revision, record FROM events
             WHERE stream = (SELECT id FROM streams WHERE name = ?1) AND revision <= ?2
             ORDER BY revision DESC"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then(params![stream.as_str(), number(from.0)], entry)?;
    rows.filter_map(Result::transpose).take(limit).collect()
}

/// Records after a position, as many as `limit` and about as many as fit `bytes_max`.
pub(super) fn all(
    connection: &Connection,
    after: Position,
    limit: usize,
    bytes_max: usize,
) -> Result<Vec<LogEntry>, ReadError> {
    const SQL: &str = "SELECT position, revision, record FROM events
         WHERE position > ?1 ORDER BY position";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([number(after.0)])?;
    let mut entries = Vec::new();
    let mut bytes = 0;
    while bytes < bytes_max
        && entries.len() < limit
        && let Some(row) = rows.next()?
    {
        if let Some(entry) = entry(row)? {
            bytes += row.get_ref(2)?.as_blob().map_or(0, <[u8]>::len);
            entries.push(entry);
        }
    }
    Ok(entries)
}

pub(super) fn at(
    connection: &Connection,
    positions: &[Position],
) -> Result<Vec<Option<LogEntry>>, ReadError> {
    const SQL: &str = "SELECT position, revision, record FROM events WHERE position = ?1";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut entries = Vec::with_capacity(positions.len());
    for position in positions {
        let mut rows = statement.query([number(position.0)])?;
        entries.push(rows.next()?.map(entry).transpose()?.flatten());
    }
    Ok(entries)
}

/// The record with an id: the first, should there be two.
pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    id: EventId,
) -> Result<Option<LogEntry>, ReadError> {
    const SQL: &str = "SELECT position, revision, record FROM events
         WHERE id = ?1 AND tenant = (SELECT id FROM tenants WHERE name = ?2)
         ORDER BY position LIMIT 1";
    connection
        .prepare_cached(SQL)?
        .query_row(params![id.0.as_bytes(), tenant.as_str()], |row| Ok(entry(row)))
        .optional()?
        .transpose()
        .map(Option::flatten)
}

/// What is held under a tenant and id: the first, should there be two.
pub(crate) fn held(connection: &Connection, key: &RecordKey) -> rusqlite::Result<Option<Held>> {
    const SQL: &str = "SELECT position, revision, fingerprint FROM events
         WHERE id = ?1 AND tenant = (SELECT id FROM tenants WHERE name = ?2)
         ORDER BY position LIMIT 1";
    connection
        .prepare_cached(SQL)?
        .query_row(params![key.id.0.as_bytes(), key.tenant.as_str()], |row| {
            Ok(Held {
                position: Position(row.get::<_, i64>(0)? as u64),
                revision: Revision(row.get::<_, i64>(1)? as u64),
                fingerprint: row.get(2)?,
            })
        })
        .optional()
}

pub(super) fn last_revision(
    connection: &Connection,
    stream: &StreamName,
) -> rusqlite::Result<Option<Revision>> {
    const SQL: &str = "SELECT max(revision) FROM events
         WHERE stream = (SELECT id FROM streams WHERE name = ?1)";
    let last: Option<i64> =
        connection.prepare_cached(SQL)?.query_row([stream.as_str()], |row| row.get(0))?;
    Ok(last.map(|last| Revision(last as u64)))
}

/// Streams after a name, each with its last record at or before a position.
pub(super) fn stream_ends(
    connection: &Connection,
    up_to: Position,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<StreamEnd>> {
    const SQL: &str = "SELECT s.name, e.revision, e.position
         FROM streams s JOIN events e ON e.position =
             (SELECT position FROM events WHERE stream = s.id AND position <= ?1
              ORDER BY revision DESC LIMIT 1)
         WHERE s.name > ?2 ORDER BY s.name LIMIT ?3";
    let up_to = i64::try_from(up_to.0).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(SQL)?;
    let rows = statement.query_map(params![up_to, after, limit], |row| {
        Ok(StreamEnd {
            stream: StreamName::from_stored(&row.get::<_, String>(0)?),
            revision: Revision(row.get::<_, i64>(1)? as u64),
            position: Position(row.get::<_, i64>(2)? as u64),
        })
    })?;
    rows.collect()
}

/// The record of a row; none where it was removed.
fn entry(row: &Row<'_>) -> Result<Option<LogEntry>, ReadError> {
    let position = Position(row.get::<_, i64>(0)? as u64);
    let revision = Revision(row.get::<_, i64>(1)? as u64);
    let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    if is_removed(bytes) {
        return Ok(None);
    }
    let record = Record::decode(bytes).map_err(|error| ReadError::Corrupt(position, error))?;
    Ok(Some(LogEntry { position, revision, record }))
}

/// Whether this is what retention leaves: nothing, or zeros in logs of earlier versions. No record begins
/// with one; `annals verify` names those that retention did not leave.
pub(crate) fn is_removed(record: &[u8]) -> bool {
    record.iter().all(|byte| *byte == 0)
}

/// `SQLite`'s integers end at `i64::MAX`; nothing lies beyond.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
