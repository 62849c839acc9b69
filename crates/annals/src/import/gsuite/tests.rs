use annals_domain::limits::Limits;
use serde_json::{Value, json};

use crate::import::Format;
use crate::import::mapping::map;
use crate::import::tests::event;

#[test]
fn googles_own_form_tells_of_each_event() {
    let activity = json!({
        "kind": "admin#reports#activity",
        "id": {"time": "2020-09-07T15:50:49.617Z", "uniqueQualifier": "1", "applicationName": "drive"},
        "actor": {"email": "ann@example.com", "profileId": "7"},
        "events": [
            {"type": "access", "name": "view", "parameters": [{"name": "doc_id", "value": "d"}]},
            {"type": "acl_change", "name": "change_user_access", "parameters": [
                {"name": "doc_id", "value": "d"}, {"name": "billable", "boolValue": true},
                {"name": "size", "intValue": "12"}, {"name": "target_user", "value": "bo@example.com"},
                {"name": "old_value", "multiValue": ["none"]},
                {"name": "new_value", "multiValue": ["can_edit"]}]},
        ],
    });
    let events = map(Format::GSuite, &Limits::shipped().event, 1, &activity.to_string()).unwrap();
    let events: Vec<Value> = events.into_iter().map(|mapped| Value::Object(mapped.event)).collect();
    assert_eq!(events[0]["type"], "gsuite.drive.view");
    assert_eq!(events[1]["type"], "gsuite.drive.change_user_access");
    assert_ne!(events[0]["id"], events[1]["id"]);
    assert_eq!(events[1]["metadata"]["parameters"]["size"], 12);
    assert_eq!(
        events[1]["changes"],
        json!([{"path": "/value", "op": "replace", "before": "none", "after": "can_edit"}])
    );
    assert_eq!(events[1]["actor"]["alt_ids"], json!({"profile_id": "7"}));
    for event in &events {
        assert_eq!(event["occurred_at"], "2020-09-07T15:50:49.617Z");
    }
}

#[test]
fn settings_change_under_their_own_name() {
    let entry = |parameters: Value| {
        event(
            Format::GSuite,
            &json!({"name": "CHANGE_EMAIL_SETTING",
            "id": {"applicationName": "admin"}, "parameters": parameters}),
        )
    };
    let changed = entry(json!({"SETTING_NAME": "A / B", "OLD_VALUE": "DEFAULT", "NEW_VALUE": "1"}));
    assert_eq!(
        changed["changes"],
        json!([{"path": "/A ~1 B", "op": "replace", "before": "DEFAULT", "after": "1"}])
    );
    let added = entry(json!({"NEW_VALUE": "true"}));
    assert_eq!(added["changes"], json!([{"path": "/value", "op": "add", "after": "true"}]));
    assert_eq!(entry(json!({"visibility": "private"})).get("changes"), None);
}

#[test]
fn the_account_concerned_is_the_subject() {
    let event = event(
        Format::GSuite,
        &json!({"name": "suspicious_login ", "type": "account_warning",
        "id": {"applicationName": "login"}, "parameters": {"affected_email_address": "bo@example.com"}}),
    );
    assert_eq!(event["type"], "gsuite.login.suspicious_login");
    assert_eq!(event["subject"], json!({"id": "bo@example.com"}));
    assert_eq!(event["severity"], "warning");
    assert_eq!(event["actor"], json!({"type": "anonymous"}));
}

#[test]
fn failures_are_told_by_name_or_by_flag() {
    for (name, parameters, status) in [
        ("login_success", json!({}), "success"),
        ("login_failure", json!({}), "failure"),
        ("delivery", json!({"event_info": {"success": false}}), "failure"),
        ("delivery", json!({"event_info": {"success": true}}), "success"),
    ] {
        let entry = json!({"name": name, "parameters": parameters});
        assert_eq!(event(Format::GSuite, &entry)["outcome"]["status"], status, "{entry}");
    }
}

#[test]
fn an_activity_without_a_name_is_called_by_its_type() {
    let entry =
        json!({"id": {"applicationName": "access_transparency"}, "type": "GSUITE_RESOURCE"});
    assert_eq!(event(Format::GSuite, &entry)["type"], "gsuite.access_transparency.gsuite_resource");
}
