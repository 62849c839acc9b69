use super::*;
use uuid::Uuid;

fn key(id: u128, content: u8) -> RecordKey {
    RecordKey {
        tenant: TenantId::new("acme").expect("a well-formed name"),
        id: EventId(Uuid::from_u128(id)),
        fingerprint: [content; 16],
    }
}

fn held(position: u64, content: u8) -> Option<Held> {
    Some(Held {
        position: Position(position),
        revision: Revision(position),
        fingerprint: [content; 16],
    })
}

fn decide(
    expected: Expected,
    last: Option<u64>,
    keys: &[RecordKey],
    held: &[Option<Held>],
) -> Result<Vec<Step>, AppendError> {
    plan(&StreamName::from_stored("s"), expected, last.map(Revision), keys, held)
}

fn at(position: u64) -> Step {
    answer(&held(position, 0).expect("made above"))
}

#[test]
fn new_records_are_stored_when_the_stream_is_as_expected() {
    let keys = [key(1, 1), key(2, 2)];
    for (expected, last) in [
        (Expected::Any, None),
        (Expected::Any, Some(7)),
        (Expected::Empty, None),
        (Expected::Last(Revision(7)), Some(7)),
    ] {
        assert_eq!(decide(expected, last, &keys, &[None, None]), Ok(vec![Step::Store; 2]));
    }
}

#[test]
fn new_records_are_refused_when_the_stream_is_not_as_expected() {
    for (expected, last) in [
        (Expected::Empty, Some(0)),
        (Expected::Last(Revision(7)), None),
        (Expected::Last(Revision(7)), Some(6)),
        (Expected::Last(Revision(7)), Some(8)),
    ] {
        let refusal = decide(expected, last, &[key(1, 1)], &[None]);
        assert!(
            matches!(refusal, Err(AppendError::WrongRevision { actual, .. }) if actual == last.map(Revision)),
            "{refusal:?}"
        );
    }
}

#[test]
fn an_item_sent_again_is_answered_though_the_stream_went_on() {
    let steps =
        decide(Expected::Empty, Some(9), &[key(1, 1), key(2, 2)], &[held(4, 1), held(5, 2)]);
    assert_eq!(steps, Ok(vec![at(4), at(5)]));
}

#[test]
fn a_partly_held_item_stores_the_rest_only_on_the_expected_stream() {
    let keys = [key(1, 1), key(2, 2)];
    let here = [held(4, 1), None];
    assert_eq!(decide(Expected::Any, Some(4), &keys, &here), Ok(vec![at(4), Step::Store]));
    assert!(decide(Expected::Empty, Some(4), &keys, &here).is_err());
}

#[test]
fn other_content_under_a_held_id_refuses_the_whole_item() {
    let refusal = decide(Expected::Any, None, &[key(1, 1), key(2, 2)], &[None, held(5, 9)]);
    assert_eq!(refusal, Err(AppendError::IdempotencyConflict { id: key(2, 2).id }));
}

#[test]
fn a_record_twice_in_an_item_is_stored_once() {
    let steps = decide(Expected::Any, None, &[key(1, 1), key(2, 2), key(1, 1)], &[None; 3]);
    assert_eq!(steps, Ok(vec![Step::Store, Step::Store, Step::Repeat(0)]));
    let refusal = decide(Expected::Any, None, &[key(1, 1), key(1, 2)], &[None; 2]);
    assert_eq!(refusal, Err(AppendError::IdempotencyConflict { id: key(1, 1).id }));
}
