use serde_json::{Value, json};

use super::*;
use crate::examples::{catalogue, event};

fn told(json: Value) -> String {
    sentence_of(&event(json), catalogue())
}

#[test]
fn a_sentence_is_filled_from_the_event() {
    let ann = json!({"id": "u1", "name": "Ann"});
    let sentence = told(json!({
        "type": "user.password.changed", "actor": ann, "subject": {"id": "u2", "name": "Bob"},
        "metadata": {"method": "self"}
    }));
    assert_eq!(sentence, "Ann changed the password of Bob (self)");
    let sentence = told(json!({
        "type": "invoice.viewed", "actor": {"id": "u1", "email": "ann@example.org"},
        "targets": [{"type": "invoice", "id": "7", "name": "March"}]
    }));
    assert_eq!(sentence, "ann@example.org viewed invoice March");
}

#[test]
fn how_it_ended_is_told_unless_it_went_well() {
    for (outcome, end) in [
        ("success", ""),
        ("unknown", ""),
        ("failure", " (failed)"),
        ("denied", " (denied)"),
        ("partial", " (in part)"),
    ] {
        let json = json!({"type": "invoice.viewed", "user_id": "u1", "resource_type": "invoice", "outcome": outcome});
        assert_eq!(told(json), format!("u1 viewed invoice{end}"));
    }
}

#[test]
fn what_is_missing_is_said_to_be_unknown() {
    assert_eq!(told(json!({"type": "invoice.viewed"})), "Somebody unknown viewed (unknown)");
}

#[test]
fn an_unknown_type_is_told_plainly() {
    assert_eq!(told(json!({"type": "x.y", "user_id": "u1"})), "u1: x.y");
    let json = json!({"type": "x.y", "user_id": "u1", "resource_type": "file", "resource_id": "f"});
    assert_eq!(told(json), "u1: x.y on file f");
}

#[test]
fn what_people_wrote_is_shortened_and_cannot_fill_in_more() {
    let name = "{subject}".repeat(50);
    let sentence = told(
        json!({"type": "invoice.viewed", "actor": {"id": "u", "name": name}, "resource_type": "i"}),
    );
    assert!(sentence.starts_with("{subject}{subject}"));
    assert!(sentence.chars().count() < VALUE_CHARS_MAX + 20, "{sentence}");
}

#[test]
fn placeholders_without_meaning_are_found() {
    assert_eq!(unknown_placeholder("{actor} did {metadata.x} to {target}"), None);
    assert_eq!(unknown_placeholder("{who} did"), Some("who".into()));
    assert_eq!(unknown_placeholder("{metadata.} did"), Some("metadata.".into()));
    assert_eq!(unknown_placeholder("by {actor"), Some("actor".into()));
    assert_eq!(unknown_placeholder("none"), None);
}
