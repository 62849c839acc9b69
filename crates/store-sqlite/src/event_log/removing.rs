//! Removing records: their places stay, and the room they took is free for what comes.

use annals_domain::Position;
use rusqlite::{Connection, params};

use super::request::Removal;
use crate::log_file::{empty, is_there};

/// Removes in the open transaction; returns what was removed just now.
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
