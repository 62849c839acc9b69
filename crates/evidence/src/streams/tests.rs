//! Limits and orders; what is left out of bundles is tested where they are verified.

use super::*;
use crate::limits::{EVENTS_MAX, SHARDS_MAX, STREAMS_MAX};
use crate::report::EventPlace;

fn event(stream: &str, revision: u64, shard: &str, index: u64) -> CheckedEvent {
    let mut header_digest = [0; 32];
    header_digest[..8].copy_from_slice(&index.to_be_bytes());
    header_digest[8..8 + shard.len()].copy_from_slice(shard.as_bytes());
    let (stream, shard) = (stream.to_owned(), shard.to_owned());
    let place = EventPlace { stream, revision, shard, index };
    CheckedEvent { place, header_digest, shown: 1, withheld: 2 }
}

#[test]
fn as_many_events_as_the_limit_are_taken_and_no_more() {
    let mut streams = Streams::default();
    (0..EVENTS_MAX).for_each(|n| streams.add(&event("s", n, "2026", n)).unwrap());
    let one_more = streams.add(&event("s", EVENTS_MAX, "2026", EVENTS_MAX));
    assert_eq!(one_more, Err(Problem::TooMany { what: "events", max: EVENTS_MAX }));
    let (events, parts_shown, parts_withheld) = (EVENTS_MAX, EVENTS_MAX, 2 * EVENTS_MAX);
    assert_eq!(streams.counts(), Counts { events, parts_shown, parts_withheld });
}

#[test]
fn as_many_streams_as_the_limit_are_taken_and_no_more() {
    let mut streams = Streams::default();
    let max = u64::try_from(STREAMS_MAX).unwrap();
    (0..max).for_each(|n| streams.add(&event(&format!("s{n}"), 0, "2026", n)).unwrap());
    let one_more = streams.add(&event("another", 0, "2026", max));
    assert_eq!(one_more, Err(Problem::TooMany { what: "streams", max }));
    assert_eq!(streams.add(&event("s0", 1, "2026", max + 1)), Ok(()));
}

#[test]
fn as_many_shards_as_the_limit_are_taken_and_no_more() {
    let mut streams = Streams::default();
    let max = u64::try_from(SHARDS_MAX).unwrap();
    (0..max).for_each(|n| streams.add(&event("s", n, &format!("{n:03}"), 0)).unwrap());
    let one_more = streams.add(&event("s", max, "999", 0));
    assert_eq!(one_more, Err(Problem::TooMany { what: "shards", max }));
}

#[test]
fn events_rise_in_the_log_and_in_their_stream() {
    let after = |second: &CheckedEvent| {
        let mut streams = Streams::default();
        streams.add(&event("s", 3, "2026", 5)).unwrap();
        streams.add(second)
    };
    assert_eq!(after(&event("s", 4, "2026", 6)), Ok(()));
    assert_eq!(after(&event("s", 9, "2027", 0)), Ok(()));
    assert_eq!(after(&event("t", 0, "2026", 6)), Ok(()));
    assert_eq!(after(&event("t", 0, "2026", 5)), Err(Problem::Order));
    assert_eq!(after(&event("t", 0, "2025", 6)), Err(Problem::Order));
    assert_eq!(after(&event("s", 3, "2026", 6)), Err(Problem::RevisionNotRising { before: 3 }));
    assert_eq!(after(&event("s", 2, "2026", 6)), Err(Problem::RevisionNotRising { before: 3 }));
    let same_header =
        CheckedEvent { place: event("t", 0, "2026", 6).place, ..event("s", 3, "2026", 5) };
    assert_eq!(after(&same_header), Err(Problem::HeaderTwice));
}

#[test]
fn an_event_that_is_refused_changes_no_counts_and_leaves_no_stream() {
    let mut streams = Streams::default();
    streams.add(&event("s", 3, "2026", 5)).unwrap();
    streams.add(&event("t", 0, "2026", 5)).unwrap_err();
    streams.add(&event("s", 3, "2026", 6)).unwrap_err();
    assert_eq!(streams.counts().events, 1);
    assert_eq!(streams.extents().map(|(name, _)| name).collect::<Vec<_>>(), ["s"]);
}

#[test]
fn verdicts_are_sentences() {
    let report = |first_revision, completeness| StreamReport {
        stream: "s".to_owned(),
        events: 4,
        first_revision,
        last_revision: 9,
        completeness,
    };
    let complete = |through| Completeness::Complete { through, day: "2026-11-21".to_owned() };
    for (report, text) in [
        (
            report(0, complete(9)),
            "4 events, revisions 0 to 9; complete from revision 0 to 9 through 2026-11-21",
        ),
        (
            report(0, complete(8)),
            "to 8 through 2026-11-21; of events after revision 9 nothing is said",
        ),
        (
            report(6, complete(9)),
            "; 6 events are not in the bundle, removed by retention or not claimed",
        ),
        (report(6, Completeness::Contiguous), "nothing is said about later ones"),
        (
            report(0, Completeness::Gaps { missing: 6, first: 2, last: 4 }),
            "not complete: 6 revisions between are missing, the first of them 2 to 4",
        ),
    ] {
        assert!(report.to_string().contains(text), "{report}");
    }
}
