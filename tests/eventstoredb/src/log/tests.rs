//! Appending and reading, as the real server would decide.

use super::*;

fn events(ids: &[u128]) -> Vec<NewEvent> {
    ids.iter()
        .map(|id| NewEvent { id: Uuid::from_u128(*id), ..NewEvent::json("t", "{}") })
        .collect()
}

fn append(log: &mut Log, expected: Expected, ids: &[u128]) -> Result<Written, Refusal> {
    log.append(0, "s", expected, events(ids))
}

fn revisions(log: &Log, stream: &str, now: u64) -> Vec<u64> {
    match log.read_stream(stream, 0, false, 100, log.events().len(), now) {
        StreamPage::Events { events, .. } => events.iter().map(|event| event.revision).collect(),
        other => panic!("{stream} cannot be read: {other:?}"),
    }
}

#[test]
fn a_repeat_under_an_explicit_revision_gets_the_old_numbers() {
    let mut log = Log::default();
    let first = append(&mut log, Expected::NoStream, &[1, 2]).unwrap();
    append(&mut log, Expected::Exact(1), &[3]).unwrap();
    assert_eq!(append(&mut log, Expected::NoStream, &[1, 2]), Ok(first));
    assert_eq!(append(&mut log, Expected::Exact(0), &[2]), Ok(first));
    assert_eq!(log.events().len(), 3);
}

#[test]
fn anything_but_a_full_repeat_is_a_wrong_version() {
    let mut log = Log::default();
    append(&mut log, Expected::NoStream, &[1, 2]).unwrap();
    for (expected, ids) in [
        (Expected::NoStream, &[9][..]),
        (Expected::NoStream, &[1, 9]),
        (Expected::NoStream, &[1, 2, 3]),
        (Expected::Exact(0), &[1]),
        (Expected::Exact(7), &[3]),
        (Expected::NoStream, &[]),
    ] {
        assert_eq!(
            append(&mut log, expected, ids),
            Err(Refusal::WrongExpectedVersion { expected, current: Some(1) }),
            "{expected:?} {ids:?}"
        );
    }
    let missing = log.append(0, "none", Expected::StreamExists, events(&[1]));
    assert!(matches!(missing, Err(Refusal::WrongExpectedVersion { current: None, .. })));
}

#[test]
fn any_writes_the_same_id_again() {
    let mut log = Log::default();
    append(&mut log, Expected::Any, &[1]).unwrap();
    assert_eq!(append(&mut log, Expected::Any, &[1]).unwrap().revision, Some(1));
}

#[test]
fn positions_grow_with_gaps_and_the_answer_names_the_last() {
    let mut log = Log::default();
    let written = append(&mut log, Expected::Any, &[1, 2, 3]).unwrap();
    append(&mut log, Expected::Any, &[4]).unwrap();
    let positions: Vec<u64> = log.events().iter().map(|event| event.position).collect();
    assert!(positions[0] > 0 && positions.windows(2).all(|pair| pair[1] > pair[0] + 1));
    assert_eq!(written.position, Some(positions[2]));
    assert!(log.is_inside_a_record(positions[1] + 1, 4));
    assert!(!log.is_inside_a_record(positions[1], 4));
    assert!(!log.is_inside_a_record(positions[3] + 1, 4));
}

#[test]
fn metadata_hides_old_events() {
    let mut log = Log::default();
    for id in 0..5 {
        log.append(id * 10_000_000, "s", Expected::Any, events(&[id.into()])).unwrap();
    }
    for (metadata, seen) in [
        (r#"{"$maxCount": 2}"#, vec![3, 4]),
        (r#"{"$tb": 3}"#, vec![3, 4]),
        (r#"{"$maxAge": 2}"#, vec![2, 3, 4]),
        (r#"{"$maxAge": 2, "$acl": "$userStreamAcl"}"#, vec![0, 1, 2, 3, 4]),
        (r#"{"$maxCount": 0}"#, vec![0, 1, 2, 3, 4]),
    ] {
        let event = NewEvent::json(METADATA, metadata);
        log.append(0, "$$s", Expected::Any, vec![event]).unwrap();
        assert_eq!(revisions(&log, "s", 4 * 10_000_000), seen, "{metadata}");
    }
    assert_eq!(revisions(&log, "$$s", 0), [4], "of metadata only the last counts");
}

#[test]
fn a_deleted_stream_begins_again_where_it_ended() {
    let mut log = Log::default();
    append(&mut log, Expected::Any, &[1, 2]).unwrap();
    log.soft_delete(0, "s", Expected::Exact(1)).unwrap();
    assert_eq!(
        log.read_stream("s", 0, false, 9, 9.min(log.events().len()), 0),
        StreamPage::Missing
    );
    assert_eq!(append(&mut log, Expected::NoStream, &[3]).unwrap().revision, Some(2));
    assert_eq!(revisions(&log, "s", 0), [2]);
}

#[test]
fn a_tombstoned_stream_is_gone_for_ever() {
    let mut log = Log::default();
    append(&mut log, Expected::Any, &[1]).unwrap();
    log.tombstone(0, "s", Expected::Any).unwrap();
    let gone = Err(Refusal::StreamDeleted("s".to_owned()));
    assert_eq!(append(&mut log, Expected::Any, &[2]), gone);
    assert_eq!(append(&mut log, Expected::NoStream, &[1]), gone);
    assert_eq!(log.append(0, "$$s", Expected::Any, events(&[3])), gone);
    assert_eq!(log.read_stream("s", 0, false, 9, 2, 0), StreamPage::Deleted);
    assert_eq!(&*log.events()[1].event_type, STREAM_DELETED);
}

#[test]
fn readers_see_only_what_is_durable() {
    let mut log = Log::default();
    append(&mut log, Expected::Any, &[1, 2]).unwrap();
    assert_eq!(log.read_stream("s", 0, false, 9, 0, 0), StreamPage::Missing);
    let StreamPage::Events { events, last } = log.read_stream("s", u64::MAX, true, 9, 1, 0) else {
        panic!("one event is durable")
    };
    assert_eq!((events.len(), last), (1, 0));
}

#[test]
fn rights_come_from_the_stream_or_from_the_settings() {
    let mut log = Log::default();
    let mut write = |stream: &str, json: &'static str| {
        log.append(0, stream, Expected::Any, vec![NewEvent::json("m", json)]).unwrap();
    };
    write("$settings", r#"{"$userStreamAcl": {"$w": "annals", "$d": []}}"#);
    write("$$open", r#"{"$acl": {"$w": ["a", "b"]}}"#);
    write("$$$all", r#"{"$acl": {"$r": "annals"}}"#);
    for (stream, right, roles) in [
        ("x", Right::Write, &["annals"][..]),
        ("x", Right::Delete, &[]),
        ("x", Right::Read, &["$all"]),
        ("$$x", Right::Write, &["$all"]),
        ("open", Right::Write, &["a", "b"]),
        ("$all", Right::Read, &["annals"]),
        ("$settings", Right::Write, &["$admins"]),
        ("$$$settings", Right::Write, &["$admins"]),
    ] {
        assert_eq!(log.roles(stream, right), roles, "{right:?} of {stream}");
    }
}

#[test]
fn a_scavenge_takes_out_what_is_cut_off_but_the_last_of_a_stream() {
    let mut log = Log::default();
    append(&mut log, Expected::NoStream, &[1, 2, 3]).unwrap();
    let cut = |log: &mut Log, json: &'static str| {
        let metadata = vec![NewEvent::json(METADATA, json)];
        log.append(0, "$$s", Expected::Any, metadata).unwrap();
    };
    cut(&mut log, r#"{"$tb":1}"#);
    let all = |log: &Log| -> Vec<(String, u64)> {
        let all = log.in_all(0..log.events().len());
        all.iter().map(|event| (event.stream.to_string(), event.revision)).collect()
    };
    assert_eq!(all(&log).len(), 4, "so far it is only hidden");
    assert_eq!(log.scavenge(log.events().len()), 1);
    assert_eq!(all(&log), [("s".into(), 1), ("s".into(), 2), ("$$s".into(), 0)]);
    cut(&mut log, r#"{"$tb":9}"#);
    assert_eq!(log.scavenge(log.events().len()), 2, "one record, and the metadata before");
    assert_eq!(all(&log), [("s".into(), 2), ("$$s".into(), 1)]);
}
