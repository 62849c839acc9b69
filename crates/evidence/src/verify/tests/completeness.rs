//! What is left out of a stream whose end is claimed to be shown is found, whoever signs.

use super::*;

const STREAM: &str = "person-acme.aaaaaaaaaaaaaaaa";

/// The places of the stream's lines among all.
fn lines_of_stream(lines: &[String]) -> Vec<usize> {
    let of_stream = |line: &String| line.contains(&format!("\"stream\":\"{STREAM}\""));
    (0..lines.len()).filter(|&place| of_stream(&lines[place])).collect()
}

fn renumber(line: &mut String, revision: usize) {
    let (start, rest) = line.split_once("\"revision\":").unwrap();
    let (_, end) = rest.split_once(',').unwrap();
    *line = format!("{start}\"revision\":{revision},{end}");
}

/// A bundle without the n-th event of the stream, signed by the right key.
fn without(n: usize, renumber_rest: Option<usize>) -> Vec<u8> {
    let mut forgery = Forgery::of(&bundle_of(60));
    forgery.change_events(|lines| {
        let place = lines_of_stream(lines)[n];
        lines.remove(place);
        if let Some(first) = renumber_rest {
            let places = lines_of_stream(lines);
            places.into_iter().zip(first..).for_each(|(place, n)| renumber(&mut lines[place], n));
        }
    });
    forgery.signed_by(&bundle_key())
}

fn count_of_stream() -> usize {
    let mut forgery = Forgery::of(&bundle_of(60));
    let mut count = 0;
    forgery.change_events(|lines| count = lines_of_stream(lines).len());
    count
}

#[test]
fn an_event_that_is_left_out_is_named() {
    let count = count_of_stream();
    assert!(count > 5);
    for n in 1..count - 1 {
        let revision = u64::try_from(n).unwrap();
        let missing = Problem::Missing { first: revision, last: revision };
        let report = checked(&without(n, None), &trusted());
        assert_eq!(problems(&without(n, None), &trusted()), [missing]);
        let sentence = report.findings.kept()[0].to_string();
        let expected = format!(
            "events.ndjson, stream `{STREAM}`: revisions {n} to {n} are missing, but the bundle claims that none is"
        );
        assert_eq!(sentence, expected);
    }
}

#[test]
fn the_last_event_cannot_be_left_out() {
    let last = count_of_stream() - 1;
    let end_missing = Problem::EndMissing { last: u64::try_from(last).unwrap() };
    assert_eq!(problems(&without(last, None), &trusted()), [end_missing]);
}

#[test]
fn numbering_anew_does_not_hide_that_an_event_is_left_out() {
    let last = count_of_stream() - 1;
    for n in 0..last {
        let end_missing = Problem::EndMissing { last: u64::try_from(last).unwrap() };
        assert_eq!(problems(&without(n, Some(0)), &trusted()), [end_missing]);
    }
    // Without the last, and with the others numbered up to it.
    let end_differs = Problem::EndDiffers { last: u64::try_from(last).unwrap() };
    assert_eq!(problems(&without(last, Some(1)), &trusted()), [end_differs]);
}

#[test]
fn a_higher_first_revision_says_how_many_events_are_not_there() {
    // The first event left out, and the second with the rest numbered so that it looks the same.
    for bundle in [without(0, None), without(1, Some(1))] {
        let report = checked(&bundle, &trusted());
        assert!(report.is_right(), "{report}");
        let stream = report.streams.iter().find(|stream| stream.stream == STREAM).unwrap();
        assert_eq!(stream.first_revision, 1);
        assert!(
            stream
                .to_string()
                .contains("; 1 events are not in the bundle, removed by retention or not claimed")
        );
    }
}

#[test]
fn another_event_cannot_take_the_place_of_one_that_is_left_out() {
    let mut twice = Forgery::of(&bundle_of(60));
    twice.change_events(|lines| {
        let places = lines_of_stream(lines);
        lines[places[2]] = lines[places[1]].clone();
        renumber(&mut lines[places[2]], 2);
    });
    assert!(problems(&twice.signed_by(&bundle_key()), &trusted()).contains(&Problem::Order));
    let mut foreign = Forgery::of(&bundle_of(60));
    foreign.change_events(|lines| {
        let places = lines_of_stream(lines);
        let other = (0..lines.len()).find(|place| !places.contains(place)).unwrap();
        let header = |line: &str| {
            line.split("\"header\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        lines[places[2]] =
            lines[places[2]].replace(&header(&lines[places[2]]), &header(&lines[other]));
    });
    let found = problems(&foreign.signed_by(&bundle_key()), &trusted());
    assert!(matches!(found[0], Problem::OtherStream { .. }), "{found:?}");
}

#[test]
fn events_after_the_commitment_are_shown_but_not_claimed() {
    let log = DemoLog::of(60);
    let bundle = written(|out| {
        let mut bundle = crate::BundleWriter::begin(out, crate::demo::opening().unwrap()).unwrap();
        for record in &log.records {
            bundle.event(&log.event(record, &[]).unwrap()).unwrap();
        }
        for head in log.heads_after(45).unwrap() {
            bundle.head(&head).unwrap();
        }
        bundle.finish(&bundle_key()).unwrap()
    });
    let report = checked(&bundle, &trusted());
    assert!(report.is_right(), "{report}");
    let stream = report.streams.iter().find(|stream| stream.stream == STREAM).unwrap();
    let through = log.records[..45].iter().filter(|record| record.stream == STREAM).count() - 1;
    let through = u64::try_from(through).unwrap();
    assert!(stream.last_revision > through);
    assert_eq!(stream.completeness, Completeness::Complete { through, day: DAY.to_owned() });
}

#[test]
fn a_commitment_of_another_place_in_the_log_is_refused() {
    // The heads of the whole log, said to be those of a time before or after.
    let log = DemoLog::of(60);
    let mut heads = log.heads_after(60).unwrap();
    for (size, misplaced) in [("size 5", true), ("size 21", false), ("size 900", false)] {
        let mut forgery = Forgery::of(&bundle_of(60));
        let mut lines = String::new();
        for head in &mut heads {
            let text = head.proof.checkpoint.text();
            let (start, _) = text.split_once("size ").unwrap();
            let name = crate::names::heads_key_name(ORIGIN);
            head.proof.checkpoint = crate::demo::sign(&name, format!("{start}{size}\n")).unwrap();
            lines += &format!("{}\n", serde_json::to_string(&head.to_line()).unwrap());
        }
        *forgery.file(HEADS_FILE) = lines.into_bytes();
        let report = checked(&forgery.signed_by(&bundle_key()), &trusted());
        let mut found = report.findings.kept().iter();
        let found = found.any(|finding| matches!(finding.problem, Problem::EndMisplaced { .. }));
        assert_eq!((found, report.is_right()), (misplaced, !misplaced), "{report}");
    }
}

#[test]
fn without_a_head_gaps_are_named_and_the_rest_is_not_claimed() {
    let log = DemoLog::of(60);
    let bundle = |left_out: &[usize]| {
        written(|out| {
            let mut bundle =
                crate::BundleWriter::begin(out, crate::demo::opening().unwrap()).unwrap();
            let of_stream = log.records.iter().filter(|record| record.stream == STREAM);
            for (number, record) in of_stream.enumerate() {
                if !left_out.contains(&number) {
                    bundle.event(&log.event(record, &[]).unwrap()).unwrap();
                }
            }
            bundle.finish(&bundle_key()).unwrap()
        })
    };
    let verdict = |left_out: &[usize]| {
        let report = checked(&bundle(left_out), &trusted());
        assert!(report.is_right(), "{report}");
        report.streams[0].completeness.clone()
    };
    assert_eq!(verdict(&[]), Completeness::Contiguous);
    assert_eq!(verdict(&[0]), Completeness::Contiguous);
    assert_eq!(verdict(&[2, 3, 5]), Completeness::Gaps { missing: 3, first: 2, last: 3 });
}
