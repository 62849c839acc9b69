//! No bundle is written that would be refused.

use std::io::Cursor;

use annals_tlog::Algorithm;
use serde_json::json;

use super::*;
use crate::demo::{DemoLog, ORIGIN, key, opening};
use crate::names::{bundle_key_name, shard_origin};
use crate::testing::{bundle_key, checked, trusted};

type Writer = BundleWriter<Cursor<Vec<u8>>>;

fn begun() -> Writer {
    BundleWriter::begin(Cursor::new(Vec::new()), opening().unwrap()).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, WriteError>) -> Finding {
    match result.unwrap_err() {
        WriteError::Refused(finding) => *finding,
        other => panic!("{other}"),
    }
}

fn with_events(log: &DemoLog, left_out: Option<usize>) -> Writer {
    let mut bundle = begun();
    for (number, record) in log.records.iter().enumerate() {
        if Some(number) != left_out {
            bundle.event(&log.event(record, &[]).unwrap()).unwrap();
        }
    }
    bundle
}

#[test]
fn the_summary_says_what_was_written() {
    let log = DemoLog::of(30);
    let mut bytes = Cursor::new(Vec::new());
    let summary = log.write(&mut bytes).unwrap();
    assert_eq!(summary.counts, checked(bytes.get_ref(), &trusted()).counts);
    assert_eq!(summary.bytes, u64::try_from(bytes.get_ref().len()).unwrap());
    assert_eq!((summary.heads, summary.manifest_sha256.len()), (4, 64));
}

#[test]
fn an_event_that_is_not_proved_is_refused_with_its_place() {
    let log = DemoLog::of(12);
    let right = log.event(&log.records[5], &["actor"]).unwrap();
    let mut changed = vec![right.clone(); 6];
    changed[0].parts[0].json = "{}".to_owned();
    changed[1].proof.index += 1;
    changed[2].header = log.records[4].header.clone();
    changed[3].shard = "2027".to_owned();
    changed[4].proof.proof.pop();
    changed[5].revision = crate::limits::NUMBER_MAX + 1;
    for event in &changed {
        let finding = refusal(begun().event(event));
        assert_eq!((finding.file.as_deref(), finding.line), (Some(EVENTS_FILE), Some(1)));
        let place = finding.event.map(|place| place.revision);
        assert_eq!(place.is_some(), finding.problem != Problem::Number, "{}", finding.problem);
    }
    begun().event(&right).unwrap();
}

#[test]
fn a_part_given_twice_is_refused() {
    let log = DemoLog::of(3);
    let mut event = log.event(&log.records[0], &["actor"]).unwrap();
    event.parts.push(event.parts[0].clone());
    assert_eq!(refusal(begun().event(&event)).problem, Problem::NotCanonical);
}

#[test]
fn extra_data_of_proofs_is_left_out() {
    let log = DemoLog::of(3);
    let mut bundle = begun();
    for record in &log.records {
        let mut event = log.event(record, &[]).unwrap();
        event.proof.extra = Some(event.header.clone());
        bundle.event(&event).unwrap();
    }
    bundle.finish(&bundle_key()).unwrap();
}

#[test]
fn checkpoints_of_one_shard_are_all_the_same() {
    let (short, long) = (DemoLog::of(6), DemoLog::of(12));
    let mut bundle = begun();
    bundle.event(&short.event(&short.records[0], &[]).unwrap()).unwrap();
    let other = bundle.event(&long.event(&long.records[1], &[]).unwrap());
    assert_eq!(refusal(other).problem, Problem::OtherCheckpoint);
}

#[test]
fn events_come_in_order_and_before_heads() {
    let log = DemoLog::of(12);
    let event = |number: usize| log.event(&log.records[number], &[]).unwrap();
    let mut bundle = begun();
    bundle.event(&event(3)).unwrap();
    assert_eq!(refusal(bundle.event(&event(2))).problem, Problem::Order);
    let mut bundle = with_events(&log, None);
    let heads = log.heads_after(12).unwrap();
    bundle.head(&heads[1]).unwrap();
    assert!(matches!(bundle.event(&event(2)), Err(WriteError::EventAfterHead)));
    assert_eq!(refusal(bundle.head(&heads[0])).problem, Problem::HeadOrder);
    assert_eq!(refusal(bundle.head(&heads[1])).problem, Problem::HeadOrder);
}

#[test]
fn a_head_without_its_events_is_refused() {
    let log = DemoLog::of(12);
    let head = &log.heads_after(12).unwrap()[0];
    let finding = refusal(begun().head(head));
    assert_eq!(finding.problem, Problem::HeadWithoutEvents);
    assert_eq!(finding.stream.as_deref(), Some(head.row.stream.as_str()));
}

#[test]
fn a_bundle_that_leaves_out_an_event_of_a_claimed_stream_is_not_finished() {
    let log = DemoLog::of(30);
    let last = log.records.len() - 1;
    let mut bundle = with_events(&log, Some(last));
    log.heads_after(30).unwrap().iter().for_each(|head| bundle.head(head).unwrap());
    let finding = refusal(bundle.finish(&bundle_key()));
    assert_eq!(finding.problem, Problem::EndMissing { last: log.records[last].revision });
}

#[test]
fn a_head_that_is_not_proved_is_refused() {
    let log = DemoLog::of(12);
    let head = log.heads_after(12).unwrap().remove(0);
    let mut changed = vec![head; 4];
    changed[0].row.last_revision += 1;
    changed[1].row.stream.push('x');
    changed[2].proof.index += 1;
    changed[3].proof.checkpoint = log.event(&log.records[0], &[]).unwrap().proof.checkpoint;
    for head in &changed {
        let finding = refusal(with_events(&log, None).head(head));
        let right = matches!(finding.problem, Problem::Inclusion(_) | Problem::Commitment(_));
        assert!(right, "{finding}");
    }
}

#[test]
fn a_bundle_is_signed_by_its_own_key_alone() {
    let finish = |key: &SigningKey| with_events(&DemoLog::of(3), None).finish(key);
    let other = finish(&key(&shard_origin(ORIGIN, "2026")).unwrap());
    assert!(matches!(refusal(other).problem, Problem::Signature { .. }));
    let name = bundle_key_name(ORIGIN);
    let foreign = SigningKey::from_seed(&name, Algorithm::Note, &[9; 32]).unwrap();
    assert!(matches!(refusal(finish(&foreign)).problem, Problem::Signature { .. }));
    let witness = SigningKey::from_seed(&name, Algorithm::Cosignature, &[9; 32]).unwrap();
    assert!(matches!(finish(&witness), Err(WriteError::WitnessKey(_))));
}

#[test]
fn a_scope_is_taken_up_to_its_limit() {
    let begin = |scope| {
        let opening = Opening { scope, ..opening().unwrap() };
        BundleWriter::begin(Cursor::new(Vec::new()), opening).map(|_| ())
    };
    begin(json!("x".repeat(SCOPE_LEN_MAX - 2))).unwrap();
    let length = SCOPE_LEN_MAX + 1;
    let too_long = begin(json!("x".repeat(SCOPE_LEN_MAX - 1))).unwrap_err();
    assert!(matches!(too_long, WriteError::ScopeTooLong { length: found } if found == length));
    assert_eq!(refusal(begin(json!({"limit": 0.5}))).problem, Problem::Number);
}

#[test]
fn a_line_is_written_up_to_its_limit() {
    let write = |length: usize| begun().write_line(EVENTS_FILE, 7, &"x".repeat(length - 2));
    write(LINE_LEN_MAX).unwrap();
    let too_long = refusal(write(LINE_LEN_MAX + 1)).problem;
    assert_eq!(too_long, Problem::LineTooLong { line: 7 });
}

#[test]
fn an_origin_that_cannot_be_in_a_note_is_refused() {
    for origin in ["", "a b", "a+b"] {
        let opening = Opening { origin: origin.to_owned(), ..opening().unwrap() };
        let begun = BundleWriter::begin(Cursor::new(Vec::new()), opening).map(|_| ());
        assert_eq!(refusal(begun).problem, Problem::Name("log"));
    }
}

#[test]
fn the_instructions_speak_of_every_file() {
    for name in [EVENTS_FILE, HEADS_FILE, MANIFEST_FILE, SIGNATURE_FILE] {
        assert!(VERIFY_TEXT.contains(name), "{name}");
    }
    assert!(VERIFY_TEXT.lines().all(|line| line.len() <= 120) && VERIFY_TEXT.is_ascii());
}
