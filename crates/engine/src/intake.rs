//! Whether events can be recorded right now, judged by what became of the last ones.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::recorder::RecordError;

/// After so long without a try, trying again is worth it: who watches sends events again, and they
/// tell.
const STALE: Duration = Duration::from_secs(10);

/// Remembers the last failure to record.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    failed: Mutex<Option<Instant>>,
}

impl Intake {
    /// Takes note of what became of some events.
    pub(crate) fn note<T>(&self, results: &[Result<T, RecordError>], now: Instant) {
        let failure = |result: &Result<T, RecordError>| {
            matches!(result, Err(RecordError::Full | RecordError::Unavailable))
        };
        if results.iter().any(failure) {
            *self.failed() = Some(now);
        } else if results.iter().any(Result::is_ok) {
            *self.failed() = None;
        }
    }

    /// Whether the last events could be recorded, or none were tried for a while.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.failed().is_none_or(|at| now.duration_since(at) >= STALE)
    }

    /// Whether nothing has failed since the last success.
    pub(crate) fn is_well(&self) -> bool {
        self.failed().is_none()
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use annals_domain::EventId;

    use super::*;

    #[test]
    fn a_failure_closes_it_until_a_success_or_until_it_is_stale() {
        let (intake, start) = (Intake::default(), Instant::now());
        assert!(intake.is_open(start));
        intake.note::<()>(&[Err(RecordError::Full)], start);
        assert!(!intake.is_open(start));
        assert!(intake.is_open(start + STALE));
        intake.note(&[Ok(())], start);
        assert!(intake.is_open(start));
    }

    #[test]
    fn a_refused_event_says_nothing_about_the_disk() {
        let (intake, start) = (Intake::default(), Instant::now());
        let conflict = RecordError::IdempotencyConflict(EventId(Default::default()));
        intake.note::<()>(&[Err(conflict), Err(RecordError::Busy)], start);
        assert!(intake.is_open(start));
    }
}
