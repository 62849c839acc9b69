//! Whose fault it is when events cannot be taken in: one event's, or something's outside of them.
//!
//! By halves, so that one poison event among many is found in few steps. The first event that fails by
//! itself gets a second look a little later, for most faults pass. If it fails again while an event
//! behind it passes, it is poison. When those behind it fail as well, the fault lies elsewhere, such as
//! in a full disk. If there are too few of them, that is not known yet.

use std::ops::Range;

/// So many events in a row that all fail are not themselves at fault.
const INNOCENTS: usize = 16;

/// What is said when a disk is full: by the system, and by `SQLite`. Each library wraps the error in a form of its
/// own, so it is known by its words.
const NO_SPACE: [&str; 2] = ["No space left on device", "database or disk is full"];

/// Whether something failed for want of space, which is no event's fault.
pub(super) fn lacks_space(cause: &str) -> bool {
    NO_SPACE.iter().any(|words| cause.contains(words))
}

/// What is known so far of the events of a batch.
pub(super) struct Blame {
    /// Still to be tried; the last comes next.
    untried: Vec<Range<usize>>,
    /// Whether the first event failed before.
    second_look: bool,
    /// Failed, with no event behind them having passed yet.
    failing: Vec<Failure>,
    poison: Vec<Failure>,
    first_failed: Option<Failure>,
}

/// An event that fails by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) index: usize,
    pub(super) cause: String,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Findings {
    /// These are at fault.
    pub(super) poison: Vec<Failure>,
    /// All others were taken in, up to here.
    pub(super) stopped: Option<Stopped>,
}

/// Why the rest of a batch was not taken in, from the failing event on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It failed for the first time.
    LookAgain(Failure),
    /// Too few events came behind it to tell whose fault it is.
    Unclear(Failure),
    /// The events are not at fault.
    Elsewhere(Failure),
}

impl Blame {
    /// Knows nothing of the events yet, or that the first one failed before.
    pub(super) fn new(events: usize, second_look: bool) -> Self {
        Self {
            // Without events there is still a position to be stored.
            untried: Vec::from([Range { start: 0, end: events }]),
            second_look,
            failing: Vec::new(),
            poison: Vec::new(),
            first_failed: None,
        }
    }

    /// Which events to try next.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let stopped = self.first_failed.is_some() || self.failing.len() >= INNOCENTS;
        if stopped { None } else { self.untried.pop() }
    }

    /// Takes note of what became of them.
    pub(super) fn learn(&mut self, tried: Range<usize>, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.poison.append(&mut self.failing),
            Err(cause) if tried.len() <= 1 => {
                let failure = Failure { index: tried.start, cause };
                let known = self.second_look && failure.index == 0;
                match known || !self.failing.is_empty() {
                    true => self.failing.push(failure),
                    false => self.first_failed = Some(failure),
                }
            }
            Err(_) => {
                let middle = tried.start + tried.len() / 2;
                self.untried.push(middle..tried.end);
                self.untried.push(tried.start..middle);
            }
        }
    }

    /// What was found once there is nothing more to try.
    pub(super) fn findings(mut self) -> Findings {
        let many = self.failing.len() >= INNOCENTS;
        let stopped = match (self.first_failed, self.failing.is_empty()) {
            (Some(failure), _) => Some(Stopped::LookAgain(failure)),
            (None, true) => None,
            (None, false) if many => Some(Stopped::Elsewhere(self.failing.swap_remove(0))),
            (None, false) => Some(Stopped::Unclear(self.failing.swap_remove(0))),
        };
        Findings { poison: self.poison, stopped }
    }
}

#[cfg(test)]
mod tests;
