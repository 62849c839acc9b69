//! Whether what is gone was removed by retention, and whether the log tells why.

use rusqlite::{Connection, Row};

use super::Problem;
use super::checks::hex;
use crate::log_file::is_removed;

/// The columns that [`judge`] reads behind the seven of a record: the run that removed it, and whether
/// an event of that id lies behind it in the same tenant.
pub(super) fn columns(connection: &Connection) -> rusqlite::Result<&'static str> {
    // A log that was last open before there was retention has no such table.
    const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'removals'";
    let tables: i64 = connection.query_row(TABLES, [], |row| row.get(0))?;
    Ok(match tables {
        0 => "NULL, 0",
        _ => {
            "(SELECT run FROM removals WHERE removals.position = events.position),
             EXISTS (SELECT 1 FROM removals
                     JOIN events AS runs ON runs.id = removals.run AND runs.tenant = events.tenant
                     WHERE removals.position = events.position
                     AND runs.position > events.position)"
        }
    })
}

/// Whether nothing is left of a record, and what is wrong with that.
pub(super) fn judge(row: &Row<'_>, record: &[u8]) -> (bool, Option<Problem>) {
    let run: Option<Vec<u8>> = row.get(7).unwrap_or_default();
    let is_told: bool = row.get(8).unwrap_or_default();
    let is_gone = is_removed(record);
    let problem = match (is_gone, run) {
        (true, None) => Some(Problem::Emptied),
        (false, Some(_)) => Some(Problem::NotRemoved),
        (true, Some(run)) if !is_told => Some(Problem::NoRun(hex(&run))),
        (true, Some(_)) | (false, None) => None,
    };
    (is_gone, problem)
}
