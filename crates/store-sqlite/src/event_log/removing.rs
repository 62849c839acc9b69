//! Removing records: what they hold is overwritten in its place.

use annals_domain::Position;
use rusqlite::{Connection, params};

use super::request::Removal;
use crate::log_file::is_removed;

/// Removes in the open transaction; returns what was removed just now.
///
/// The zeros are as long as what they overwrite, so `SQLite` writes them over it and moves nothing.
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
            connection
                .prepare_cached(
                    "UPDATE events SET record = zeroblob(length(record)) WHERE position = ?1",
                )?
                .execute([at])?;
            removed.push(*position);
        }
    }
    Ok(removed)
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
