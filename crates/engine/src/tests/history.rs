//! What became of a thing.

use std::sync::Arc;

use annals_domain::event::{Change, ChangeOperation, Target};
use annals_domain::filter::{Filter, Order};
use annals_domain::time::DateTime;
use annals_domain::{Event, Position, Recorded, Revision, StreamName};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::machine::{Machine, event, everything_of, numbers, record_all, wait_for};
use crate::{HistoryRequest, Part, last_changes};

fn part(path: Option<&str>) -> Part {
    Part { target_type: "account".into(), target_id: "a-1".into(), path: path.map(str::to_owned) }
}

fn change(path: &str, after: Value) -> Change {
    let op = if after.is_null() { ChangeOperation::Remove } else { ChangeOperation::Replace };
    Change { path: path.into(), op, before: Value::Null, after }
}

fn changing(number: u64, target_type: &str, id: &str, changes: Vec<Change>) -> Event {
    let mut event = event(number, "ann", &format!("change {number}"));
    let (target_type, id) = (target_type.to_owned(), Some(id.to_owned()));
    event.targets = vec![Target { target_type, id, name: None, owner: None }];
    event.changes = changes;
    event.occurred_at = at(number);
    event
}

fn at(second: u64) -> DateTime {
    DateTime::utc(Timestamp::from_second(1_700_000_000 + second as i64).unwrap())
}

fn recorded(event: Event) -> Recorded {
    Recorded {
        position: Position(1),
        stream: StreamName::from_stored("person-acme.x"),
        revision: Revision(1),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn held(path: Option<&str>, newest_first: &[Vec<Change>]) -> Vec<(String, Value)> {
    let event = |changes: &Vec<Change>| recorded(changing(1, "Account", "a-1", changes.clone()));
    let events: Vec<Recorded> = newest_first.iter().map(event).collect();
    let part = part(path);
    let last = last_changes(&part, &events);
    last.into_iter().map(|(_, change)| (change.path.clone(), change.after.clone())).collect()
}

#[test]
fn the_last_change_of_each_field_holds() {
    let values = held(
        None,
        &[
            vec![change("/role", json!("admin")), change("/role", json!("owner"))],
            vec![change("/role", json!("user")), change("/name", json!("Ann"))],
        ],
    );
    assert_eq!(values, [("/role".into(), json!("owner")), ("/name".into(), json!("Ann"))]);
}

#[test]
fn what_was_set_as_a_whole_or_removed_later_holds_no_longer() {
    let values = held(
        None,
        &[
            vec![change("/address", json!({"city": "Utrecht"})), change("/phone", Value::Null)],
            vec![change("/address/city", json!("Delft")), change("/phone/home", json!("1"))],
            vec![change("/addresses", json!(2))],
        ],
    );
    let utrecht = json!({"city": "Utrecht"});
    assert_eq!(values, [("/address".into(), utrecht), ("/addresses".into(), json!(2))]);
}

#[test]
fn a_part_is_a_field_and_what_is_inside_it() {
    let changes = vec![
        change("/role", json!(1)),
        change("/role/name", json!(2)),
        change("/roles", json!(3)),
        change("/Role", json!(4)),
    ];
    let paths = |target_type: &str, id: &str, path: Option<&str>| -> Vec<Value> {
        let event = changing(1, target_type, id, changes.clone());
        part(path).changes_in(&event).map(|change| change.after.clone()).collect()
    };
    assert_eq!(paths("ACCOUNT", "a-1", Some("/role")), [json!(1), json!(2)]);
    assert_eq!(paths("account", "a-1", None).len(), 4);
    assert!(paths("account", "A-1", None).is_empty(), "identifiers are told apart by case");
    assert!(paths("invoice", "a-1", None).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_read_newest_first_and_on_from_where_it_ended() {
    let machine = Machine::default();
    let system = machine.start().await;
    let role = |number: u64| vec![change("/role", json!(number))];
    let mut events: Vec<Event> =
        (1..=5).map(|number| changing(number, "account", "a-1", role(number))).collect();
    events.push(changing(6, "account", "a-2", role(6)));
    events.push(changing(7, "account", "a-1", vec![change("/name", json!("Ann"))]));
    // The type of one target and the id of another are not the target.
    let mut mixed = changing(8, "account", "a-2", role(8));
    mixed.targets.push(Target {
        target_type: "invoice".into(),
        id: Some("a-1".into()),
        name: None,
        owner: None,
    });
    events.push(mixed);
    let position = record_all(&system, events).await;
    wait_for(&system, position).await;

    let ask_for = async |order, after| {
        let scope = everything_of("acme");
        let (filter, part) = (Filter::All, part(Some("/role")));
        let request = HistoryRequest { scope, filter, part, order, after, limit: 3 };
        system.queries.history(request).await.unwrap()
    };
    let ask = async |after| ask_for(Order::OccurredNewest, after).await;
    let first = ask(None).await;
    assert_eq!(numbers(&first.events), [5, 4], "one of three was not of this account");
    let second = ask(first.next).await;
    assert_eq!(numbers(&second.events), [3, 2, 1]);
    assert_eq!(second.next, None);
    let oldest = ask_for(Order::OccurredOldest, None).await;
    assert_eq!(numbers(&oldest.events), [1, 2, 3]);
    let newer = ask_for(Order::OccurredOldest, oldest.next).await;
    assert_eq!(numbers(&newer.events), [4, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_at_a_time_are_those_that_were_set_by_then() {
    let machine = Machine::default();
    let system = machine.start().await;
    let role = |number: u64| vec![change("/role", json!(number))];
    let events = [10, 20, 30].map(|number| changing(number, "account", "a-1", role(number)));
    let position = record_all(&system, events.to_vec()).await;
    wait_for(&system, position).await;
    let scope = everything_of("acme");
    let part = part(None);
    for (second, expected) in [(9, None), (10, Some(10)), (19, Some(10)), (20, Some(20))] {
        let time = at(second).timestamp;
        let past = system.queries.values_at(&scope, Filter::All, &part, time).await.unwrap();
        assert!(past.complete);
        let held = last_changes(&part, &past.events);
        let value = held.first().map(|(_, change)| change.after.clone());
        assert_eq!(value, expected.map(|number| json!(number)), "at {second}");
    }
}
