use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{Operation, OutcomeStatus};
use crate::examples::{event, recorded, tenant};

fn person(id: &str) -> PersonRef {
    PersonRef { tenant: tenant(), id: id.into() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_actor_is_seen_with_device_place_and_session() {
    let login = |day: u32| {
        event(json!({
            "type": "user.login", "occurred_at": format!("2026-01-0{day}T00:00:00Z"),
            "actor": {"id": "ann", "name": "Ann"}, "session_id": "s1",
            "client": {"device": {"name": "iPhone"}, "geo": {"country": "NL"}, "ip": "10.0.0.1"}
        }))
    };
    let deltas = deltas(&[recorded(1, login(2)), recorded(2, login(1))]);
    let delta = &deltas[&person("ann")];
    let seen =
        Seen { first: at("2026-01-01T00:00:00Z"), last: at("2026-01-02T00:00:00Z"), count: 2 };
    assert_eq!(delta.seen, Some(seen));
    assert_eq!(delta.timeline, [Position(1), Position(2)]);
    assert_eq!(delta.name, Some((Position(2), "Ann".into())));
    assert_eq!(delta.devices.values().collect::<Vec<_>>(), [&seen]);
    assert_eq!(delta.places.keys().next().unwrap().country, "NL");
    assert_eq!(delta.places.keys().next().unwrap().ip, "");
    assert_eq!(delta.sessions["s1"], SessionSeen { seen, ended: None });
    assert_eq!(delta.counts["user.login"].values().sum::<u64>(), 2);
}

#[test]
fn a_subject_is_seen_but_not_in_the_circumstances_of_the_actor() {
    let json = json!({
        "type": "invoice.viewed", "user_id": "ann", "subject": {"id": "bob", "name": "Bob"},
        "session_id": "s1", "ip_address": "::ffff:10.0.0.1"
    });
    let deltas = deltas(&[recorded(1, event(json))]);
    assert_eq!(deltas[&person("ann")].places.keys().next().unwrap().ip, "10.0.0.1");
    let bob = &deltas[&person("bob")];
    assert!(bob.places.is_empty() && bob.sessions.is_empty() && bob.devices.is_empty());
    assert_eq!(bob.seen.unwrap().count, 1);
}

#[test]
fn somebody_acting_on_their_own_account_is_seen_once() {
    let own = json!({"type": "a.b", "user_id": "ann", "subject": {"id": "ann", "name": "Ann"}});
    let deltas = deltas(&[recorded(1, event(own))]);
    assert_eq!(deltas.len(), 1);
    let ann = &deltas[&person("ann")];
    assert_eq!(ann.seen.unwrap().count, 1);
    assert_eq!(ann.name.as_ref().unwrap().1, "Ann");
}

#[test]
fn events_are_counted_by_outcome_and_by_operation() {
    let changed = |status: &str| {
        event(json!({
            "type": "a.b", "operation": "update", "user_id": "ann", "outcome": {"status": status}
        }))
    };
    let events = ["success", "failure", "success"].map(changed);
    let list: Vec<_> = events.into_iter().zip(1..).map(|(event, at)| recorded(at, event)).collect();
    let deltas = deltas(&list);
    let kinds = deltas[&person("ann")].counts["a.b"].clone();
    let counts: Counts =
        kinds.into_iter().map(|(kind, count)| ("a.b".to_owned(), kind, count)).collect();
    assert_eq!(counts.types, [("a.b".to_owned(), 3)]);
    assert_eq!(counts.outcomes, [(OutcomeStatus::Success, 2), (OutcomeStatus::Failure, 1)]);
    assert_eq!(counts.operations, [(Operation::Update, 3)]);
}

#[test]
fn a_session_ends_when_somebody_signs_out_of_it_and_not_when_that_fails() {
    let out = |at: &str, status: &str| {
        event(json!({
            "type": "a.b", "operation": "logout", "user_id": "ann", "session_id": "s1",
            "occurred_at": at, "outcome": {"status": status}
        }))
    };
    let failed = recorded(1, out("2026-01-02T00:00:00Z", "failure"));
    assert_eq!(deltas(&[failed]).remove(&person("ann")).unwrap().sessions["s1"].ended, None);
    let done = recorded(2, out("2026-01-01T00:00:00Z", "success"));
    let session = deltas(&[done]).remove(&person("ann")).unwrap().sessions["s1"];
    assert_eq!(session.ended, Some(at("2026-01-01T00:00:00Z")));
}

#[test]
fn services_and_the_unknown_have_no_profile() {
    let service = json!({"type": "a.b", "actor": {"type": "service", "id": "cron"}});
    assert!(
        deltas(&[recorded(1, event(service)), recorded(2, event(json!({"type": "a.b"})))])
            .is_empty()
    );
}

fn any_event() -> impl Strategy<Value = Value> {
    let ids = ["ann", "bob", "cy"];
    let operations = ["read", "export", "logout", "update"];
    (0..3usize, 0..3usize, 0..2u32, 1..9u32, 0..3u32, 0..4usize).prop_map(
        move |(actor, subject, device, day, session, operation)| {
            json!({
                "type": format!("type.t{device}"),
                "operation": operations[operation],
                "targets": [{"type": "note", "owner": ids[(day % 3) as usize]}],
                "justification": {"reason": format!("ticket {day}")},
                "occurred_at": format!("2026-01-0{day}T00:00:00Z"),
                "actor": {"id": ids[actor], "name": format!("{} {day}", ids[actor])},
                "subject": {"id": ids[subject]},
                "client": {"device": {"name": format!("d{device}")}, "ip": "10.0.0.1"},
                "session_id": format!("s{session}")
            })
        },
    )
}

fn sum(
    parts: impl IntoIterator<Item = BTreeMap<PersonRef, ProfileDelta>>,
) -> BTreeMap<PersonRef, ProfileDelta> {
    let mut sum = BTreeMap::<PersonRef, ProfileDelta>::new();
    for (person, delta) in parts.into_iter().flatten() {
        let before = sum.remove(&person).unwrap_or_default();
        sum.insert(person, before.plus(delta));
    }
    sum
}

proptest! {
    #[test]
    fn a_batch_adds_what_its_parts_add_in_any_order(
        events in proptest::collection::vec(any_event(), 0..12),
        cut in 0..12usize,
    ) {
        let list: Vec<_> =
            events.into_iter().zip(1..).map(|(json, i)| recorded(i, event(json))).collect();
        let (left, right) = list.split_at(cut.min(list.len()));
        let whole = deltas(&list);
        prop_assert_eq!(sum([deltas(left), deltas(right)]), whole.clone());
        prop_assert_eq!(sum([deltas(right), deltas(left)]), whole);
    }
}
