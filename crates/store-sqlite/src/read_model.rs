//! What profiles and inbox share: a rebuildable file that keeps its place in the log, and persons
//! by number.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use annals_domain::Position;
use annals_domain::profile::PersonRef;
use annals_ports::ReadModelError;
use annals_record::sealed_file::FileKey;
use jiff::Timestamp;
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::file::{Format, OpenError, drop_old_pages};
use crate::pool::Pool;

/// How many persons' numbers are remembered.
const PERSONS_MAX: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");
const READERS: usize = 4;
/// What the writer keeps of the file in memory: it changes rows all over it, and reads none that it
/// has here.
const WRITER_CACHE_KIB: i64 = 96 * 1024;

/// One file of read models.
#[derive(Debug)]
pub(crate) struct ReadModel {
    model: &'static str,
    /// Tables with a column `person`; with `persons` and `progress` these are all.
    tables: &'static [&'static str],
    writer: Mutex<Writer>,
    readers: Pool,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    persons: PersonNumbers,
}

/// Numbers of persons, so that rows are short and a person's rows lie together.
#[derive(Debug)]
pub(crate) struct PersonNumbers {
    known: LruCache<PersonRef, i64>,
}

impl ReadModel {
    pub(crate) fn open(
        dir: &Path,
        key: &FileKey,
        format: &'static Format,
        model: &'static str,
        tables: &'static [&'static str],
    ) -> Result<Self, OpenError> {
        let persons = PersonNumbers { known: LruCache::new(PERSONS_MAX) };
        let connection = format.open_sealed(dir, key)?;
        connection
            .pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
            .map_err(|error| format.failed(&dir.join(format.file), "setting it up", error))?;
        let writer = Mutex::new(Writer { connection, persons });
        let readers = Pool::new(dir, format, READERS).under(key);
        Ok(Self { model, tables, writer, readers })
    }

    pub(crate) fn position(&self) -> Result<Position, ReadModelError> {
        self.read("read the position", position)
    }

    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        self.readers.read(read).map_err(|error| self.failed(doing, error))
    }

    /// Applies a batch that ends at `position`, unless it was applied before. Data and position are
    /// one transaction.
    pub(crate) fn apply(
        &self,
        position: Position,
        apply: impl FnOnce(&Connection, &mut PersonNumbers) -> rusqlite::Result<()>,
    ) -> Result<(), ReadModelError> {
        self.write("apply events", |transaction, persons| {
            if position <= self::position(transaction)? {
                return Ok(());
            }
            apply(transaction, persons)?;
            transaction
                .prepare_cached("UPDATE progress SET position = ?1")?
                .execute([position.0 as i64])?;
            Ok(())
        })
    }

    /// Changes something that does not follow from the log; the position stays.
    pub(crate) fn change(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), ReadModelError> {
        self.write(doing, |transaction, _| change(transaction))
    }

    /// Forgets a person's rows; `also` sees to what stands of them elsewhere.
    pub(crate) fn forget(
        &self,
        person: &PersonRef,
        also: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), ReadModelError> {
        self.write("forget a person", |transaction, persons| {
            also(transaction)?;
            self.forget_rows(transaction, persons, person)
        })?;
        self.drop_old_pages("forget a person")
    }

    /// Forgets persons' rows and does what is to be done beside, in one transaction; the position stays.
    pub(crate) fn retell<'p>(
        &self,
        erased: impl Iterator<Item = &'p PersonRef>,
        also: impl FnOnce(&Connection, &mut PersonNumbers) -> rusqlite::Result<()>,
    ) -> Result<(), ReadModelError> {
        const DOING: &str = "tell anew what an erasure left";
        self.write(DOING, |transaction, persons| {
            for person in erased {
                self.forget_rows(transaction, persons, person)?;
            }
            also(transaction, persons)
        })?;
        self.drop_old_pages(DOING)
    }

    fn forget_rows(
        &self,
        connection: &Connection,
        persons: &mut PersonNumbers,
        person: &PersonRef,
    ) -> rusqlite::Result<()> {
        let Some(id) = find(connection, person)? else { return Ok(()) };
        for table in self.tables {
            connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE person = ?1"))?
                .execute([id])?;
        }
        connection.prepare_cached("DELETE FROM persons WHERE id = ?1")?.execute([id])?;
        persons.known.pop(person);
        Ok(())
    }

    pub(crate) fn clear(&self) -> Result<(), ReadModelError> {
        self.write("clear it", |transaction, persons| {
            for table in self.tables {
                transaction.execute(&format!("DELETE FROM {table}"), [])?;
            }
            transaction.execute_batch("DELETE FROM persons; UPDATE progress SET position = 0;")?;
            persons.known.clear();
            Ok(())
        })?;
        self.drop_old_pages("clear it")
    }

    fn write(
        &self,
        doing: &'static str,
        write: impl FnOnce(&Transaction<'_>, &mut PersonNumbers) -> rusqlite::Result<()>,
    ) -> Result<(), ReadModelError> {
        // A panic rolls the transaction back; the numbers it gave away are forgotten below.
        let poisoned = self.writer.is_poisoned();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if poisoned {
            self.writer.clear_poison();
            writer.persons.known.clear();
        }
        let Writer { connection, persons } = &mut *writer;
        let written = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                write(&transaction, persons)?;
                transaction.commit()
            });
        written.map_err(|error| {
            persons.known.clear();
            self.failed(doing, error)
        })
    }

    /// Empties the write-ahead log, which holds older versions of pages. Readers may prevent it for
    /// longer than is waited for; that is an error, for the old pages are still there.
    fn drop_old_pages(&self, doing: &'static str) -> Result<(), ReadModelError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        drop_old_pages(&writer.connection).map_err(|source| ReadModelError {
            model: self.model,
            doing,
            source,
        })
    }

    fn failed(&self, doing: &'static str, error: rusqlite::Error) -> ReadModelError {
        ReadModelError { model: self.model, doing, source: Box::new(error) }
    }
}

impl PersonNumbers {
    /// The person's number, made when there is none.
    pub(crate) fn of(
        &mut self,
        connection: &Connection,
        person: &PersonRef,
    ) -> rusqlite::Result<i64> {
        if let Some(id) = self.known.get(person) {
            return Ok(*id);
        }
        let id = match find(connection, person)? {
            Some(id) => id,
            None => connection
                .prepare_cached("INSERT INTO persons (tenant, person) VALUES (?1, ?2)")?
                .insert(params![person.tenant.as_str(), person.id])?,
        };
        self.known.put(person.clone(), id);
        Ok(id)
    }
}

/// The person's number, if there is one.
pub(crate) fn find(connection: &Connection, person: &PersonRef) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM persons WHERE tenant = ?1 AND person = ?2")?
        .query_row(params![person.tenant.as_str(), person.id], |row| row.get(0))
        .optional()
}

fn position(connection: &Connection) -> rusqlite::Result<Position> {
    connection
        .prepare_cached("SELECT position FROM progress")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(|position| Position(position as u64))
}

/// A time as it is stored, to the microsecond.
pub(crate) fn microseconds(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored time of a row's column.
pub(crate) fn timestamp(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Integer,
            Box::new(error),
        )
    })
}

/// `LIMIT` as `SQLite`'s integer.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A position before which to read; without one, all.
pub(crate) fn upper_bound(before: Option<Position>) -> i64 {
    before.map_or(i64::MAX, |before| i64::try_from(before.0).unwrap_or(i64::MAX))
}
