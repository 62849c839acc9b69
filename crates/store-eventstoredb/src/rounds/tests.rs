use annals_ports::contract;

use super::*;

const LIMITS: RoundLimits = RoundLimits { records_max: 10, bytes_max: 1 << 20 };

fn pending(index: usize, expected: Expected, ids: &[u128]) -> Pending {
    let records: Vec<_> =
        ids.iter().map(|id| contract::record("acme", "s", *id, &format!("{id}"))).collect();
    let stream = records[0].stream.clone();
    Pending::prepare(index, &AppendItem { stream, expected, records }, 1 << 20).unwrap()
}

fn any(index: usize, ids: &[u128]) -> Pending {
    pending(index, Expected::Any, ids)
}

fn stream() -> StreamName {
    contract::record("acme", "s", 1, "").stream
}

fn facts(items: &[&Pending]) -> Facts {
    let mut facts = Facts::default();
    let keys = items.iter().flat_map(|item| &item.keys);
    for (revision, key) in keys.enumerate() {
        let revision = revision as u64;
        facts.learn(key, Position(100 + 10 * revision), Revision(revision));
    }
    facts
}

#[test]
fn items_share_an_append_and_are_answered_in_order() {
    let items = [any(0, &[1]), any(1, &[2, 3]), any(2, &[4])];
    let round = plan_round(&stream(), &items, &facts(&[&any(9, &[9])]), LIMITS);
    assert_eq!((round.outcomes.len(), round.records), (3, 4));
    let sent: Vec<_> = round.to_store(&items).map(|(key, _)| key.id.0.as_u128()).collect();
    assert_eq!(sent, [1, 2, 3, 4]);
    let places = [10, 20, 30, 40].map(Position);
    let answers = round.answers(Revision(1), &places, Position(5));
    let told = answers[1].as_ref().unwrap();
    assert_eq!((told[1].position, told[1].revision), (Position(30), Revision(3)));
    assert_eq!(answers[2].as_ref().unwrap()[0].revision, Revision(4));
}

#[test]
fn an_id_that_occurs_again_waits_for_the_next_round() {
    let items = [any(0, &[1]), any(1, &[1]), any(2, &[2])];
    let round = plan_round(&stream(), &items, &Facts::default(), LIMITS);
    assert_eq!(round.outcomes.len(), 1);
    let known = facts(&[&items[0]]);
    let round = plan_round(&stream(), &items[1..], &known, LIMITS);
    assert_eq!((round.outcomes.len(), round.records), (2, 1));
    let answers = round.answers(Revision(1), &[Position(500)], Position(200));
    assert!(!answers[1].as_ref().unwrap()[0].duplicate);
    let repeated = answers[0].as_ref().unwrap()[0];
    assert!(repeated.duplicate && repeated.position == Position(100));
}

#[test]
fn an_append_is_no_larger_than_its_limits_unless_one_item_is() {
    let items = [any(0, &[1, 2, 3]), any(1, &[4, 5])];
    let few = RoundLimits { records_max: 4, ..LIMITS };
    assert_eq!(plan_round(&stream(), &items, &Facts::default(), few).records, 3);
    let exactly = RoundLimits { records_max: 5, ..LIMITS };
    assert_eq!(plan_round(&stream(), &items, &Facts::default(), exactly).records, 5);
    let fewer = RoundLimits { records_max: 2, ..LIMITS };
    assert_eq!(plan_round(&stream(), &items, &Facts::default(), fewer).records, 3);
    let one = items[0].proposed[0].len();
    let small = RoundLimits { bytes_max: 4 * one, ..LIMITS };
    assert_eq!(plan_round(&stream(), &items, &Facts::default(), small).records, 3);
}

#[test]
fn an_expectation_counts_what_the_round_stores_before_it() {
    let items = [
        any(0, &[1]),
        pending(1, Expected::Last(Revision(0)), &[2]),
        pending(2, Expected::Empty, &[3]),
    ];
    let round = plan_round(&stream(), &items, &Facts::default(), LIMITS);
    assert!(round.outcomes[1].is_ok());
    assert!(matches!(round.outcomes[2], Err(AppendError::WrongRevision { .. })));
    assert_eq!(round.records, 2);
}

#[test]
fn other_content_has_another_id_for_the_server() {
    let prepare = |payload| {
        let record = contract::record("acme", "s", 1, payload);
        let stream = record.stream.clone();
        let item = AppendItem { stream, expected: Expected::Any, records: vec![record] };
        Pending::prepare(0, &item, 1 << 20).unwrap()
    };
    let id = |pending: &Pending| pending.proposed[0].id();
    assert_eq!(id(&prepare("x")), id(&prepare("x")));
    assert_ne!(id(&prepare("x")), id(&prepare("y")));
}

#[test]
fn a_record_at_the_limit_is_taken_and_one_past_it_is_not() {
    let record = contract::record("acme", "s", 1, "x");
    let (stream, size) = (record.stream.clone(), record.encode().len());
    let item = AppendItem { stream, expected: Expected::Any, records: vec![record] };
    assert!(Pending::prepare(0, &item, size).is_ok());
    let refused = Pending::prepare(0, &item, size - 1).unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { .. }));
}

#[test]
fn a_place_that_was_known_before_tells_an_append_that_was_sent_earlier() {
    let items = [any(0, &[1, 2])];
    let round = plan_round(&stream(), &items, &Facts::default(), LIMITS);
    let answers = round.answers(Revision(0), &[Position(10), Position(20)], Position(10));
    let told: Vec<bool> = answers[0].as_ref().unwrap().iter().map(|a| a.duplicate).collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn what_lies_ahead_counts_only_without_a_gap() {
    let item = any(0, &[7]);
    let seen =
        |first, last| Seen { run: Some((Revision(first), Revision(last))), held: vec![None] };
    let mut known = facts(&[&any(9, &[9])]);
    known.add(seen(2, 3), item.keys.iter());
    assert_eq!(known.last, Some(Revision(0)), "revision 1 may have any id");
    known.add(seen(1, 3), item.keys.iter());
    assert_eq!(known.last, Some(Revision(3)));
}
