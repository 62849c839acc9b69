use serde_json::json;

use crate::import::Format;
use crate::import::tests::event;

#[test]
fn results_and_severities_have_their_words() {
    for (result, status) in [
        ("SUCCESS", "success"),
        ("ALLOW", "success"),
        ("FAILURE", "failure"),
        ("DENY", "denied"),
        ("CHALLENGE", "partial"),
        ("SKIPPED", "unknown"),
    ] {
        let entry = json!({"eventType": "user.session.start", "outcome": {"result": result}});
        let event = event(Format::Okta, &entry);
        assert_eq!(event["outcome"], json!({"status": status, "code": result}));
    }
    for (word, severity) in [
        ("DEBUG", "info"),
        ("INFO", "info"),
        ("WARN", "warning"),
        ("ERROR", "error"),
        ("HIGH", "error"),
    ] {
        let event = event(Format::Okta, &json!({"eventType": "a.b", "severity": word}));
        assert_eq!(
            (&event["severity"], &event["metadata"]["severity"]),
            (&json!(severity), &json!(word))
        );
    }
}

#[test]
fn the_first_other_person_among_the_targets_is_the_subject() {
    let entry = |target_id: &str| {
        event(
            Format::Okta,
            &json!({"eventType": "user.account.lock",
            "actor": {"id": "00a", "type": "User", "alternateId": "ann@example.com", "displayName": "Ann"},
            "target": [{"type": "AppInstance", "id": "0oa"},
                       {"type": "User", "id": target_id, "alternateId": "bo@example.com", "displayName": "Bo"}]}),
        )
    };
    assert_eq!(
        entry("00b")["subject"],
        json!({"id": "00b", "name": "Bo", "alt_ids": {"login": "bo@example.com"}})
    );
    assert_eq!(entry("00a").get("subject"), None);
    assert_eq!(entry("00b")["actor"]["email"], "ann@example.com");
}

#[test]
fn unknown_actors_are_found_by_their_login_or_are_anonymous() {
    let actor =
        |actor| event(Format::Okta, &json!({"eventType": "a.b", "actor": actor}))["actor"].clone();
    let unknown = |login| json!({"id": "unknown", "alternateId": login, "displayName": "unknown", "type": "User"});
    assert_eq!(
        actor(unknown("admin")),
        json!({"type": "user", "id": "admin", "alt_ids": {"login": "admin"}})
    );
    assert_eq!(actor(unknown("unknown")), json!({"type": "anonymous"}));
    assert_eq!(
        actor(json!({"id": "1.2.3.4", "type": "IP address"})),
        json!({"type": "anonymous", "id": "1.2.3.4"})
    );
    assert_eq!(actor(json!({"id": "okta", "type": "SystemPrincipal"}))["type"], "system");
    assert_eq!(actor(json!({"id": "0oa", "type": "PublicClientApp"}))["type"], "service");
}

#[test]
fn what_changed_is_told_field_by_field() {
    let event = event(
        Format::Okta,
        &json!({"eventType": "policy.rule.update", "target": [
        {"type": "PolicyRule", "id": "1", "changeDetails":
            {"from": {"status": "ACTIVE", "name": "x"}, "to": {"status": "INACTIVE", "name": "x"}}}]}),
    );
    assert_eq!(
        event["changes"],
        json!([{"path": "/status", "op": "replace", "before": "ACTIVE", "after": "INACTIVE"}])
    );
}
