//! Right bundles are found right, and wrong ones wrong.

use super::*;
use crate::demo::{DAY, DemoLog, ORIGIN};
use crate::streams::Completeness;
use crate::testing::{Forgery, bundle_key, bundle_of, checked, problems, trusted, written};

mod bytes;
mod completeness;
mod forgeries;
mod keys;

#[test]
fn a_bundle_of_three_hundred_events_in_two_shards_is_right() {
    let report = checked(&bundle_of(300), &trusted());
    assert!(report.is_right(), "{report}");
    assert_eq!(report.keys, KeySource::Caller);
    assert_eq!(report.origin.as_deref(), Some(ORIGIN));
    assert_eq!(report.scope.as_ref().unwrap()["tenant"], "acme");
    let counts = Counts { events: 300, parts_shown: 500, parts_withheld: 500 };
    assert_eq!(report.counts, counts);
    let shards: Vec<_> =
        report.shards.iter().map(|shard| (shard.name.as_str(), shard.size)).collect();
    assert_eq!(shards, [("2026", 200), ("2027", 101)]);
    assert_eq!(report.streams.len(), 4);
    assert_eq!(report.streams.iter().map(|stream| stream.events).sum::<u64>(), 300);
    for stream in &report.streams {
        let (through, day) = (stream.events - 1, DAY.to_owned());
        assert_eq!((stream.first_revision, stream.last_revision), (0, through));
        assert_eq!(stream.completeness, Completeness::Complete { through, day });
    }
}

#[test]
fn a_bundle_without_events_is_right_and_shows_nothing() {
    let bundle = written(|out| {
        let bundle = crate::BundleWriter::begin(out, crate::demo::opening().unwrap()).unwrap();
        bundle.finish(&bundle_key()).unwrap()
    });
    let report = checked(&bundle, &trusted());
    assert!(report.is_right() && report.streams.is_empty() && report.shards.is_empty(), "{report}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert!(bundle_of(300) == bundle_of(300));
}

#[test]
fn a_withheld_part_can_be_shown_later_under_the_same_header() {
    let log = DemoLog::of(12);
    let bundle = |shown: &[&str]| {
        written(|out| {
            let mut bundle =
                crate::BundleWriter::begin(out, crate::demo::opening().unwrap()).unwrap();
            for record in &log.records {
                bundle.event(&log.event(record, shown).unwrap()).unwrap();
            }
            bundle.finish(&bundle_key()).unwrap()
        })
    };
    let (without, with) = (bundle(&[]), bundle(&["client"]));
    let counts = |bundle: &[u8]| checked(bundle, &trusted()).counts;
    assert_eq!(counts(&without), Counts { events: 12, parts_shown: 0, parts_withheld: 40 });
    assert_eq!(counts(&with), Counts { events: 12, parts_shown: 12, parts_withheld: 28 });
    let headers = |bundle: &[u8]| -> Vec<_> {
        let lines = Forgery::of(bundle).lines(EVENTS_FILE);
        lines.iter().map(|line| (line["header"].clone(), line["proof"].clone())).collect()
    };
    assert_eq!(headers(&without), headers(&with));
    assert!(!String::from_utf8_lossy(&without).contains("192.0.2.7"));
}

#[test]
fn findings_are_kept_up_to_a_limit_and_counted_beyond_it() {
    let mut forgery = Forgery::of(&bundle_of(150));
    forgery.change_events(|lines| {
        lines
            .iter_mut()
            .for_each(|line| *line = line.replacen("\"withheld\":[", "\"withheld\":[\"x\",", 1));
    });
    let report = checked(&forgery.packed(), &trusted());
    assert_eq!(report.findings.kept().len(), crate::limits::FINDINGS_MAX);
    assert!(report.findings.count() > 150);
    assert!(report.to_string().starts_with("The bundle is NOT right: "));
}
