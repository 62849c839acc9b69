//! What people read.

use super::*;
use crate::testing::{bundle_of, checked, trusted};

#[test]
fn a_finding_names_file_line_and_event() {
    let place =
        EventPlace { stream: "s".to_owned(), revision: 3, shard: "2026".to_owned(), index: 5 };
    let event =
        Finding { event: Some(place), ..Finding::of_line("events.ndjson", 4, Problem::Order) };
    assert_eq!(
        event.to_string(),
        "events.ndjson, line 4, stream `s`, revision 3, shard `2026`, index 5: \
         the event is not after the one before it in shard and index"
    );
    let of_archive = Finding::of_archive(Problem::Archive("it is too short")).to_string();
    assert_eq!(
        of_archive,
        "the bundle: this is not a ZIP archive as Annals writes it: it is too short"
    );
    let of_stream =
        Finding::of_stream("heads.ndjson", "s", Problem::EndMissing { last: 7 }).to_string();
    assert_eq!(
        of_stream,
        "heads.ndjson, stream `s`: the stream ends with revision 7, which is not in the bundle"
    );
}

#[test]
fn findings_beyond_the_limit_are_counted_alone() {
    let mut findings = Findings::default();
    (0..=FINDINGS_MAX).for_each(|_| findings.add(Finding::of_archive(Problem::Order)));
    assert_eq!((findings.kept().len(), findings.count()), (FINDINGS_MAX, 101));
}

#[test]
fn a_report_is_read_from_the_verdict_down() {
    let text = checked(&bundle_of(6), &trusted()).to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "Everything in the bundle agrees with its signatures.",
            "The keys did not come with the bundle.",
            "log: audit.example/demonstration",
            "6 events; 10 parts shown, 10 withheld",
        ]
    );
    assert!(lines[4].starts_with("shard `2026`: 4 entries, root "));
    assert!(
        lines[6].starts_with("stream `") && lines[6].contains("; complete from revision 0 to ")
    );
}
