//! Inboxes of persons, and what is on its way to them, in `inbox.db`; rebuilt from the log when it is lost.

mod outbox;

use std::path::Path;
use std::sync::atomic::AtomicUsize;

use annals_domain::notification::{
    InboxChange, InboxItem, InboxState, Notification, OutboxChange, Told,
};
use annals_domain::profile::PersonRef;
use annals_domain::{EventId, Position};
use annals_ports::outbox::WAITING_MAX;
use annals_ports::{InboxStore, ReadModelError};
use annals_record::sealed_file::FileKey;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::file::{Format, OpenError};
use crate::read_model::{ReadModel, find, limit, microseconds, timestamp, upper_bound};

const FORMAT: Format = Format {
    file: "inbox.db",
    application_id: i32::from_be_bytes(*b"ANLI"),
    version: 5,
    schema: include_str!("schema/inbox.sql"),
    upgrades: &[
        include_str!("schema/inbox_2.sql"),
        include_str!("schema/inbox_3.sql"),
        include_str!("schema/inbox_4.sql"),
        include_str!("schema/inbox_5.sql"),
    ],
    page_size: 4096,
    durable: false,
    cache_kib: 8 * 1024,
    remedy: "delete it and run `annals rebuild profiles`; nothing is lost by that",
};

const TABLES: &[&str] = &["messages", "outbox", "attempts", "kept"];

/// How many messages of one person are kept: the newest. For a while there may be a tenth more.
pub const INBOX_MESSAGES_MAX: usize = 10_000;
const CUT_AT: usize = INBOX_MESSAGES_MAX + INBOX_MESSAGES_MAX / 10;

/// What a message is made of.
const COLUMNS: &str = "id, kind, title, body, event, position, created_us, read_us, archived_us";
/// When a message was read, and when it was put away.
const READ: &str = "read_us";
const ARCHIVED: &str = "archived_us";

/// The inbox store of one machine.
#[derive(Debug)]
pub struct SqliteInbox {
    file: ReadModel,
    /// Messages that were done since it was opened.
    done: AtomicUsize,
    /// Messages that may wait for one receiver.
    waiting_max: usize,
}

impl SqliteInbox {
    /// Opens the store in a data directory, and makes it first where there is none. It lies there
    /// encrypted under this key; what lies otherwise is removed and must be filled anew.
    pub fn open(dir: &Path, key: &FileKey) -> Result<Self, OpenError> {
        let file = ReadModel::open(dir, key, &FORMAT, "inbox", TABLES)?;
        Ok(Self { file, done: AtomicUsize::new(0), waiting_max: WAITING_MAX })
    }
}

impl InboxStore for SqliteInbox {
    fn position(&self) -> Result<Position, ReadModelError> {
        self.file.position()
    }

    fn tell(&self, told: &Told, position: Position) -> Result<(), ReadModelError> {
        self.file.apply(position, |connection, persons| {
            for change in &told.inbox {
                match change {
                    InboxChange::Arrived(notification) => {
                        let person = persons.of(connection, &notification.recipient)?;
                        arrive(connection, person, notification)?;
                    }
                    InboxChange::Read { recipient, notifications, at } => {
                        mark(connection, READ, recipient, notifications, *at)?;
                    }
                    InboxChange::Archived { recipient, notifications, at } => {
                        mark(connection, ARCHIVED, recipient, notifications, *at)?;
                    }
                    InboxChange::Reworded { event, title, body } => {
                        outbox::reword(connection, *event, title, body)?;
                    }
                }
            }
            for change in &told.outbox {
                outbox::change(connection, persons, change, self.waiting_max)?;
            }
            // What a rebuild finds is bounded as well.
            let past = told.outbox.iter().filter(|one| matches!(one, OutboxChange::Past(_)));
            if self.is_to_be_cut(past.count()) {
                outbox::cut(connection)?;
            }
            for change in &told.kept {
                outbox::keep(connection, persons, change)?;
            }
            Ok(())
        })
    }

    fn newest(
        &self,
        person: &PersonRef,
        state: Option<InboxState>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let stands = match state {
            None => "archived_us IS NULL",
            Some(InboxState::Unread) => "archived_us IS NULL AND read_us IS NULL",
            Some(InboxState::Read) => "archived_us IS NULL AND read_us IS NOT NULL",
            Some(InboxState::Archived) => "archived_us IS NOT NULL",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE person = ?1 AND position < ?2 AND {stands}
             ORDER BY position DESC, id DESC LIMIT ?3"
        );
        self.read(&sql, person, upper_bound(before), limit)
    }

    fn since(
        &self,
        person: &PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages
             WHERE person = ?1 AND position > ?2 AND archived_us IS NULL
             ORDER BY position, id LIMIT ?3"
        );
        self.read(&sql, person, upper_bound(Some(after)), limit)
    }

    fn unread(&self, person: &PersonRef) -> Result<u64, ReadModelError> {
        const SQL: &str = "SELECT count(*) FROM messages
             WHERE person = ?1 AND read_us IS NULL AND archived_us IS NULL";
        self.file.read("count unread messages", |connection| {
            let Some(id) = find(connection, person)? else { return Ok(0) };
            let count = connection.prepare_cached(SQL)?.query_row([id], |row| row.get::<_, i64>(0));
            count.map(|count| count as u64)
        })
    }

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        self.file.forget(person, |_| Ok(()))
    }

    fn retell(&self, erased: &[PersonRef], changes: &[InboxChange]) -> Result<(), ReadModelError> {
        self.file.retell(erased.iter(), |connection, persons| {
            for change in changes {
                match change {
                    InboxChange::Arrived(told) if erased.contains(&told.recipient) => {
                        let person = persons.of(connection, &told.recipient)?;
                        arrive(connection, person, told)?;
                    }
                    InboxChange::Arrived(told) => tell_anew(connection, told)?,
                    InboxChange::Reworded { event, title, body } => {
                        outbox::reword(connection, *event, title, body)?;
                    }
                    InboxChange::Read { recipient, .. }
                    | InboxChange::Archived { recipient, .. }
                        if !erased.contains(recipient) => {}
                    InboxChange::Read { recipient, notifications, at } => {
                        mark(connection, READ, recipient, notifications, *at)?;
                    }
                    InboxChange::Archived { recipient, notifications, at } => {
                        mark(connection, ARCHIVED, recipient, notifications, *at)?;
                    }
                }
            }
            Ok(())
        })
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.file.clear()
    }
}

impl SqliteInbox {
    fn read(
        &self,
        sql: &str,
        person: &PersonRef,
        bound: i64,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        self.file.read("read messages", |connection| {
            let Some(id) = find(connection, person)? else { return Ok(Vec::new()) };
            connection
                .prepare_cached(sql)?
                .query_map(params![id, bound, self::limit(limit)], |row| item(row, person))?
                .collect()
        })
    }
}

fn arrive(connection: &Connection, person: i64, message: &Notification) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO messages
         (person, position, id, kind, title, body, event, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    let inserted = connection.prepare_cached(SQL)?.execute(params![
        person,
        message.position.0 as i64,
        message.id.as_bytes(),
        message.kind,
        message.title,
        message.body,
        message.event.0.as_bytes(),
        microseconds(message.created_at),
    ])?;
    if inserted > 0 { count_and_cut(connection, person) } else { Ok(()) }
}

/// Other words for a message, if it is there.
fn tell_anew(connection: &Connection, message: &Notification) -> rusqlite::Result<()> {
    let Some(person) = find(connection, &message.recipient)? else { return Ok(()) };
    connection
        .prepare_cached("UPDATE messages SET title = ?3, body = ?4 WHERE person = ?1 AND id = ?2")?
        .execute(params![person, message.id.as_bytes(), message.title, message.body])?;
    Ok(())
}

/// Notes when messages were read, or put away: the first time that they were.
fn mark(
    connection: &Connection,
    column: &'static str,
    recipient: &PersonRef,
    messages: &[Uuid],
    at: Timestamp,
) -> rusqlite::Result<()> {
    let Some(person) = find(connection, recipient)? else { return Ok(()) };
    let mut update = connection.prepare_cached(&format!(
        "UPDATE messages SET {column} = ?3 WHERE person = ?1 AND id = ?2 AND {column} IS NULL"
    ))?;
    for id in messages {
        update.execute(params![person, id.as_bytes(), microseconds(at)])?;
    }
    Ok(())
}

/// Counts one more message, and removes the oldest of an inbox that is full by that.
fn count_and_cut(connection: &Connection, person: i64) -> rusqlite::Result<()> {
    let messages: i64 = connection
        .prepare_cached(
            "UPDATE persons SET messages = messages + 1 WHERE id = ?1 RETURNING messages",
        )?
        .query_row([person], |row| row.get(0))?;
    if messages <= limit(CUT_AT) {
        return Ok(());
    }
    let removed = connection
        .prepare_cached(
            "DELETE FROM messages WHERE person = ?1 AND position <=
             (SELECT position FROM messages WHERE person = ?1
              ORDER BY position DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![person, limit(INBOX_MESSAGES_MAX)])?;
    connection
        .prepare_cached("UPDATE persons SET messages = messages - ?2 WHERE id = ?1")?
        .execute(params![person, limit(removed)])?;
    Ok(())
}

fn item(row: &Row<'_>, recipient: &PersonRef) -> rusqlite::Result<InboxItem> {
    let time = |column| {
        let some: Option<i64> = row.get(column)?;
        some.map(|_| timestamp(row, column)).transpose()
    };
    Ok(InboxItem {
        notification: Notification {
            id: Uuid::from_bytes(row.get(0)?),
            recipient: recipient.clone(),
            kind: row.get(1)?,
            title: row.get(2)?,
            body: row.get(3)?,
            event: EventId(Uuid::from_bytes(row.get(4)?)),
            position: Position(row.get::<_, i64>(5)? as u64),
            created_at: timestamp(row, 6)?,
        },
        read_at: time(7)?,
        archived_at: time(8)?,
    })
}

#[cfg(test)]
mod tests;
