//! How many events match, counted no further than asked.

use annals_domain::Position;
use annals_domain::filter::Count;
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocSet, Result};

use crate::compile::Compiled;
use crate::segment::Segment;
use crate::view::View;

/// Counts matches up to the position `until`; exact up to `limit`.
pub(crate) fn count(
    view: &View,
    compiled: &Compiled,
    until: Position,
    limit: u64,
) -> Result<Count> {
    let mut value = 0;
    for segment in view.promising(compiled) {
        // One more than the limit tells that there are more.
        let room = (limit - value).saturating_add(1);
        value += count_in(segment, compiled, until, room)?;
        if value > limit {
            return Ok(Count { value: limit, at_least: true });
        }
    }
    Ok(Count { value, at_least: false })
}

fn count_in(segment: &Segment, compiled: &Compiled, until: Position, room: u64) -> Result<u64> {
    let start = segment.first_until(until.0);
    if start == 0 && compiled.counts_at_once {
        return segment.count_at_once(compiled).map(u64::from);
    }
    let mut matches = segment.matches_from(compiled, start)?;
    let mut block = [0; COLLECT_BLOCK_BUFFER_LEN];
    let mut value = 0;
    while value < room {
        let read = matches.fill_buffer(&mut block);
        value += read as u64;
        if read < block.len() {
            break;
        }
    }
    Ok(value)
}
