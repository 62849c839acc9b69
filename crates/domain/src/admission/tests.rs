use serde_json::{Value, json};

use super::*;
use crate::examples::{admitted, admitted_with, event, full_event, limits};

#[track_caller]
fn refused(json: Value, path: &str, code: ErrorCode) {
    let errors = admitted(json).expect_err("must be refused");
    let found = errors.iter().any(|error| error.path == path && error.code == code);
    assert!(found, "no {code:?} at `{path}` in {errors:?}");
}

/// `make(max)` is taken, `make(max + 1)` is refused as too large at `path`.
#[track_caller]
fn limited(path: &str, max: usize, make: impl Fn(usize) -> Value) {
    if let Err(errors) = admitted(make(max)) {
        panic!("`{path}` at its limit: {errors:?}");
    }
    refused(make(max + 1), path, ErrorCode::TooLarge);
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

/// An object of `count` keys.
fn keys(count: usize) -> Value {
    Value::Object((0..count).map(|i| (format!("k{i}"), json!("v"))).collect())
}

/// A list in a list in a list …
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn the_least_event_is_completed() {
    let event = event(json!({"type": "x.y"}));
    assert_eq!(event.id, EventId(uuid::Uuid::from_u128(1)));
    assert_eq!((event.operation, event.severity), (Operation::Other, Severity::Info));
    assert_eq!(event.outcome.status, OutcomeStatus::Success);
    assert_eq!(event.actor.actor_type, ActorType::Anonymous);
    assert_eq!(event.source, "tests");
    assert_eq!(event.occurred_at, event.received_at);
    assert_eq!((event.subject, event.schema_version), (None, 1));
}

#[test]
fn the_catalogue_fills_in_what_the_caller_leaves_out() {
    let metadata = json!({"method": "self"});
    let json = json!({"type": "user.password.changed", "user_id": "u", "metadata": metadata});
    let event = event(json.clone());
    assert_eq!((event.operation, event.severity), (Operation::Update, Severity::Warning));
    assert_eq!(event.schema_version, 2);
    let mut own = json;
    own["severity"] = json!("critical");
    own["schema_version"] = json!(1);
    let event = crate::examples::event(own);
    assert_eq!((event.severity, event.schema_version), (Severity::Critical, 1));
}

#[test]
fn metadata_is_held_against_the_version_that_it_was_sent_with() {
    let sent = |version: u32, metadata: serde_json::Value| json!({"type": "user.password.changed", "schema_version": version, "user_id": "u", "metadata": metadata});
    let old = json!({"how": "own", "attempts": "3"});
    let event = event(sent(1, old.clone()));
    assert_eq!(event.schema_version, 1);
    assert_eq!(serde_json::Value::Object(event.metadata), old, "what is stored is what was sent");
    refused(sent(2, old), "metadata.attempts", ErrorCode::Schema);
    refused(sent(1, json!({"attempts": 3})), "metadata.attempts", ErrorCode::Schema);
    refused(sent(1, json!({"password": "x"})), "metadata.password", ErrorCode::Schema);
}

#[test]
fn a_person_who_acts_is_the_subject_unless_another_is_named() {
    let own = event(json!({"type": "a.b", "actor": {"id": "u", "name": "Ann"}}));
    let subject = own.subject.unwrap();
    assert_eq!((subject.id.as_str(), subject.name.as_deref()), ("u", Some("Ann")));
    let service = event(json!({"type": "a.b", "actor": {"type": "service", "id": "cron"}}));
    assert_eq!(service.subject, None);
    let other = event(json!({"type": "a.b", "user_id": "u", "subject": {"id": "v"}}));
    assert_eq!(other.subject.unwrap().id, "v");
}

#[test]
fn short_names_fill_the_long_fields() {
    let event = event(json!({
        "action": "a.b", "user_id": "u", "resource_type": "invoice", "resource_id": "7",
        "ip_address": "10.0.0.1", "user_agent": "curl", "session_id": "s", "message": "m",
        "timestamp": "2026-01-01T00:00:00+02:00", "before": {"a": 1}, "after": {"a": 2}
    }));
    assert_eq!(event.actor.id.as_deref(), Some("u"));
    assert_eq!(event.targets[0].id.as_deref(), Some("7"));
    assert_eq!(event.client.ip.unwrap().to_string(), "10.0.0.1");
    assert_eq!(event.session.unwrap().id.as_deref(), Some("s"));
    assert_eq!(event.occurred_at.to_string(), "2026-01-01T00:00:00+02:00");
    assert_eq!(event.changes[0].path, "/a");
}

#[test]
fn fields_that_say_different_things_are_refused_and_the_same_thing_twice_is_not() {
    let contradiction = ErrorCode::Contradiction;
    let with = |extra: Value| {
        let mut json = json!({"type": "a.b"});
        json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json
    };
    for (extra, path) in [
        (json!({"user_id": "u", "actor": {"id": "v"}}), "user_id"),
        (json!({"ip_address": "10.0.0.1", "client": {"ip": "10.0.0.2"}}), "ip_address"),
        (json!({"user_agent": "a", "client": {"user_agent": "b"}}), "user_agent"),
        (json!({"session_id": "a", "session": {"id": "b"}}), "session_id"),
        (json!({"resource_type": "a", "targets": [{"type": "b"}]}), "resource_type"),
        (json!({"resource_id": "a", "targets": [{"type": "b"}]}), "resource_id"),
        (json!({"before": 1, "changes": [{"path": "/a", "op": "add"}]}), "before"),
        (json!({"after": 1, "changes": [{"path": "/a", "op": "add"}]}), "after"),
    ] {
        refused(with(extra), path, contradiction);
    }
    for extra in [
        json!({"user_id": "u", "actor": {"id": "u"}}),
        json!({"user_id": "u", "actor": {"name": "Ann"}}),
        json!({"ip_address": "10.0.0.1", "client": {"ip": "10.0.0.1"}}),
        json!({"session_id": "a", "session": {"id": "a", "mfa": true}}),
    ] {
        assert!(admitted(with(extra)).is_ok());
    }
}

#[test]
fn what_is_required_is_asked_for_by_its_path() {
    let required = ErrorCode::Required;
    refused(json!({}), "type", required);
    refused(json!({"type": ""}), "type", required);
    refused(json!({"type": "a.b", "actor": {"type": "user"}}), "actor.id", required);
    refused(json!({"type": "a.b", "actor": {"id": ""}}), "actor.id", required);
    refused(json!({"type": "a.b", "subject": {"name": "Ann"}}), "subject.id", required);
    refused(json!({"type": "a.b", "subject": {"id": ""}}), "subject.id", required);
    refused(json!({"type": "a.b", "resource_id": "7"}), "resource_type", required);
    refused(json!({"type": "a.b", "targets": [{"type": ""}]}), "targets[0].type", required);
    let principals = json!({"type": "a.b", "on_behalf_of": [{"type": "agent"}]});
    refused(principals, "on_behalf_of[0].id", required);
}

#[test]
fn short_text_is_limited() {
    let limits = limits();
    let name = limits.name_bytes_max;
    limited("type", limits.type_bytes_max, |n| json!({"type": x(n)}));
    limited("source", name, |n| json!({"type": "a", "source": x(n)}));
    limited("environment", name, |n| json!({"type": "a", "environment": x(n)}));
    limited("app_version", name, |n| json!({"type": "a", "app_version": x(n)}));
    limited("outcome.code", name, |n| json!({"type": "a", "outcome": {"code": x(n)}}));
    limited("actor.name", name, |n| json!({"type": "a", "actor": {"name": x(n)}}));
    limited("actor.email", name, |n| json!({"type": "a", "actor": {"email": x(n)}}));
    limited("actor.roles[0]", name, |n| json!({"type": "a", "actor": {"roles": [x(n)]}}));
    limited("subject.name", name, |n| json!({"type": "a", "subject": {"id": "u", "name": x(n)}}));
    for field in ["type", "name"] {
        let path = format!("targets[0].{field}");
        limited(&path, name, |n| {
            let mut target = json!({"type": "t"});
            target[field] = json!(x(n));
            json!({"type": "a", "targets": [target]})
        });
    }
    for field in ["name", "type", "os", "browser"] {
        let path = format!("client.device.{field}");
        limited(&path, name, |n| json!({"type": "a", "client": {"device": {field: x(n)}}}));
    }
    for field in ["country", "region", "city"] {
        let path = format!("client.geo.{field}");
        limited(&path, name, |n| json!({"type": "a", "client": {"geo": {field: x(n)}}}));
    }
    for field in ["ticket", "legal_basis"] {
        let path = format!("justification.{field}");
        limited(&path, name, |n| json!({"type": "a", "justification": {field: x(n)}}));
    }
    limited(
        "session.auth_method",
        name,
        |n| json!({"type": "a", "session": {"auth_method": x(n)}}),
    );
    limited(
        "changes[0].path",
        name,
        |n| json!({"type": "a", "changes": [{"path": x(n), "op": "add"}]}),
    );
    limited(
        "client.user_agent",
        limits.user_agent_bytes_max,
        |n| json!({"type": "a", "user_agent": x(n)}),
    );
}

#[test]
fn identifiers_and_long_texts_are_limited() {
    let limits = limits();
    let id = limits.id_bytes_max;
    limited("actor.id", id, |n| json!({"type": "a", "user_id": x(n)}));
    limited("subject.id", id, |n| json!({"type": "a", "subject": {"id": x(n)}}));
    limited("session.id", id, |n| json!({"type": "a", "session_id": x(n)}));
    limited("producer.id", id, |n| json!({"type": "a", "producer": {"id": x(n), "seq": 1}}));
    for field in ["id", "owner"] {
        let path = format!("targets[0].{field}");
        limited(&path, id, |n| json!({"type": "a", "targets": [{"type": "t", field: x(n)}]}));
    }
    for field in ["id", "correlation_id", "causation_id", "traceparent"] {
        let path = format!("request.{field}");
        limited(&path, id, |n| json!({"type": "a", "request": {field: x(n)}}));
    }
    limited("on_behalf_of[0].id", id, |n| json!({"type": "a", "on_behalf_of": [{"id": x(n)}]}));
    let text = limits.text_bytes_max;
    limited("description", text, |n| json!({"type": "a", "description": x(n)}));
    limited("outcome.reason", text, |n| json!({"type": "a", "outcome": {"reason": x(n)}}));
    limited(
        "justification.reason",
        text,
        |n| json!({"type": "a", "justification": {"reason": x(n)}}),
    );
}

#[test]
fn lists_and_maps_are_limited() {
    let limits = limits();
    let target = json!({"type": "t"});
    limited("targets", limits.targets_max, |n| json!({"type": "a", "targets": vec![&target; n]}));
    let change = json!({"path": "/a", "op": "add", "after": 1});
    limited("changes", limits.changes_max, |n| json!({"type": "a", "changes": vec![&change; n]}));
    limited("changes", limits.changes_max, |n| json!({"type": "a", "after": keys(n)}));
    let principal = json!({"id": "u"});
    limited(
        "on_behalf_of",
        limits.on_behalf_of_max,
        |n| json!({"type": "a", "on_behalf_of": vec![&principal; n]}),
    );
    limited(
        "actor.roles",
        limits.roles_max,
        |n| json!({"type": "a", "actor": {"roles": vec!["r"; n]}}),
    );
    limited(
        "actor.alt_ids",
        limits.alt_ids_max,
        |n| json!({"type": "a", "actor": {"alt_ids": keys(n)}}),
    );
    limited(
        "subject.alt_ids",
        limits.alt_ids_max,
        |n| json!({"type": "a", "subject": {"id": "u", "alt_ids": keys(n)}}),
    );
    limited("labels", limits.labels_max, |n| json!({"type": "a", "labels": keys(n)}));
    limited("labels.k", limits.name_bytes_max, |n| json!({"type": "a", "labels": {"k": x(n)}}));
    limited("labels", limits.name_bytes_max, |n| json!({"type": "a", "labels": {x(n): "v"}}));
    refused(json!({"type": "a", "labels": {"": "v"}}), "labels", ErrorCode::TooLarge);
}

#[test]
fn metadata_and_values_are_limited_in_keys_and_depth() {
    let limits = limits();
    limited("metadata", limits.metadata_keys_max, |n| json!({"type": "a", "metadata": keys(n)}));
    limited(
        "metadata",
        limits.metadata_keys_max,
        |n| json!({"type": "a", "metadata": {"list": [keys(n - 1)]}}),
    );
    let depth = limits.metadata_depth_max;
    limited("metadata.a", depth, |n| json!({"type": "a", "metadata": {"a": nested(n - 1)}}));
    limited("before", depth, |n| json!({"type": "a", "before": nested(n)}));
    limited("after", depth, |n| json!({"type": "a", "after": nested(n)}));
    for field in ["before", "after"] {
        limited(
            &format!("changes[0].{field}"),
            depth,
            |n| json!({"type": "a", "changes": [{"path": "/a", "op": "replace", field: nested(n)}]}),
        );
    }
}

#[test]
fn control_characters_are_refused_but_texts_may_have_lines() {
    let control = ErrorCode::ControlCharacter;
    for bad in ["\0", "\u{1b}[31m", "a\u{7f}", "a\u{85}b", "line\nline"] {
        refused(json!({"type": "a", "user_id": bad}), "actor.id", control);
        refused(json!({"type": "a", "labels": {"k": bad}}), "labels.k", control);
        refused(json!({"type": "a", "labels": {bad: "v"}}), "labels", control);
        refused(json!({"type": "a", "metadata": {bad: 1}}), "metadata", control);
    }
    for bad in ["\0", "\u{1b}[31m", "a\u{7f}", "a\u{85}b"] {
        refused(json!({"type": "a", "description": bad}), "description", control);
        let metadata = json!({"type": "a", "metadata": {"a": {"b": ["fine", {"c": bad}]}}});
        refused(metadata, "metadata.a.b[1].c", control);
        let changes =
            json!({"type": "a", "changes": [{"path": "/a", "op": "add", "after": [bad]}]});
        refused(changes, "changes[0].after[0]", control);
        refused(json!({"type": "a", "metadata": {"a": {bad: 1}}}), "metadata.a", control);
    }
    let fine = "one\r\n\ttwo – ä 東京 Â";
    assert!(admitted(json!({"type": "a", "description": fine, "metadata": {"a": [fine]}})).is_ok());
}

#[test]
fn times_lie_between_1970_and_the_near_future() {
    let at = |text: &str| json!({"type": "a", "occurred_at": text});
    assert!(admitted(at("1970-01-01T00:00:00Z")).is_ok());
    refused(at("1969-12-31T23:59:59Z"), "occurred_at", ErrorCode::OutOfRange);
    // A day ahead of 2026-11-21T09:30:00Z.
    assert!(admitted(at("2026-11-22T09:30:00Z")).is_ok());
    refused(at("2026-11-22T09:30:01Z"), "occurred_at", ErrorCode::OutOfRange);
    for text in ["2026-11-21", "2026-11-21T09:00:00", "yesterday"] {
        refused(at(text), "occurred_at", ErrorCode::Malformed);
    }
}

#[test]
fn unknown_fields_are_named_with_their_path() {
    let unknown = ErrorCode::UnknownField;
    refused(json!({"type": "a", "colour": 1}), "colour", unknown);
    refused(json!({"type": "a", "actor": {"colour": 1}}), "actor.colour", unknown);
    refused(
        json!({"type": "a", "targets": [{"type": "t", "colour": 1}]}),
        "targets[0].colour",
        unknown,
    );
}

#[test]
fn the_catalogue_is_kept_to() {
    let with = |metadata: Value| json!({"type": "user.password.changed", "metadata": metadata});
    assert!(admitted(with(json!({"method": "self"}))).is_ok());
    refused(with(json!({})), "metadata", ErrorCode::Schema);
    refused(with(json!({"method": "magic"})), "metadata.method", ErrorCode::Schema);
    let secret = json!({"method": "self", "password": "x"});
    refused(with(secret), "metadata.password", ErrorCode::Schema);
    let mut newer = with(json!({"method": "self"}));
    newer["schema_version"] = json!(3);
    refused(newer.clone(), "schema_version", ErrorCode::OutOfRange);
    newer["schema_version"] = json!(0);
    refused(newer, "schema_version", ErrorCode::OutOfRange);
}

#[test]
fn metadata_survives_the_check_by_the_schema() {
    let event =
        event(json!({"type": "user.password.changed", "metadata": {"method": "self", "a": [1]}}));
    assert_eq!(Value::Object(event.metadata), json!({"method": "self", "a": [1]}));
}

#[test]
fn unknown_types_and_annals_own_types_are_taken_only_where_allowed() {
    let unknown = json!({"type": "no.such"});
    assert!(admitted(unknown.clone()).is_ok());
    let rejected =
        admitted_with(unknown, |admission| admission.unknown_types = UnknownTypes::Reject);
    assert_eq!(rejected.unwrap_err()[0].code, ErrorCode::UnknownType);
    let own = json!({"type": "annals.policy.changed"});
    refused(own.clone(), "type", ErrorCode::Reserved);
    assert!(admitted_with(own, |admission| admission.own_facts = true).is_ok());
}

#[test]
fn another_tenant_is_forbidden() {
    assert!(admitted(json!({"type": "a", "tenant": "acme"})).is_ok());
    refused(json!({"type": "a", "tenant": "other"}), "tenant", ErrorCode::Forbidden);
    refused(json!({"type": "a", "tenant": "Not a name"}), "tenant", ErrorCode::Malformed);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let json = json!({"type": "", "user_id": "", "targets": [{"type": ""}], "tenant": "other"});
    let errors = admitted(json).unwrap_err();
    let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["tenant", "type", "actor.id", "targets[0].type"]);
}

#[test]
fn an_event_is_stored_and_read_back_as_it_was() {
    let event = full_event();
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
}
