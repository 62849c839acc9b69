use annals_domain::{Position, Revision, StreamName};
use serde_json::json;

use super::*;

fn recorded(position: u64) -> Recorded {
    let event: Event = serde_json::from_value(json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "type": "user.signed.in",
        "schema_version": 1,
        "tenant": "acme",
        "source": "tests",
        "occurred_at": "2026-11-21T09:00:00Z",
        "received_at": "2026-11-21T09:00:01.250Z",
        "operation": "login",
        "severity": "info",
        "outcome": {"status": "success"},
        "actor": {"type": "user", "id": "ann"},
    }))
    .unwrap();
    Recorded {
        position: Position(position),
        stream: StreamName::from_stored("person-acme.x"),
        revision: Revision(0),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn raw(text: &str) -> Arc<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap().into()
}

#[test]
fn what_is_shown_to_many_is_written_once() {
    let bodies = Bodies::default();
    let event = recorded(7);
    let shared = event.clone();
    assert_eq!(bodies.kept(&event, || raw("1")).get(), "1");
    assert_eq!(bodies.kept(&shared, || raw("2")).get(), "1");
}

#[test]
fn of_whom_something_is_hidden_gets_a_body_of_their_own() {
    let bodies = Bodies::default();
    let event = recorded(7);
    let mut masked = event.clone();
    assert_eq!(bodies.kept(&event, || raw("\"whole\"")).get(), "\"whole\"");
    Arc::make_mut(&mut masked.event).actor.id = None;
    assert_eq!(bodies.kept(&masked, || raw("\"masked\"")).get(), "\"masked\"");
    let also_masked = masked.clone();
    assert_eq!(bodies.kept(&also_masked, || raw("\"masked\"")).get(), "\"masked\"");
    assert_eq!(bodies.kept(&event, || raw("\"whole\"")).get(), "\"whole\"");
}

#[test]
fn a_body_ends_with_its_event_and_another_takes_its_place() {
    let bodies = Bodies::default();
    let (first, later) = (recorded(7), recorded(7 + SLOTS as u64));
    let (_shared, _also) = (first.clone(), later.clone());
    assert_eq!(bodies.kept(&first, || raw("1")).get(), "1");
    assert_eq!(bodies.kept(&later, || raw("2")).get(), "2");
    assert_eq!(bodies.kept(&first, || raw("3")).get(), "3");
    // Changed where it stands, it is no longer the event that was written.
    let mut changed = first;
    drop(_shared);
    Arc::make_mut(&mut changed.event).actor.id = None;
    let _again = changed.clone();
    assert_eq!(bodies.kept(&changed, || raw("4")).get(), "4");
}

#[test]
fn the_largest_are_not_kept() {
    let bodies = Bodies::default();
    let event = recorded(7);
    let _shared = event.clone();
    let large = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX));
    bodies.kept(&event, || raw(&large));
    assert_eq!(bodies.kept(&event, || raw("2")).get(), "2");
}
