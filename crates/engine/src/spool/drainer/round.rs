//! What is to be done with events that were tried, as plain decisions.

use std::collections::HashSet;

use annals_ports::RefusalReason;
use annals_ports::spool::Waiting;

use crate::recorder::{RecordError, RecordResult};

/// An event that could not be recorded so often while others could is given up.
pub(super) const ATTEMPTS_MAX: u32 = 5;
/// So many lanes are tried in a step that is cautious.
const CAUTIOUS_LANES: usize = 16;

/// What is to be done with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in the log.
    Done,
    /// Trying again may help.
    Again,
    /// It can never be recorded.
    Poison(RefusalReason, String),
}

pub(super) fn verdict(result: &RecordResult) -> Verdict {
    match result {
        Ok(_) => Verdict::Done,
        Err(error @ RecordError::IdempotencyConflict(_)) => {
            Verdict::Poison(RefusalReason::Conflict, error.to_string())
        }
        Err(error @ RecordError::TooLarge(_)) => {
            Verdict::Poison(RefusalReason::Undeliverable, error.to_string())
        }
        Err(RecordError::Busy | RecordError::Full | RecordError::Unavailable) => Verdict::Again,
    }
}

/// The first event of each lane, of so many lanes as a cautious step takes.
pub(super) fn first_of_lanes(waiting: Vec<Waiting>) -> Vec<Waiting> {
    let mut seen = HashSet::new();
    let first = |waiting: &Waiting| seen.insert((waiting.tenant.clone(), waiting.lane));
    waiting.into_iter().filter(first).take(CAUTIOUS_LANES).collect()
}
