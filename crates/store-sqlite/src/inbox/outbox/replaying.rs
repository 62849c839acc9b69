//! Messages that were done and wait again.

use annals_domain::notification::Replay;
use annals_ports::outbox::{REPLAY_MAX, endpoint_bucket};
use rusqlite::{Connection, params};

use crate::read_model::{limit, microseconds};

/// Has the messages of a replay wait again, behind what rests of their lanes.
pub(super) fn replay(connection: &Connection, replay: &Replay) -> rusqlite::Result<()> {
    let found = replayable(connection, replay, REPLAY_MAX)?;
    let mut behind = connection
        .prepare_cached("SELECT max(next_us) FROM outbox WHERE lane = ?1 AND state = 0")?;
    let mut update = connection.prepare_cached(
        "UPDATE outbox SET state = 0, next_us = ?2, tries_before = tries, first_us = NULL, beyond = 0,
         released = ?3, unheard = NOT settled, settled = 0 WHERE id = ?1",
    )?;
    let at = microseconds(replay.at);
    for (id, lane) in found {
        let rests: Option<i64> = behind.query_row([lane], |row| row.get(0))?;
        let next = rests.map_or(at, |rests| rests.max(at));
        update.execute(params![id, next, replay.position.0 as i64])?;
    }
    Ok(())
}

/// Ids and lanes of what a replay has wait again, oldest first.
pub(super) fn replayable(
    connection: &Connection,
    replay: &Replay,
    most: usize,
) -> rusqlite::Result<Vec<(Vec<u8>, String)>> {
    connection
        .prepare_cached(
            "SELECT id, lane FROM outbox WHERE bucket = ?1 AND state > 0 AND recorded_us >= ?2
             AND recorded_us < ?3 AND released < ?4 ORDER BY position, id LIMIT ?5",
        )?
        .query_map(
            params![
                endpoint_bucket(&replay.tenant, replay.endpoint),
                microseconds(replay.from),
                microseconds(replay.to),
                replay.position.0 as i64,
                limit(most),
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_version_before_know_when_their_events_were_recorded() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../../schema/inbox.sql")).unwrap();
        connection.execute_batch(include_str!("../../schema/inbox_2.sql")).unwrap();
        let message = r#"{"recorded_at":"2026-03-01T09:30:00.123Z"}"#;
        let insert = "INSERT INTO outbox (id, person, tenant, position, event, bucket, lane, message,
            state, beyond, next_us, tries) VALUES (?1, 0, 'acme', ?2, x'00', 'b', 'l', ?3, ?4, 0, 0, 0)";
        connection.execute(insert, params![[1u8], 7, message, 1]).unwrap();
        connection.execute(insert, params![[2u8], 8, message, 0]).unwrap();
        connection.execute_batch(include_str!("../../schema/inbox_3.sql")).unwrap();
        let mut read = connection
            .prepare("SELECT recorded_us, released, settled FROM outbox ORDER BY position")
            .unwrap();
        let rows: Vec<(i64, i64, i64)> = read
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let recorded: jiff::Timestamp = "2026-03-01T09:30:00.123Z".parse().unwrap();
        let recorded = recorded.as_microsecond();
        assert_eq!(rows, [(recorded, 7, 1), (recorded, 8, 0)]);
    }
}
