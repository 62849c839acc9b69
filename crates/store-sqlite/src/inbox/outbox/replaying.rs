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
