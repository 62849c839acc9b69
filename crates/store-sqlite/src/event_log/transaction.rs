//! Storing items inside the writer's open transaction.
//!
//! Most records are new and fit, so an item is first simply inserted; only when the unique indexes
//! object is it looked at more closely.

use std::num::NonZeroUsize;

use annals_domain::{Position, Revision, StreamName, TenantId};
use annals_ports::append_plan::{Step, meets, next_revision, plan};
use annals_ports::{Appended, LogEntry};
use annals_record::Record;
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};

use super::request::{Answer, Item, Request};
use crate::log_file::{held, tenant_number};

/// How many streams and tenants are remembered.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");
const TENANTS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Where things lie, as the open transaction sees it.
pub(super) struct Places {
    durable_head: Position,
    head: Position,
    streams: LruCache<StreamName, Stream>,
    tenants: LruCache<TenantId, i64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Stream {
    id: Option<i64>,
    last: Option<Revision>,
}

impl Places {
    pub(super) fn new(head: Position) -> Self {
        Self {
            durable_head: head,
            head,
            streams: LruCache::new(STREAMS_MAX),
            tenants: LruCache::new(TENANTS_MAX),
        }
    }

    pub(super) fn head(&self) -> Position {
        self.head
    }

    /// The transaction was committed.
    pub(super) fn settle(&mut self) {
        self.durable_head = self.head;
    }

    /// The transaction was rolled back; what it learnt is not true.
    pub(super) fn forget(&mut self) {
        self.head = self.durable_head;
        self.streams.clear();
        self.tenants.clear();
    }

    fn stream(&mut self, connection: &Connection, name: &StreamName) -> rusqlite::Result<Stream> {
        if let Some(stream) = self.streams.get(name) {
            return Ok(*stream);
        }
        let stream = load_stream(connection, name)?.unwrap_or_default();
        self.streams.put(name.clone(), stream);
        Ok(stream)
    }

    fn tenant_id(&mut self, connection: &Connection, name: &TenantId) -> rusqlite::Result<i64> {
        if let Some(id) = self.tenants.get(name) {
            return Ok(*id);
        }
        let id = tenant_number(connection, name)?;
        self.tenants.put(name.clone(), id);
        Ok(id)
    }
}

fn load_stream(connection: &Connection, name: &StreamName) -> rusqlite::Result<Option<Stream>> {
    const SQL: &str = "SELECT id, (SELECT max(revision) FROM events WHERE stream = streams.id)
         FROM streams WHERE name = ?1";
    connection
        .prepare_cached(SQL)?
        .query_row([name.as_str()], |row| {
            let last: Option<i64> = row.get(1)?;
            Ok(Stream { id: row.get(0)?, last: last.map(|last| Revision(last as u64)) })
        })
        .optional()
}

/// What became of a group.
pub(super) struct Stored {
    /// An answer for every item of every request.
    pub(super) answers: Vec<Vec<Answer>>,
    /// What was not there before, in order.
    pub(super) entries: Vec<LogEntry>,
}

/// Stores what can be stored of a group, and answers every item.
pub(super) fn append_group(
    connection: &Connection,
    places: &mut Places,
    group: &mut [Request],
) -> rusqlite::Result<Stored> {
    let mut answers = Vec::with_capacity(group.len());
    let mut entries = Vec::with_capacity(group.iter().map(|request| request.records).sum());
    for request in group {
        let mut of_request = Vec::with_capacity(request.items.len());
        for item in request.items.drain(..) {
            let answer = match item {
                Ok(item) => {
                    let answer = append_item(connection, places, &item)?;
                    entries.extend(new_entries(item.originals, &answer));
                    answer
                }
                Err(refusal) => Err(refusal),
            };
            of_request.push(answer);
        }
        answers.push(of_request);
    }
    Ok(Stored { answers, entries })
}

fn new_entries(records: Vec<Record>, answer: &Answer) -> impl Iterator<Item = LogEntry> {
    let places = answer.as_deref().unwrap_or_default();
    let new = records.into_iter().zip(places).filter(|(_, place)| !place.duplicate);
    new.map(|(record, place)| LogEntry {
        position: place.position,
        revision: place.revision,
        record,
    })
}

fn append_item(
    connection: &Connection,
    places: &mut Places,
    item: &Item,
) -> rusqlite::Result<Answer> {
    let stream = places.stream(connection, &item.stream)?;
    if meets(item.expected, stream.last)
        && let Some(appended) = store_all(connection, places, item, stream)?
    {
        return Ok(Ok(appended));
    }
    let held =
        item.keys.iter().map(|key| held(connection, key)).collect::<rusqlite::Result<Vec<_>>>()?;
    match plan(&item.stream, item.expected, stream.last, &item.keys, &held) {
        Ok(steps) => follow_plan(connection, places, item, &steps).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Inserts all records of an item, or none when one of them is there already.
fn store_all(
    connection: &Connection,
    places: &mut Places,
    item: &Item,
    stream: Stream,
) -> rusqlite::Result<Option<Vec<Appended>>> {
    let mut insert = Insert::begin(connection, places, item, stream)?;
    if item.records.len() == 1 {
        let appended = insert.record(0)?;
        insert.finish(places);
        return Ok(appended.map(|appended| vec![appended]));
    }
    connection.prepare_cached("SAVEPOINT item")?.execute([])?;
    let mut all = Vec::with_capacity(item.records.len());
    for index in 0..item.records.len() {
        let Some(appended) = insert.record(index)? else {
            connection.prepare_cached("ROLLBACK TO item")?.execute([])?;
            connection.prepare_cached("RELEASE item")?.execute([])?;
            return Ok(None);
        };
        all.push(appended);
    }
    connection.prepare_cached("RELEASE item")?.execute([])?;
    insert.finish(places);
    Ok(Some(all))
}

/// Answers from a plan: nothing that it wants stored is there, so every insert must succeed.
fn follow_plan(
    connection: &Connection,
    places: &mut Places,
    item: &Item,
    steps: &[Step],
) -> rusqlite::Result<Vec<Appended>> {
    let stream = places.stream(connection, &item.stream)?;
    let mut insert = Insert::begin(connection, places, item, stream)?;
    let mut answers: Vec<Appended> = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        answers.push(match step {
            Step::Answer(appended) => *appended,
            Step::Repeat(first) => Appended { duplicate: true, ..answers[*first] },
            // An index objects to what is not there: somebody else wrote the file.
            Step::Store => insert.record(index)?.ok_or(rusqlite::Error::StatementChangedRows(0))?,
        });
    }
    insert.finish(places);
    Ok(answers)
}

/// Inserting records of one item. What it learns goes into [`Places`] only by `finish`.
struct Insert<'a> {
    connection: &'a Connection,
    item: &'a Item,
    tenants: Vec<i64>,
    stream_id: i64,
    stream: Stream,
    head: Position,
}

impl<'a> Insert<'a> {
    /// Makes the rows that the records refer to; they may stay though the item is refused.
    fn begin(
        connection: &'a Connection,
        places: &mut Places,
        item: &'a Item,
        mut stream: Stream,
    ) -> rusqlite::Result<Self> {
        let stream_id = match stream.id {
            Some(id) => id,
            None => {
                let id = connection
                    .prepare_cached("INSERT INTO streams (name) VALUES (?1)")?
                    .insert([item.stream.as_str()])?;
                stream.id = Some(id);
                places.streams.put(item.stream.clone(), stream);
                id
            }
        };
        let tenants = item
            .keys
            .iter()
            .map(|key| places.tenant_id(connection, &key.tenant))
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { connection, item, tenants, stream_id, stream, head: places.head })
    }

    /// Inserts one record; `None` when its place or id is taken.
    fn record(&mut self, index: usize) -> rusqlite::Result<Option<Appended>> {
        const SQL: &str = "INSERT INTO events
             (position, stream, revision, tenant, id, fingerprint, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let key = &self.item.keys[index];
        let position = Position(self.head.0 + 1);
        let revision = next_revision(self.stream.last);
        let inserted = self.connection.prepare_cached(SQL)?.execute(params![
            position.0 as i64,
            self.stream_id,
            revision.0 as i64,
            self.tenants[index],
            key.id.0.as_bytes(),
            key.fingerprint,
            self.item.records[index],
        ])?;
        if inserted == 0 {
            return Ok(None);
        }
        self.head = position;
        self.stream.last = Some(revision);
        Ok(Some(Appended { position, revision, duplicate: false }))
    }

    fn finish(self, places: &mut Places) {
        places.head = self.head;
        places.streams.put(self.item.stream.clone(), self.stream);
    }
}
