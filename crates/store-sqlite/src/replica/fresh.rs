//! Which of the entries that came from the log are not in the copy yet.

use annals_domain::Position;
use annals_ports::LogEntry;

/// An entry came behind one that follows it in the log. Passing over it would lose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record at position {position} came after the one at {after}; the log is to be read anew"
)]
pub(super) struct OutOfOrder {
    position: Position,
    after: Position,
}

/// Leaves out what a copy that ends at `newest` has, and what comes a second time.
pub(super) fn fresh(entries: Vec<LogEntry>, newest: Position) -> Result<Vec<LogEntry>, OutOfOrder> {
    let mut fresh: Vec<LogEntry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let position = entry.position;
        let last = fresh.last().map_or(newest, |entry| entry.position);
        if position > last {
            fresh.push(entry);
        } else if position > newest
            && fresh.binary_search_by_key(&position, |entry| entry.position).is_err()
        {
            return Err(OutOfOrder { position, after: last });
        }
    }
    Ok(fresh)
}

#[cfg(test)]
mod tests;
