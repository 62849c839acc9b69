//! What the files say, read without anything of Annals: the measure of whether a change means anything.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::directory::{KEYS, LOG, MARK, TREES};

/// Every value of every table, the tables themselves, and the mark; an error when one
/// of the files is not a sound database.
pub(super) fn dump(dir: &Path) -> Result<Vec<u8>, String> {
    let mut into = Vec::new();
    for file in [LOG, KEYS, TREES] {
        add_database(&dir.join(file), &mut into).map_err(|error| format!("{file}: {error}"))?;
    }
    add(&mut into, std::fs::read(dir.join(MARK)).map_err(|error| error.to_string())?);
    Ok(into)
}

fn add_database(file: &Path, into: &mut Vec<u8>) -> Result<(), String> {
    let failed = |error: rusqlite::Error| error.to_string();
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let sound: String =
        connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(failed)?;
    if sound != "ok" {
        return Err(sound);
    }
    for number in ["application_id", "user_version"] {
        let value: i64 =
            connection.pragma_query_value(None, number, |row| row.get(0)).map_err(failed)?;
        add(into, value.to_be_bytes());
    }
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    add_rows(&connection, schema, into).map_err(failed)?;
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect())
        .map_err(failed)?;
    for table in tables {
        add(into, &table);
        let rows = format!("SELECT * FROM \"{table}\" NOT INDEXED ORDER BY 1, 2");
        add_rows(&connection, &rows, into).map_err(failed)?;
    }
    Ok(())
}

fn add_rows(connection: &Connection, sql: &str, into: &mut Vec<u8>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => add(into, "null"),
                ValueRef::Integer(number) => add(into, number.to_be_bytes()),
                ValueRef::Real(number) => add(into, number.to_be_bytes()),
                ValueRef::Text(text) => add(into, text),
                ValueRef::Blob(bytes) => add(into, bytes),
            }
        }
    }
    Ok(())
}

fn add(into: &mut Vec<u8>, bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    into.extend((bytes.len() as u64).to_be_bytes());
    into.extend(bytes);
}
