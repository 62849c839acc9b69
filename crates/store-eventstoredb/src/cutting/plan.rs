//! How far a stream may be cut. Pure.

use std::collections::BTreeMap;

use annals_domain::{Position, Revision, StreamName};
use annals_ports::LogEntry;

/// What is to be cut off one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) stream: StreamName,
    /// The first revision that is kept.
    pub(super) before: Revision,
    /// The records that go.
    pub(super) gone: Vec<(Revision, Position)>,
}

/// Where the records of one stream lie, by revision.
pub(super) type Places = BTreeMap<Revision, Position>;

pub(super) fn by_stream(entries: impl Iterator<Item = LogEntry>) -> BTreeMap<StreamName, Places> {
    let mut of_streams = BTreeMap::<StreamName, Places>::new();
    for LogEntry { position, revision, record } in entries {
        of_streams.entry(record.stream).or_default().insert(revision, position);
    }
    of_streams
}

/// The first revision that must be kept. `there` are the records that the stream begins with, rising, as far
/// as the last of `given`; those that may go are `given`; `last` is the stream's last revision, which stays.
pub(super) fn reach(there: &[(Revision, Position)], given: &Places, last: Revision) -> Revision {
    let kept = there.iter().find(|(revision, _)| !given.contains_key(revision));
    let kept = kept.map(|(revision, _)| *revision);
    let behind = given.last_key_value().map_or(Revision(0), |(at, _)| Revision(at.0 + 1));
    kept.unwrap_or(behind).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(revisions: &[u64]) -> Vec<(Revision, Position)> {
        revisions.iter().map(|at| (Revision(*at), Position(1000 + 7 * at))).collect()
    }

    /// The first revision kept of a stream with these records, when those may go.
    fn kept(there: &[u64], given: &[u64], last: u64) -> u64 {
        reach(&places(there), &places(given).into_iter().collect(), Revision(last)).0
    }

    #[test]
    fn the_beginning_goes_up_to_the_first_that_stays() {
        assert_eq!(kept(&[0, 1, 2], &[0, 1, 2], 9), 3);
        assert_eq!(kept(&[0, 1, 2, 3], &[0, 1, 3], 9), 2, "one in the middle stays");
        assert_eq!(kept(&[0, 1], &[1], 9), 0, "the first stays, so all do");
    }

    #[test]
    fn what_was_removed_before_does_not_stand_in_the_way() {
        assert_eq!(kept(&[4, 5], &[4, 5], 9), 6);
        assert_eq!(kept(&[4, 7], &[4, 7], 9), 8, "nor does what is no record");
        assert_eq!(kept(&[], &[], 9), 0);
    }

    #[test]
    fn the_last_of_a_stream_stays() {
        assert_eq!(kept(&[0], &[0], 0), 0);
        assert_eq!(kept(&[0, 1, 2], &[0, 1, 2], 2), 2);
        assert_eq!(kept(&[0, 1, 2], &[0, 1, 2], 3), 3, "one before the last goes");
    }
}
