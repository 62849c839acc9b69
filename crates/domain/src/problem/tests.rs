use serde_json::json;

use crate::input::EventInput;
use crate::problem::{ErrorCode, FieldError};

fn error_of(json: serde_json::Value) -> FieldError {
    EventInput::from_json(json.to_string().as_bytes()).unwrap_err()
}

#[test]
fn a_complaint_names_the_field_and_never_repeats_the_value() {
    for (json, path, code) in [
        (json!({"type": 5}), "type", ErrorCode::Malformed),
        (json!({"labels": "hunter2"}), "labels", ErrorCode::Malformed),
        (json!({"severity": "hunter2"}), "severity", ErrorCode::Malformed),
        (json!({"schema_version": "hunter2, expected x"}), "schema_version", ErrorCode::Malformed),
        (json!({"occurred_at": "hunter2"}), "occurred_at", ErrorCode::Malformed),
        (json!({"client": {"ip": "hunter2"}}), "client.ip", ErrorCode::Malformed),
        (json!({"targets": [{"type": "a"}, {"id": "x"}]}), "targets[1]", ErrorCode::Required),
        (json!({"typo": 1}), "typo", ErrorCode::UnknownField),
        (json!({"actor": {"nick": "x"}}), "actor.nick", ErrorCode::UnknownField),
    ] {
        let error = error_of(json.clone());
        assert_eq!((error.path.as_str(), error.code), (path, code), "{json}: {error}");
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_complaint_holds_no_control_characters_and_is_short() {
    let error = error_of(json!({ "\u{1b}[31m".repeat(500): 1 }));
    assert!(!error.message.chars().any(char::is_control));
    assert!(error.message.chars().count() <= 400);
}

#[test]
fn a_complaint_is_shown_with_its_path() {
    let error = FieldError::new("actor.id", ErrorCode::Required, "must not be empty");
    assert_eq!(error.to_string(), "`actor.id`: must not be empty");
    assert_eq!(FieldError::new("", ErrorCode::Malformed, "is no JSON").to_string(), "is no JSON");
}
