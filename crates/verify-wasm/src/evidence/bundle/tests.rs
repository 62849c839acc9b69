//! Bundles are told as what they are, and keys that came with one are told plainly.

use annals_evidence::limits::FINDINGS_MAX;

use super::*;
use crate::demo::{DAY, DemoLog, ORIGIN, keys};
use crate::evidence::check;

const RECORDS: u64 = 31;

fn bundle() -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DemoLog::of(RECORDS).write(&mut out).unwrap();
    out.into_inner()
}

/// All keys of the log, one a line.
fn lines() -> String {
    keys().unwrap().iter().map(|key| format!("{}\n", key.verifying_key())).collect()
}

/// The same keys as a log publishes them.
fn log_json() -> String {
    let text = lines();
    let rows: Vec<String> = text.lines().map(|key| format!("{{\"vkey\":\"{key}\"}}")).collect();
    let [first, second, heads, evidence] = rows.as_slice() else { panic!("other keys: {text}") };
    format!(
        "{{\"origin\":\"{ORIGIN}\",\"shards\":[{first},{second}],\"heads\":{heads},\"evidence\":{evidence}}}"
    )
}

fn checked(bundle: &[u8], keys: &str) -> Report {
    check(bundle, keys.as_bytes())
}

/// The report on a bundle that must be refused.
fn refused(bundle: &[u8], keys: &str) -> Report {
    let report = checked(bundle, keys);
    assert_eq!((report.verdict, report.kind), (Verdict::Refused, Some(BUNDLE)));
    assert!(report.facts.is_empty() && report.lists.is_empty() && report.proven.is_none());
    assert!(!report.findings.is_empty());
    report
}

#[test]
fn a_bundle_is_proven_with_keys_from_outside_in_each_form() {
    let policy: String = lines().lines().map(|key| format!("log {key}\n")).collect();
    for keys in [lines(), log_json(), policy + "quorum none\n"] {
        let report = checked(&bundle(), &keys);
        assert_eq!((report.verdict, report.kind), (Verdict::Proven, Some(BUNDLE)));
        assert_eq!(report.notes, [KEYS_OF_CALLER]);
        assert_eq!((report.findings.len(), report.proven), (0, None));
    }
}

#[test]
fn a_bundle_is_told_with_its_log_scope_counts_shards_and_streams() {
    let report = checked(&bundle(), &lines());
    let scope = format!("{{\"interval\":[\"2026-12-01\",\"{DAY}\"],\"tenant\":\"acme\"}}");
    let facts = [Line::new("Log", ORIGIN), Line::new("About, says whoever made it", scope)];
    assert_eq!(report.facts, facts);
    for line in [
        Line::new("Events", RECORDS),
        Line::new("Parts of events that are shown", 54),
        Line::new("Parts of events that are withheld", 51),
        Line::new("Streams", 4),
        Line::new("Streams that are complete to a signed end", 4),
    ] {
        assert!(report.counts.contains(&line), "{line:?} in {:?}", report.counts);
    }
    let json: serde_json::Value =
        serde_json::from_slice(&report.to_prefixed_json().unwrap()[4..]).unwrap();
    let items = |place: usize| json["lists"][place]["items"].as_array().unwrap().clone();
    let (shards, streams) = (items(0), items(1));
    assert!(shards[0].as_str().unwrap().starts_with("shard `2026`: 21 entries, root "));
    assert!(shards[1].as_str().unwrap().starts_with("shard `2027`: 11 entries, root "));
    assert_eq!((shards.len(), streams.len()), (2, 4));
    let complete = |stream: &serde_json::Value| {
        let told = stream.as_str().unwrap();
        told.contains("; complete from revision 0 to ")
            && told.ends_with(&format!(" through {DAY}"))
    };
    assert!(streams.iter().all(complete), "{streams:?}");
}

#[test]
fn a_bundle_checked_with_its_own_keys_is_not_called_proven() {
    for keys in ["", " \r\n"] {
        let report = checked(&bundle(), keys);
        assert_eq!(report.verdict, Verdict::Consistent);
        assert_eq!(report.notes, [KEYS_OF_BUNDLE]);
        assert!(report.findings.is_empty() && report.lists.len() == 2);
    }
}

#[test]
fn a_bundle_with_any_byte_changed_is_refused() {
    let right = bundle();
    // Each place takes a whole check; so some of each part of the archive. The first bytes name the kind.
    for place in (4..right.len()).step_by(193).chain(right.len() - 40..right.len()) {
        let mut changed = right.clone();
        changed[place] ^= 0x04;
        refused(&changed, &lines());
        refused(&changed, "");
    }
}

#[test]
fn a_bundle_cut_short_or_made_longer_is_refused() {
    let right = bundle();
    for end in (4..right.len()).step_by(193) {
        refused(&right[..end], &lines());
    }
    refused(&[right.as_slice(), b"\0"].concat(), &lines());
}

#[test]
fn a_bundle_is_refused_without_the_key_of_heads_and_the_key_is_named() {
    let name = format!("{ORIGIN}/heads");
    let known: Vec<String> =
        lines().lines().filter(|key| !key.starts_with(&name)).map(str::to_owned).collect();
    let report = refused(&bundle(), &known.join("\n"));
    assert!(report.findings.iter().all(|told| told.contains(&name)), "{:?}", report.findings);
    assert!(report.counts.contains(&Line::new("Log that the bundle names", ORIGIN)));
    assert_eq!(report.notes, [KEYS_OF_CALLER]);
}

#[test]
fn of_too_many_findings_it_is_told_how_many_more_there_are() {
    let mut bundle = Cursor::new(Vec::new());
    let records = u64::try_from(FINDINGS_MAX).unwrap() + 10;
    DemoLog::of(records).write(&mut bundle).unwrap();
    let evidence = keys().unwrap().pop().unwrap().verifying_key().to_string();
    let report = refused(&bundle.into_inner(), &evidence);
    assert_eq!(report.findings.len(), FINDINGS_MAX + 1);
    let last = report.findings.last().unwrap();
    assert!(last.starts_with("and ") && last.ends_with(" findings more"), "{last}");
}

#[test]
fn an_archive_that_is_no_bundle_is_refused() {
    let report = refused(b"PK\x03\x04 and something else", &lines());
    assert_eq!(report.findings.len(), 1);
}
