//! What the event log and the copy of a log share: tables of the same names in one file, read and
//! followed in the same way.

mod emptying;
mod follower;
mod names;
mod reading;
mod recent;

use std::path::Path;

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::append_plan::{Held, RecordKey};
use annals_ports::{Direction, Follower, LogEntry, LogError, LogReader, StreamEnd};
use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::file::Format;
use follower::SqliteFollower;
use reading::Reader;

pub(crate) use emptying::{empty, is_there};
pub(crate) use names::{Numbers, tenant_number};
pub(crate) use reading::{held, is_removed};
pub(crate) use recent::Recent;

/// A file of records, for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    reader: Reader,
    recent: Recent,
    head: watch::Receiver<Position>,
}

impl LogFile {
    /// The writer puts what it committed into `recent`, and moves `head` after that.
    pub(crate) fn new(
        dir: &Path,
        format: &'static Format,
        readers: usize,
        recent: Recent,
        head: watch::Receiver<Position>,
    ) -> Self {
        Self { reader: Reader::new(dir, format, readers), recent, head }
    }

    pub(crate) async fn last_revisions(
        &self,
        streams: &[StreamName],
    ) -> Result<Vec<Option<Revision>>, LogError> {
        let streams = streams.to_vec();
        self.reader
            .run("looking for the ends of streams", move |connection| {
                at_once(connection, |connection| {
                    streams.iter().map(|name| reading::last_revision(connection, name)).collect()
                })
            })
            .await
    }

    pub(crate) async fn stream_ends(
        &self,
        up_to: Position,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamEnd>, LogError> {
        let after = after.map_or_else(String::new, |name| name.as_str().to_owned());
        self.read("looking for the ends of all streams", move |connection| {
            reading::stream_ends(connection, up_to, &after, limit)
        })
        .await
    }

    pub(crate) async fn held(&self, keys: &[RecordKey]) -> Result<Vec<Option<Held>>, LogError> {
        let keys = keys.to_vec();
        self.reader
            .run("looking for records by id", move |connection| {
                at_once(connection, |connection| {
                    keys.iter().map(|key| held(connection, key)).collect()
                })
            })
            .await
    }

    /// Runs a read of something else that is in the file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        self.reader.run(doing, move |connection| Ok(read(connection)?)).await
    }
}

#[async_trait]
impl LogReader for LogFile {
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        let stream = stream.clone();
        self.reader
            .run("reading a stream", move |connection| {
                reading::stream(connection, &stream, from, direction, limit)
            })
            .await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<LogEntry>, LogError> {
        self.reader
            .run("reading the log", move |connection| {
                reading::all(connection, after, limit, usize::MAX)
            })
            .await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        let positions = positions.to_vec();
        self.reader
            .run("reading records by position", move |connection| {
                reading::at(connection, &positions)
            })
            .await
    }

    async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<LogEntry>, LogError> {
        let tenant = tenant.clone();
        self.reader
            .run("looking for a record by id", move |connection| {
                reading::find(connection, &tenant, id)
            })
            .await
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(*self.head.borrow())
    }

    fn follow(&self, after: Position) -> Box<dyn Follower> {
        Box::new(SqliteFollower::new(
            self.reader.clone(),
            self.recent.clone(),
            self.head.clone(),
            after,
        ))
    }
}

/// Runs many reads as of one moment, which also spares a lock for each.
fn at_once<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, reading::ReadError> {
    // Dropping it ends it; nothing was written.
    let _moment = connection.unchecked_transaction()?;
    Ok(read(connection)?)
}

/// Position of the newest record.
pub(crate) fn newest_position(connection: &Connection) -> rusqlite::Result<Position> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(position) FROM events", [], |row| row.get(0))?;
    Ok(newest.map_or(Position::START, |position| Position(position as u64)))
}
