//! What `tiles.db` repeats, and what it holds beside the trees: a service that trusts it must not be misled.

use annals_domain::Position;
use annals_ports::trees::ROW_WIDTH;
use rusqlite::{Connection, params};

use super::checks::structure_finding;
use super::{Report, VerifyError};
use crate::trees::FORMAT;

const POSITION: usize = 8;
const HASH: usize = 32;

/// `head` is where the log ends.
pub(super) fn check(
    connection: &Connection,
    head: Position,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let failed = |source| VerifyError::Failed { doing: "reading the Merkle trees", source };
    let mut findings = strays(connection).map_err(failed)?;
    findings.extend(leaves(connection).map_err(failed)?);
    findings.extend(ends(connection, head).map_err(failed)?);
    for words in findings {
        report.add(structure_finding(FORMAT.file, words));
    }
    Ok(())
}

/// Rows that belong to no tree, or go beyond theirs.
fn strays(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    const SQL: &str = "
        SELECT 'leaves ' || leaves.number || ' of tree ' || coalesce(name, leaves.shard)
        FROM leaves LEFT JOIN shards ON shards.number = shard
        WHERE name IS NULL OR leaves.number < 0 OR leaves.number * ?1 >= size
           OR length(positions) > ?2 * min(?1, size - leaves.number * ?1)
        UNION ALL
        SELECT 'hashes ' || level || '/' || hashes.number || ' of tree ' || coalesce(name, hashes.shard)
        FROM hashes LEFT JOIN shards ON shards.number = shard
        WHERE name IS NULL OR hashes.number < 0 OR hashes.number * ?1 >= size >> (8 * level)
           OR length(hashes) > ?3 * min(?1, (size >> (8 * level)) - hashes.number * ?1)";
    let mut statement = connection.prepare(SQL)?;
    let found = statement
        .query_map(params![ROW_WIDTH as i64, POSITION as i64, HASH as i64], |row| {
            Ok(format!("{} go beyond it", row.get::<_, String>(0)?))
        })?;
    found.collect()
}

/// Whether each row of leaves is found by its first position.
fn leaves(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    const SQL: &str = "SELECT shard, number, first_position, positions FROM leaves";
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (told, positions): (i64, Vec<u8>) = (row.get(2)?, row.get(3)?);
        if told != first_of_a_record(&positions) {
            let (shard, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            found.push(format!(
                "leaves {number} of tree {shard} are told to begin at position {told}, and do not"
            ));
        }
    }
    Ok(found)
}

/// The first leaf of a later shard belongs to no record.
fn first_of_a_record(positions: &[u8]) -> i64 {
    let (positions, _) = positions.as_chunks::<POSITION>();
    let mut positions = positions.iter().map(|position| i64::from_be_bytes(*position));
    positions.find(|position| *position > 0).unwrap_or_default()
}

/// Whether each tree ends behind its last leaf, and before the next tree or the end of the log.
fn ends(connection: &Connection, head: Position) -> rusqlite::Result<Vec<String>> {
    const SQL: &str = "SELECT name, position,
           (SELECT positions FROM leaves WHERE shard = shards.number
            ORDER BY leaves.number DESC LIMIT 1),
           (SELECT first_position FROM leaves WHERE shard > shards.number
            ORDER BY shard, leaves.number LIMIT 1)
         FROM shards ORDER BY shards.number";
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, told): (String, i64) = (row.get(0)?, row.get(1)?);
        let last: Option<Vec<u8>> = row.get(2)?;
        let next: i64 = row.get::<_, Option<i64>>(3)?.unwrap_or(head.0 as i64 + 1);
        let last = last.as_deref().and_then(|positions| positions.last_chunk::<POSITION>());
        let last = last.map_or(0, |position| i64::from_be_bytes(*position));
        if told < last || (told >= next && told > last) {
            found.push(format!("tree {name} is told to end at position {told}, and does not"));
        }
    }
    Ok(found)
}
