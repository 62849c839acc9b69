//! Removing records: their places stay, and the room they took is free for what comes.

use annals_domain::Position;
use rusqlite::{Connection, Row, params};

use super::request::Removal;
use crate::log_file::is_removed;

/// Removes in the open transaction; returns what was removed just now.
///
/// A row that shrinks in its place leaves its page as it is. One that is deleted and inserted again has
/// `SQLite` join pages that are nearly empty; it overwrites what they held (`secure_delete`).
pub(super) fn remove_all(
    connection: &Connection,
    removal: &Removal,
) -> rusqlite::Result<Vec<Position>> {
    let mut removed = Vec::new();
    for position in &removal.positions {
        if is_there(connection, *position)? {
            let at = position.0 as i64;
            connection
                .prepare_cached("INSERT INTO removals (position, run) VALUES (?1, ?2)")?
                .execute(params![at, removal.run.0.as_bytes()])?;
            empty(connection, at)?;
            removed.push(*position);
        }
    }
    Ok(removed)
}

/// Makes the row anew without its record.
fn empty(connection: &Connection, at: i64) -> rusqlite::Result<()> {
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

fn is_there(connection: &Connection, position: Position) -> rusqlite::Result<bool> {
    let Ok(at) = i64::try_from(position.0) else { return Ok(false) };
    let mut statement =
        connection.prepare_cached("SELECT record FROM events WHERE position = ?1")?;
    let mut rows = statement.query([at])?;
    Ok(match rows.next()? {
        Some(row) => !is_removed(row.get_ref(0)?.as_blob()?),
        None => false,
    })
}
