//! Which events are a look at somebody, and what is kept of them.

use serde_json::{Value, json};

use super::super::{PersonRef, ProfileDelta, deltas};
use super::*;
use crate::access::READ_TYPE;
use crate::examples::{event, recorded, tenant};

/// What an event adds to somebody's profile.
fn delta_of(person: &str, json: Value) -> ProfileDelta {
    let person = PersonRef { tenant: tenant(), id: person.into() };
    deltas(&[recorded(7, event(json))]).remove(&person).unwrap_or_default()
}

fn user(id: &str) -> Viewer {
    Viewer { actor_type: ActorType::User, id: id.into() }
}

/// Kim reads what is Ann's, but for these changes.
fn reading(changes: Value) -> Value {
    let mut json = json!({
        "type": "record.viewed", "operation": "read", "outcome": {"status": "success"},
        "actor": {"id": "kim", "name": "Kim"}, "subject": {"id": "ann"}
    });
    for (name, value) in changes.as_object().unwrap() {
        json[name] = value.clone();
    }
    json
}

#[test]
fn who_reads_or_exports_what_is_somebody_elses_is_a_viewer() {
    let delta = delta_of("ann", reading(json!({"justification": {"reason": "ticket 7"}})));
    assert_eq!(delta.accesses, [(Position(7), Concern::Subject)]);
    let views = &delta.viewers[&user("kim")];
    assert_eq!((views.seen.count, views.exports), (1, 0));
    assert_eq!(views.name, Some((Position(7), "Kim".into())));
    assert_eq!(views.purposes.keys().collect::<Vec<_>>(), ["ticket 7"]);
    let delta = delta_of("ann", reading(json!({"operation": "export"})));
    assert_eq!(delta.viewers[&user("kim")].exports, 1);
    let service = json!({"actor": {"type": "service", "id": "cron"}});
    let cron = Viewer { actor_type: ActorType::Service, id: "cron".into() };
    assert!(delta_of("ann", reading(service)).viewers.contains_key(&cron));
}

#[test]
fn nobody_is_a_viewer_of_themselves_or_by_what_was_refused_or_did_something_else() {
    for changes in [
        json!({"actor": {"id": "ann"}}),
        json!({"outcome": {"status": "denied"}}),
        json!({"outcome": {"status": "failure"}}),
        json!({"operation": "update"}),
        json!({"operation": "login"}),
    ] {
        let delta = delta_of("ann", reading(changes.clone()));
        assert!(delta.viewers.is_empty() && delta.accesses.is_empty(), "{changes}");
    }
    assert!(delta_of("kim", reading(json!({}))).viewers.is_empty());
}

#[test]
fn an_owner_is_told_who_looked_but_nothing_that_is_about_somebody_else() {
    let targets = json!([
        {"type": "note", "owner": "ann"}, {"type": "note", "owner": "ann"}, {"type": "note"},
        {"type": "note", "owner": "bob"}, {"type": "note", "owner": "kim"}
    ]);
    let json = reading(json!({
        "subject": {"id": "bob"}, "targets": targets, "justification": {"reason": "Bob is ill"}
    }));
    let ann = delta_of("ann", json.clone());
    assert_eq!(ann.accesses, [(Position(7), Concern::Owner)]);
    let views = &ann.viewers[&user("kim")];
    assert_eq!((views.seen.count, &views.name, views.purposes.len()), (1, &None, 0));
    assert_eq!(ann.seen, None, "an owner is not seen in the event");
    let bob = delta_of("bob", json.clone());
    assert_eq!(bob.accesses, [(Position(7), Concern::Subject)]);
    assert_eq!(bob.viewers[&user("kim")].purposes.len(), 1);
    assert!(delta_of("kim", json).viewers.is_empty());
}

#[test]
fn a_look_at_the_log_itself_counts_and_adds_nothing_else() {
    // Nobody can send one.
    let mut trace = event(reading(json!({"metadata": {"purpose": " a complaint "}})));
    trace.event_type = READ_TYPE.into();
    let ann = PersonRef { tenant: tenant(), id: "ann".into() };
    let delta = deltas(&[recorded(7, trace)]).remove(&ann).unwrap();
    assert_eq!(delta.viewers[&user("kim")].purposes.keys().collect::<Vec<_>>(), ["a complaint"]);
    let of_an_application = delta_of("ann", reading(json!({"metadata": {"purpose": "x"}})));
    assert!(of_an_application.viewers[&user("kim")].purposes.is_empty());
    assert_eq!((delta.seen, delta.timeline.len(), delta.counts.len()), (None, 0, 0));
}

#[test]
fn of_a_long_purpose_the_beginning_is_kept() {
    let long = "\u{e9}".repeat(PURPOSE_BYTES_MAX);
    let delta = delta_of("ann", reading(json!({"justification": {"reason": long}})));
    let views = &delta.viewers[&user("kim")];
    assert_eq!(views.purposes.keys().next().unwrap().len(), PURPOSE_BYTES_MAX);
}
