use serde_json::json;

use super::*;
use crate::problem::ErrorCode;

fn read(text: &str) -> Result<EventInput, FieldError> {
    EventInput::from_json(text.as_bytes())
}

#[test]
fn short_names_are_read_as_the_long_ones() {
    let short = json!({
        "action": "a.b", "timestamp": "2026-01-01T00:00:00Z", "message": "hello",
        "ip_address": "10.0.0.1", "user_id": "u", "resource_type": "t", "session_id": "s"
    });
    let input = read(&short.to_string()).unwrap();
    assert_eq!(input.event_type.as_deref(), Some("a.b"));
    assert_eq!(input.description.as_deref(), Some("hello"));
    assert!(input.occurred_at.is_some());
}

#[test]
fn a_key_named_twice_is_refused_wherever_it_stands() {
    for text in [
        r#"{"type":"a","type":"b"}"#,
        r#"{"type":"a","action":"b"}"#,
        r#"{"metadata":{"a":1,"a":2}}"#,
        r#"{"metadata":{"x":[{"a":1,"a":2}]}}"#,
        r#"{"labels":{"a":"1","a":"2"}}"#,
        r#"{"actor":{"id":"u","alt_ids":{"a":"1","a":"2"}}}"#,
        r#"{"subject":{"id":"u","alt_ids":{"a":"1","a":"2"}}}"#,
        r#"{"before":{"a":1,"a":2}}"#,
        r#"{"after":{"b":{"a":1,"a":2}}}"#,
        r#"{"changes":[{"path":"/a","op":"add","after":{"a":1,"a":2}}]}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn an_outcome_is_a_word_or_an_object() {
    let outcome = |text: &str| read(text).map(|input| input.outcome.unwrap());
    assert_eq!(outcome(r#"{"outcome":"denied"}"#).unwrap().status, OutcomeStatus::Denied);
    let object = outcome(r#"{"outcome":{"code":"404"}}"#).unwrap();
    assert_eq!((object.status, object.code.as_deref()), (OutcomeStatus::Success, Some("404")));
    for text in [r#"{"outcome":"fine"}"#, r#"{"outcome":{"colour":"red"}}"#, r#"{"outcome":3}"#] {
        assert!(outcome(text).is_err(), "{text}");
    }
}

#[test]
fn nothing_may_follow_the_object() {
    assert_eq!(read(r#"{"type":"a"} {"type":"b"}"#).unwrap_err().code, ErrorCode::Malformed);
    for text in ["", "null", "[]", "{", "\"x\"", "\u{feff}{}"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn the_same_content_has_the_same_canonical_form() {
    let long = read(r#"{"type":"a","description":"x","metadata":{"a":1,"b":2}}"#).unwrap();
    let other_order = read(r#"{"metadata":{"b":2,"a":1},"message":"x","action":"a"}"#).unwrap();
    assert_eq!(long.canonical_json(), other_order.canonical_json());
    let different = read(r#"{"type":"a","description":"y","metadata":{"a":1,"b":2}}"#).unwrap();
    assert_ne!(long.canonical_json(), different.canonical_json());
}
