//! Whether what is gone was removed by retention, and whether the log tells why.

use annals_record::Record;
use rusqlite::{Connection, Row};

use super::Problem;
use super::checks::hex;
use crate::log_file::is_removed;

/// Type of the events that tell of a run, see docs/retention.md.
const RUN_TYPE: &str = "annals.retention.run";

/// The columns that [`judge`] reads behind the seven of a record: the run that removed it, and the record
/// of that id that lies behind it in the same tenant.
pub(super) fn columns(connection: &Connection) -> rusqlite::Result<&'static str> {
    // A log that was last open before there was retention has no such table.
    const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'removals'";
    let tables: i64 = connection.query_row(TABLES, [], |row| row.get(0))?;
    Ok(match tables {
        0 => "NULL, NULL",
        _ => {
            "(SELECT run FROM removals WHERE removals.position = events.position),
             (SELECT runs.record FROM removals
              JOIN events AS runs ON runs.id = removals.run AND runs.tenant = events.tenant
              WHERE removals.position = events.position
              AND runs.position > events.position)"
        }
    })
}

/// Whether nothing is left of a record, and what is wrong with that.
pub(super) fn judge(row: &Row<'_>, record: &[u8]) -> (bool, Option<Problem>) {
    let run: Option<Vec<u8>> = row.get(7).unwrap_or_default();
    let told_by: Option<Vec<u8>> = row.get(8).unwrap_or_default();
    let is_told = told_by.is_some_and(|record| is_run(&record));
    let is_gone = is_removed(record);
    let problem = match (is_gone, run) {
        (true, None) => Some(Problem::Emptied),
        (false, Some(_)) => Some(Problem::NotRemoved),
        (true, Some(run)) if !is_told => Some(Problem::NoRun(hex(&run))),
        (true, Some(_)) | (false, None) => None,
    };
    (is_gone, problem)
}

/// Whether it is a retention run that tells, and not any event that somebody named instead.
fn is_run(record: &[u8]) -> bool {
    Record::decode(record).is_ok_and(|record| record.event_type == RUN_TYPE)
}
