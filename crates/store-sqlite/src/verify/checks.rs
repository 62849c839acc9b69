//! The checks, each one pass over a table or an index.

use annals_domain::{Position, Revision};
use annals_record::Record;
use rusqlite::{Connection, ErrorCode, Row, params};

use super::{Finding, Problem, Report, VerifyError, removals};
use crate::event_log::FORMAT;

/// How many rows are read between two reports; also how long a reader may hold up the service's
/// checkpoints.
const STEP: i64 = 10_000;

type Tell<'a> = dyn FnMut(&'static str, u64) + 'a;

fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> VerifyError {
    move |source| VerifyError::Failed { doing, source }
}

/// The newest record when the checking begins; the start when the table is damaged there.
pub(super) fn newest_position(
    connection: &Connection,
    report: &mut Report,
) -> Result<Position, VerifyError> {
    const SQL: &str = "SELECT coalesce(max(position), 0) FROM events";
    match connection.query_row(SQL, [], |row| row.get::<_, i64>(0)) {
        Ok(position) => Ok(Position(position as u64)),
        Err(error) if is_damage(&error) => {
            report.add(structure_finding(FORMAT.file, error.to_string()));
            Ok(Position::START)
        }
        Err(error) => Err(failed("looking for the newest record")(error)),
    }
}

/// `SQLite`'s own check: pages, indexes, types.
pub(super) fn structure(
    connection: &Connection,
    file: &'static str,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let outcome = connection.pragma_query(None, "integrity_check", |row| {
        let words: String = row.get(0)?;
        if words != "ok" {
            report.add(structure_finding(file, words));
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(error) if is_damage(&error) => {
            report.add(structure_finding(file, error.to_string()));
            Ok(())
        }
        Err(error) => Err(failed("checking the structure of a file")(error)),
    }
}

/// Revisions begin at 0, have no gaps, and rise with the positions.
pub(super) fn revisions(
    connection: &Connection,
    until: Position,
    report: &mut Report,
    tell: &mut Tell<'_>,
) -> Result<(), VerifyError> {
    const DOING: &str = "checking the revisions of the streams";
    // The index holds all three columns; in steps, from behind the last place.
    const SQL: &str = "SELECT stream, revision, position,
         (SELECT name FROM streams WHERE id = stream) FROM events
         WHERE (stream, revision) > (?1, ?2) ORDER BY stream, revision LIMIT ?3";
    let mut last = (i64::MIN, i64::MIN, 0);
    let mut done = 0;
    loop {
        tell(DOING, done);
        let mut statement = connection.prepare_cached(SQL).map_err(failed(DOING))?;
        let mut rows = statement.query(params![last.0, last.1, STEP]).map_err(failed(DOING))?;
        let mut in_step = 0;
        while let Some(row) = next(&mut rows, report, DOING)? {
            let place = revision_row(row).map_err(failed(DOING))?;
            in_step += 1;
            done += 1;
            if place.2 <= until.0 as i64 {
                check_revision(last, place, row, report);
            }
            last = place;
        }
        if in_step < STEP {
            return Ok(());
        }
    }
}

/// Stream, revision, position.
type Place = (i64, i64, i64);

fn revision_row(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn check_revision(last: Place, place: Place, row: &Row<'_>, report: &mut Report) {
    let same_stream = last.0 == place.0;
    let expected = if same_stream { last.1 + 1 } else { 0 };
    let mut add = |problem| {
        report.add(Finding {
            file: FORMAT.file,
            stream: row.get(3).ok(),
            revision: Some(Revision(place.1 as u64)),
            position: Some(Position(place.2 as u64)),
            problem,
        });
    };
    if place.1 != expected {
        add(Problem::RevisionGap(Revision(expected as u64)));
    }
    if same_stream && place.2 <= last.2 {
        add(Problem::OutOfOrder);
    }
}

/// Positions have no gaps, and every record reads and agrees with its row.
pub(super) fn records(
    connection: &Connection,
    until: Position,
    report: &mut Report,
    tell: &mut Tell<'_>,
) -> Result<(), VerifyError> {
    const DOING: &str = "reading every record";
    let sql = format!(
        "SELECT position, revision,
         (SELECT name FROM streams WHERE id = stream),
         (SELECT name FROM tenants WHERE id = tenant), events.id, fingerprint, record, {}
         FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
        removals::columns(connection).map_err(failed(DOING))?
    );
    let mut last = 0;
    loop {
        tell(DOING, last as u64);
        let mut statement = connection.prepare_cached(&sql).map_err(failed(DOING))?;
        let mut rows =
            statement.query(params![last, until.0 as i64, STEP]).map_err(failed(DOING))?;
        let mut in_step = 0;
        while let Some(row) = next(&mut rows, report, DOING)? {
            let position: i64 = row.get(0).map_err(failed(DOING))?;
            check_record(last, position, row, report);
            last = position;
            in_step += 1;
        }
        if in_step < STEP {
            return Ok(());
        }
    }
}

/// An id is there once in its tenant, also when somebody took away the index that sees to it.
pub(super) fn ids(
    connection: &Connection,
    report: &mut Report,
    tell: &mut Tell<'_>,
) -> Result<(), VerifyError> {
    const DOING: &str = "looking for ids that are there twice";
    // With `max` the other columns are those of its row.
    const SQL: &str = "SELECT max(position), revision, (SELECT name FROM streams WHERE id = stream)
         FROM events GROUP BY id, tenant HAVING count(*) > 1 LIMIT ?1";
    tell(DOING, 0);
    let mut statement = connection.prepare(SQL).map_err(failed(DOING))?;
    let mut rows = statement.query([STEP]).map_err(failed(DOING))?;
    while let Some(row) = next(&mut rows, report, DOING)? {
        report.add(Finding {
            file: FORMAT.file,
            stream: row.get(2).ok(),
            revision: row.get::<_, i64>(1).ok().map(|revision| Revision(revision as u64)),
            position: row.get::<_, i64>(0).ok().map(|position| Position(position as u64)),
            problem: Problem::Twice,
        });
    }
    Ok(())
}

fn check_record(last: i64, position: i64, row: &Row<'_>, report: &mut Report) {
    let stream: Option<String> = row.get(2).ok();
    let revision = row.get::<_, i64>(1).map_or(0, |revision| revision as u64);
    let add = |report: &mut Report, problem| {
        report.add(Finding {
            file: FORMAT.file,
            stream: stream.clone(),
            revision: Some(Revision(revision)),
            position: Some(Position(position as u64)),
            problem,
        });
    };
    if position != last + 1 {
        add(report, Problem::PositionGap(Position(last as u64 + 1)));
    }
    let bytes = row.get_ref(6).ok().and_then(|value| value.as_blob().ok()).unwrap_or_default();
    let (is_removed, problem) = removals::judge(row, bytes);
    if let Some(problem) = problem {
        add(report, problem);
    }
    if is_removed {
        report.removed += 1;
        return;
    }
    report.records += 1;
    let record = match Record::decode(bytes) {
        Ok(record) => record,
        Err(error) => return add(report, Problem::Unreadable(error.to_string())),
    };
    let mut differs = |what, record: String, table: String| {
        if record != table {
            add(report, Problem::Differs { what, record, table });
        }
    };
    let text = |column| row.get::<_, String>(column).unwrap_or_default();
    let blob = |column| hex(&row.get::<_, Vec<u8>>(column).unwrap_or_default());
    differs("stream", record.stream.to_string(), text(2));
    differs("tenant", record.tenant.to_string(), text(3));
    differs("id", hex(record.id.0.as_bytes()), blob(4));
    differs("fingerprint", hex(&record.fingerprint), blob(5));
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The next row; a damaged page is a finding and ends the pass.
fn next<'a, 'r>(
    rows: &'a mut rusqlite::Rows<'r>,
    report: &mut Report,
    doing: &'static str,
) -> Result<Option<&'a Row<'r>>, VerifyError> {
    match rows.next() {
        Ok(row) => Ok(row),
        Err(error) if is_damage(&error) => {
            report.add(structure_finding(FORMAT.file, error.to_string()));
            Ok(None)
        }
        Err(error) => Err(failed(doing)(error)),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

pub(super) fn structure_finding(file: &'static str, words: String) -> Finding {
    let problem = Problem::Structure(words);
    Finding { file, stream: None, revision: None, position: None, problem }
}
