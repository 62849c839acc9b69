//! Taking the record out of a row, so that its place stays and its bytes do not.

use annals_domain::Position;
use rusqlite::{Connection, Row, params};

use super::reading::is_removed;

/// Makes the row anew without its record.
///
/// A row that shrinks in its place leaves its page as it is. One that is deleted and inserted again has
/// `SQLite` join pages that are nearly empty; it overwrites what they held (`secure_delete`).
pub(crate) fn empty(connection: &Connection, at: i64) -> rusqlite::Result<()> {
    type Place = (i64, i64, i64, Vec<u8>, Vec<u8>);
    const PLACE: &str =
        "SELECT stream, revision, tenant, id, fingerprint FROM events WHERE position = ?1";
    const INSERT: &str =
        "INSERT INTO events (position, stream, revision, tenant, id, fingerprint, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, x'')";
    let read =
        |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
    let (stream, revision, tenant, id, fingerprint): Place =
        connection.prepare_cached(PLACE)?.query_row([at], read)?;
    connection.prepare_cached("DELETE FROM events WHERE position = ?1")?.execute([at])?;
    connection.prepare_cached(INSERT)?.execute(params![
        at,
        stream,
        revision,
        tenant,
        id,
        fingerprint
    ])?;
    Ok(())
}

/// Whether a record lies there that was not removed.
pub(crate) fn is_there(connection: &Connection, position: Position) -> rusqlite::Result<bool> {
    let Ok(at) = i64::try_from(position.0) else { return Ok(false) };
    let mut statement =
        connection.prepare_cached("SELECT record FROM events WHERE position = ?1")?;
    let mut rows = statement.query([at])?;
    Ok(match rows.next()? {
        Some(row) => !is_removed(row.get_ref(0)?.as_blob()?),
        None => false,
    })
}
