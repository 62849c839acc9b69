//! Values that masks hide, looked for behind every other door.

use serde_json::{Value, json};

use super::{admin, started, text, token_of};
use crate::support::Service;

/// An event that says in every place what is masked somewhere.
fn telling() -> Value {
    json!({
        "type": "user.email.changed",
        "actor": { "id": "ann", "type": "user", "name": "CANARY name", "email": "canary@actor.example",
            "alt_ids": { "icn": "CANARY-alt" } },
        "on_behalf_of": [{ "id": "bob", "type": "user", "name": "CANARY behalf", "email": "canary@behalf.example" }],
        "subject": { "id": "ann", "name": "CANARY subject", "alt_ids": { "csp": "CANARY-subject-alt" } },
        "targets": [{ "type": "user", "id": "zoe", "name": "CANARY delegate" }],
        "client": { "ip": "203.0.113.77", "user_agent": "Mozilla/5.0 (X11; Linux) CANARY-build", "geo": { "country": "NL", "city": "CANARY city", "region": "CANARY region" } },
        "description": "CANARY description",
        "outcome": { "status": "failure", "reason": "CANARY outcome" },
        "justification": { "reason": "CANARY why" },
        "session": { "id": "s-1" },
        "changes": [{ "path": "/email", "op": "replace", "before": "CANARY before", "after": "CANARY after" }],
        "metadata": { "old_email": "canary@old.example", "new_email": "canary@new.example" },
    })
}

const CANARIES: &[&str] = &["canary", "203.0.113.77"];

fn assert_clean(what: &str, told: &str) {
    let told = told.to_lowercase();
    // What was asked is echoed in refusals and no leak; none of the questions here names a canary.
    for canary in CANARIES {
        if let Some(place) = told.find(canary) {
            let around: String = told.chars().skip(place.saturating_sub(80)).take(160).collect();
            panic!("{what} tells `{around}`");
        }
    }
}

async fn with_telling_event() -> (Service, String) {
    let service = started().await;
    let id = service.record(telling()).await;
    let delegate = json!({
        "type": "user.delegate.added", "actor": { "id": "ann", "type": "user" }, "subject": { "id": "ann" },
        "targets": [{ "type": "user", "id": "zoe", "name": "Canary Delegate" }], "session": { "id": "s-1" },
    });
    service.record(delegate).await;
    (service, id)
}

#[tokio::test]
async fn no_door_shows_what_all_masks_hide() {
    let (service, id) = with_telling_event().await;
    let kim = token_of("kim", &["masked"]);
    let mut paths: Vec<String> = [
        "/api/v1/logs",
        "/api/v1/logs?order=oldest&count=true",
        "/api/v1/logs/{id}",
        "/api/v1/logs/{id}/related?by=session,target,actor",
        "/api/v1/targets/user/zoe/history",
        "/api/v1/targets/user/zoe/history?at=2099-01-01T00:00:00Z",
        "/api/v1/logs/export?format=ndjson",
        "/api/v1/logs/export?format=json",
        "/api/v1/logs/export?format=csv",
        "/api/v1/logs/suggest?field=actor.id",
        "/api/v1/logs/complete?q=actor:",
        "/api/v1/logs/complete?q=subject:(",
        "/api/v1/logs/stats?by=type,actor.id,session.id&interval=1h&split=type",
    ]
    .iter()
    .map(|path| path.replace("{id}", &id))
    .collect();
    for field in [
        "actor.name",
        "actor.email",
        "subject.name",
        "target.name",
        "on_behalf_of.name",
        "client.city",
        "client.ip",
        "client.user_agent",
        "actor.alt_ids.icn",
        "subject.alt_ids.csp",
        "metadata.old_email",
        "metadata.new_email",
        "METADATA.old_email",
        "Actor.Email",
    ] {
        paths.push(format!("/api/v1/logs/stats?by={field}"));
        paths.push(format!("/api/v1/logs/stats?by=type&interval=1d&split={field}"));
        paths.push(format!("/api/v1/logs/stats?numbers={field}"));
        paths.push(format!("/api/v1/logs/suggest?field={field}"));
        paths.push(format!("/api/v1/logs/complete?q={field}:"));
    }
    for path in paths {
        assert_clean(&path, &service.get(&path, &kim).await.text);
    }
    let event = "sentence description actor { name email altIds { name value } } subject { name } \
                 targets { name } changes { before after } metadata outcome { reason }";
    for document in [
        "{ a: auditEvents { nodes { sentence description metadata changes { before after } targets { name } actor { name email } subject { name } client { ip userAgent } } } }".to_owned(),
        "{ targetHistory(type: \"user\", id: \"zoe\") { nodes { before after event { sentence metadata } } } }".to_owned(),
        "{ targetValues(type: \"user\", id: \"zoe\", at: \"2099-01-01T00:00:00Z\") { values { before after } } }".to_owned(),
        format!("{{ auditEvent(id: \"{id}\") {{ related(by: [SESSION]) {{ nodes {{ {event} }} }} sentence }} }}"),
        "{ facets(fields: [\"target.name\"]) { values { value } } }".to_owned(),
        "{ suggestions(field: \"metadata.old_email\") { values } }".to_owned(),
        "{ completions(query: \"target:\") { offers { text } } }".to_owned(),
        "{ x: person(id: \"ann\") { name devices { device { name } } } }".to_owned(),
    ] {
        assert_clean(&document, &service.ask(&kim, &document, json!({})).await.to_string());
    }
}

/// Reads the one event as a role sees it.
async fn seen(service: &Service, id: &str, roles: &[&str]) -> Value {
    let answer = service.get(&format!("/api/v1/logs/{id}"), &token_of("kim", roles)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_person_who_is_a_target_has_no_name_either() {
    let (service, _) = with_telling_event().await;
    let kim = token_of("kim", &["nameless"]);
    let list = service.get("/api/v1/logs?q=type:user.delegate.added", &kim).await;
    assert!(!list.text.contains("Canary Delegate"), "{}", list.text);
    for path in [
        "/api/v1/logs/stats?by=target.name",
        "/api/v1/logs?q=target.name:canary*",
        "/api/v1/logs?q=target:canary*",
    ] {
        assert_eq!(service.get(path, &kim).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn personal_values_are_hidden_in_changes_wherever_they_lie() {
    let service = started().await;
    let changes = json!([
        { "path": "/email", "op": "replace", "before": "canary@1.example", "after": "canary@2.example" },
        { "path": "/email/0/address", "op": "add", "after": "canary@3.example" },
        { "path": "/profile", "op": "replace", "before": { "a": [{ "email": "canary@4.example" }] }, "after": null },
        { "path": "", "op": "replace", "before": { "new_email": "canary@5.example" }, "after": {} },
        { "path": "/plan", "op": "replace", "before": "small", "after": "large" },
    ]);
    let id = service
        .record(json!({ "type": "user.email.changed", "user_id": "ann", "changes": changes }))
        .await;
    let event = seen(&service, &id, &["no_contact"]).await;
    assert_clean("changes", &event["changes"].to_string());
    let plan = event["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["path"] == "/plan")
        .unwrap();
    assert_eq!(plan["after"], "large", "what is not personal is seen");
}

#[tokio::test]
async fn metadata_of_types_that_nobody_described_is_hidden_where_others_call_it_personal() {
    let service = started().await;
    let id = service.record(json!({ "type": "shop.order", "user_id": "ann", "metadata": { "email": "canary@x.example", "n": 7 } })).await;
    let event = seen(&service, &id, &["no_contact"]).await;
    assert_clean("metadata", &event["metadata"].to_string());
    assert_eq!(event["metadata"]["n"], 7);
}

#[tokio::test]
async fn presence_tells_nothing_of_what_lies_inside_a_hidden_field() {
    let service = started().await;
    service.record(json!({ "type": "shop.order", "user_id": "ann", "metadata": { "email": { "ann_lee": true } } })).await;
    let kim = token_of("kim", &["no_contact"]);
    for question in [
        "has:metadata.email.ann_lee",
        "-has:metadata.email.ann_lee",
        "type:shop.* (has:metadata.email.zoe OR severity:info)",
    ] {
        let path = format!("/api/v1/logs?q={}", question.replace(' ', "+"));
        assert_eq!(service.get(&path, &kim).await.status, 403, "{question}");
    }
    assert_eq!(service.get("/api/v1/logs?q=has:metadata.email", &kim).await.status, 200);
}

#[tokio::test]
async fn who_sees_everything_by_another_role_may_ask_for_everything() {
    let (service, id) = with_telling_event().await;
    let both = ["masked", "seer"];
    assert_eq!(seen(&service, &id, &both).await["actor"]["name"], "CANARY name");
    let found = service.get("/api/v1/logs?q=actor.email:canary*", &token_of("kim", &both)).await;
    assert_eq!(
        (found.status.as_u16(), found.json()["events"].as_array().map(Vec::len)),
        (200, Some(1))
    );
    let narrow = service
        .get("/api/v1/logs?q=actor.email:canary*", &token_of("kim", &["masked", "narrow"]))
        .await;
    assert_eq!(narrow.status, 403);
}

#[tokio::test]
async fn one_role_shows_of_an_event_what_another_hides_and_no_more() {
    let (service, id) = with_telling_event().await;
    let login = service.record(json!({ "type": "user.login.succeeded", "actor": { "id": "ann", "type": "user", "name": "CANARY login" } })).await;
    let roles = ["nameless", "narrow"];
    assert_eq!(seen(&service, &login, &roles).await["actor"]["name"], "CANARY login");
    assert_eq!(seen(&service, &id, &roles).await["actor"]["name"], "[masked]");
    assert_eq!(text(&seen(&service, &id, &["seer"]).await["actor"]["name"]), "CANARY name");
    let list = service.get("/api/v1/logs", &admin()).await;
    assert!(list.text.contains("CANARY"), "the canaries are there");
}
