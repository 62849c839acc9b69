//! Streams that were cut, and what of them is still to be forgotten.

use annals_domain::{Position, Revision, StreamName};
use annals_ports::Cut;
use rusqlite::{Connection, OptionalExtension, params};

use crate::log_file::{Numbers, empty, is_there};

/// Notes a cut in the open transaction. The furthest counts.
pub(super) fn note(
    connection: &Connection,
    numbers: &mut Numbers,
    cut: &Cut,
) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO cuts (stream, kept_from, run, forgotten) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (stream) DO UPDATE SET kept_from = excluded.kept_from, run = excluded.run
         WHERE excluded.kept_from > kept_from";
    let stream = numbers.stream(connection, &cut.stream)?;
    let before = i64::try_from(cut.before.0).unwrap_or(i64::MAX);
    let values = params![stream, before, cut.run.0.as_bytes()];
    connection.prepare_cached(SQL)?.execute(values)?;
    settle(connection, stream)
}

/// Finds out how far a cut stream is forgotten.
fn settle(connection: &Connection, stream: i64) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE cuts SET forgotten = coalesce(
             (SELECT min(e.revision) FROM events e
              WHERE e.stream = cuts.stream AND e.revision >= cuts.forgotten
                AND e.revision < cuts.kept_from AND length(e.record) > 0),
             kept_from)
         WHERE stream = ?1 AND forgotten < kept_from";
    connection.prepare_cached(SQL)?.execute([stream])?;
    Ok(())
}

/// Where a stream was cut.
pub(super) fn cut_of(
    connection: &Connection,
    stream: &StreamName,
) -> rusqlite::Result<Option<Revision>> {
    const SQL: &str =
        "SELECT kept_from FROM cuts WHERE stream = (SELECT id FROM streams WHERE name = ?1)";
    let before: Option<i64> = connection
        .prepare_cached(SQL)?
        .query_row([stream.as_str()], |row| row.get(0))
        .optional()?;
    Ok(before.map(|before| Revision(before as u64)))
}

/// Up to `limit` records before a cut that are still here, rising by position.
pub(super) fn cut_off(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Position>> {
    const SQL: &str = "SELECT e.position FROM cuts c JOIN events e
             ON e.stream = c.stream AND e.revision >= c.forgotten AND e.revision < c.kept_from
         WHERE c.forgotten < c.kept_from AND length(e.record) > 0 LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(SQL)?;
    let rows = statement.query_map([limit], |row| Ok(Position(row.get::<_, i64>(0)? as u64)))?;
    let mut positions = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    positions.sort_unstable();
    Ok(positions)
}

/// The records of a stream before a revision that are still here.
pub(super) fn before(
    connection: &Connection,
    stream: &StreamName,
    before: Revision,
    limit: usize,
) -> rusqlite::Result<Vec<(Revision, Position)>> {
    const SQL: &str = "SELECT revision, position FROM events
         WHERE stream = (SELECT id FROM streams WHERE name = ?1)
           AND revision >= coalesce((SELECT forgotten FROM cuts c WHERE c.stream = events.stream), 0)
           AND revision < ?2 AND length(record) > 0
         ORDER BY revision LIMIT ?3";
    let before = i64::try_from(before.0).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(SQL)?;
    let rows = statement.query_map(params![stream.as_str(), before, limit], |row| {
        let (revision, position): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((Revision(revision as u64), Position(position as u64)))
    })?;
    rows.collect()
}

/// Empties records in the open transaction; tells which were there.
pub(super) fn forget(
    connection: &Connection,
    positions: &[Position],
) -> rusqlite::Result<Vec<Position>> {
    const STREAM: &str = "SELECT stream FROM events WHERE position = ?1";
    let (mut forgotten, mut streams) = (Vec::new(), std::collections::BTreeSet::new());
    for position in positions {
        if is_there(connection, *position)? {
            let at = position.0 as i64;
            streams.insert(connection.prepare_cached(STREAM)?.query_row([at], |row| row.get(0))?);
            empty(connection, at)?;
            forgotten.push(*position);
        }
    }
    for stream in streams {
        settle(connection, stream)?;
    }
    Ok(forgotten)
}
