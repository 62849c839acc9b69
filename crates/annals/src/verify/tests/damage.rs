//! Single bits that are flipped in what is stored.

use std::path::Path;

use annals_record::Record;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::random::Random;

/// A table, and the columns by which its rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) key: &'static str,
}

/// What of a record is changed before it is put back with a checksum that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Header,
    Ciphertext,
    /// The last 16 bytes of a ciphertext.
    Tag,
    KeyId,
    Fingerprint,
}

/// Where a bit was flipped.
#[derive(Debug)]
pub(super) struct Hit {
    /// Position, stream and revision, when it was a row of the log.
    pub(super) record: Option<(i64, String, i64)>,
    pub(super) what: String,
}

/// Flips a bit of one value of a column; none when the schema lets no row hold the result.
pub(super) fn flip_value(
    dir: &Path,
    table: Table,
    column: &'static str,
    random: &mut Random,
) -> Option<Hit> {
    let connection = open(&dir.join(table.file));
    let (key, value, record) = some_row(&connection, table, column, random);
    // Of an event that retention removed these two only tell whoever sends it again that it was there. Nothing
    // that was signed holds them.
    if matches!(column, "id" | "fingerprint") && is_removed(&connection, table, &key) {
        return None;
    }
    let changed = flipped(value, random)?;
    let is_text = matches!(changed, (_, true));
    update(&connection, table, column, &key, changed.0, is_text)?;
    Some(Hit { record, what: format!("{}.{column} of {key:?}", table.name) })
}

/// Flips a bit of a record and gives it the checksum that it then must have.
pub(super) fn flip_record(
    dir: &Path,
    table: Table,
    part: Part,
    random: &mut Random,
) -> Option<Hit> {
    let connection = open(&dir.join(table.file));
    let (key, value, place) = some_row(&connection, table, "record", random);
    let Value::Blob(bytes) = value else { return None };
    // What retention removed is no record.
    let mut record = Record::decode(&bytes).ok()?;
    let group = random.below(record.groups.len().max(1));
    let mut group = record.groups.get_mut(group);
    match part {
        Part::Header => flip(&mut record.header, random),
        Part::Ciphertext => flip(&mut group.as_mut()?.ciphertext, random),
        Part::Tag => {
            let sealed = &mut group.as_mut()?.ciphertext;
            let start = sealed.len() - 16;
            flip(&mut sealed[start..], random);
        }
        Part::KeyId => flip(&mut group.as_mut()?.key.0, random),
        Part::Fingerprint => flip(&mut record.fingerprint, random),
    }
    update(&connection, table, "record", &key, Value::Blob(record.encode()), false)?;
    Some(Hit { record: place, what: format!("{part:?} of {key:?}") })
}

pub(super) fn flip(bytes: &mut [u8], random: &mut Random) {
    let bit = random.below(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// A file as somebody opens it who minds no rule of Annals.
pub(super) fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF").unwrap();
    connection
}

/// Takes away what keeps rows from being changed, and gives back what makes it again.
pub(super) fn drop_triggers(connection: &Connection) -> String {
    let mut triggers = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")
        .unwrap();
    let triggers = triggers.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let triggers: Vec<(String, String)> = triggers.map(Result::unwrap).collect();
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    triggers.into_iter().map(|(_, sql)| sql + ";\n").collect()
}

fn is_removed(connection: &Connection, table: Table, key: &[Value]) -> bool {
    let Table { name, key: columns, .. } = table;
    let sql = format!("SELECT length(record) = 0 FROM {name} WHERE {columns} = ?");
    name == "events" && connection.query_row(&sql, params_from_iter(key), |row| row.get(0)).unwrap()
}

type Place = Option<(i64, String, i64)>;

fn some_row(
    connection: &Connection,
    table: Table,
    column: &str,
    random: &mut Random,
) -> (Vec<Value>, Value, Place) {
    let Table { name, key, .. } = table;
    let count: i64 = connection
        .query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))
        .unwrap();
    assert!(count > 0, "{name} must hold something to be changed");
    let at = random.below(count as usize);
    let place = match name {
        "events" => "position, (SELECT name FROM streams WHERE id = stream), revision",
        _ => "NULL, NULL, NULL",
    };
    let sql =
        format!("SELECT {place}, {column}, {key} FROM {name} ORDER BY {key} LIMIT 1 OFFSET {at}");
    connection
        .query_row(&sql, [], |row| {
            let place = match row.get::<_, Option<i64>>(0)? {
                Some(position) => Some((position, row.get(1)?, row.get(2)?)),
                None => None,
            };
            let columns = row.as_ref().column_count();
            let key =
                (4..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
            Ok((key, row.get(3)?, place))
        })
        .unwrap()
}

/// The value with one bit flipped, and whether it is a text.
fn flipped(value: Value, random: &mut Random) -> Option<(Value, bool)> {
    Some(match value {
        Value::Integer(number) => (Value::Integer(number ^ (1 << random.below(64))), false),
        Value::Text(text) if !text.is_empty() => {
            let mut bytes = text.into_bytes();
            flip(&mut bytes, random);
            (Value::Blob(bytes), true)
        }
        Value::Blob(mut bytes) if !bytes.is_empty() => {
            flip(&mut bytes, random);
            (Value::Blob(bytes), false)
        }
        Value::Null | Value::Real(_) | Value::Text(_) | Value::Blob(_) => return None,
    })
}

fn update(
    connection: &Connection,
    table: Table,
    column: &str,
    key: &[Value],
    value: Value,
    is_text: bool,
) -> Option<()> {
    let triggers = drop_triggers(connection);
    let held = if is_text { "CAST(? AS TEXT)" } else { "?" };
    let places = vec!["?"; key.len()].join(", ");
    let Table { name, key: columns, .. } = table;
    let sql = format!("UPDATE {name} SET {column} = {held} WHERE ({columns}) = ({places})");
    let values = std::iter::once(&value).chain(key);
    let changed = connection.execute(&sql, params_from_iter(values));
    connection.execute_batch(&triggers).unwrap();
    changed.ok().map(|rows| assert_eq!(rows, 1, "{sql}"))
}
