use annals_domain::limits::Limits;
use serde_json::json;

use super::*;

fn finished(draft: Draft) -> Value {
    Value::Object(draft.finish(Uuid::nil(), "okta", &Limits::shipped().event))
}

fn draft() -> Draft {
    Draft::new("okta.user.session.start".into(), "okta")
}

#[test]
fn a_user_agent_of_any_length_is_kept() {
    let mut draft = draft();
    draft.client.user_agent = Some("x".repeat(5_000));
    let event = finished(draft);
    assert_eq!(event.get("client"), None);
    assert_eq!(event["metadata"]["long_user_agent"].as_str().unwrap().len(), 5_000);
}

#[test]
fn a_missing_time_is_told() {
    assert_eq!(finished(draft())["metadata"], json!({"time_missing": true}));
    let mut timed = draft();
    timed.occurred_at = Some(DateTime::parse("2026-01-01T00:00:00Z").unwrap());
    assert_eq!(finished(timed)["metadata"], json!({}));
}

#[test]
fn control_characters_cannot_reach_a_terminal() {
    let mut draft = draft();
    draft.actor.name = Some("eve\u{1b}[2J\n".into());
    draft.outcome.reason = Some("line\nline\u{7}".into());
    draft.metadata.insert("note".into(), json!("tab\t\u{0}"));
    let event = finished(draft);
    assert_eq!(event["actor"]["name"], json!("eve\\u001b[2J\\u000a"));
    assert_eq!(event["outcome"]["reason"], json!("line\nline\\u0007"));
    assert_eq!(event["metadata"]["note"], json!("tab\t\\u0000"));
}

#[test]
fn a_change_is_named_by_a_json_pointer() {
    let change = change("Allow / deny~", Value::Null, json!(true));
    assert_eq!(change.path, "/Allow ~1 deny~0");
    assert_eq!(change.op.as_str(), "add");
}
