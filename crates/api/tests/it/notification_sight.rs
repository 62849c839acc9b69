//! Who has others told of events must see all events whole: a rule or a full endpoint would show them what their
//! roles hide, and leave no trace of reading.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const RULE: &str = "/api/v1/notifications/rules/all-of-it";
const ENDPOINTS: &str = "/api/v1/notifications/endpoints";

/// Roles that look after notifications and see less than everything, or more for a moment alone.
const ROLES: &str = r#"
[roles.of_a_part]
title = "Sees some events"
permissions = ["read_tenant_events", "manage_notifications"]
events = "type:shelf.*"

[roles.masked]
title = "Sees events without what is in them, and looks closer for a purpose"
permissions = ["read_tenant_events", "manage_notifications", "unmask"]
masks = ["names"]

[roles.on_call]
title = "Sees everything for a moment"
permissions = ["read_own_events", "manage_notifications", "break_glass"]

[roles.whole]
title = "Sees everything"
permissions = ["read_tenant_events", "manage_notifications"]
"#;

/// Tells whoever sets it everything.
fn all_of_it(person: &str) -> Value {
    json!({ "name": "All of it", "filter": "severity>=info", "audience": [format!("person:{person}")],
        "channels": ["inbox"] })
}

fn endpoint(payload: &str) -> Value {
    json!({ "name": "Mine", "kind": "webhook", "url": "https://mine.example.org/", "payload": payload })
}

async fn put(service: &Service, path: &str, token: &str, body: Value) -> Answer {
    let mut put = request(Method::PUT, path, Some(token), body.to_string().into());
    put.headers_mut().insert("if-match", "*".parse().unwrap());
    service.call(put).await
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    assert!(answer.text.contains("`read_tenant_events`"), "{}", answer.text);
}

/// Neither a rule nor a full endpoint.
async fn may_tell_nobody(service: &Service, person: &str, token: &str) {
    refused(&put(service, RULE, token, all_of_it(person)).await);
    refused(&service.post(ENDPOINTS, token, endpoint("full").to_string()).await);
    assert_eq!(service.get("/api/v1/notifications/rules", token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_sees_less_than_everything_sets_no_rule_and_makes_no_full_endpoint() {
    let service = Service::with_more_roles(ROLES).await;
    for role in ["security_officer", "of_a_part", "masked"] {
        may_tell_nobody(&service, "kim", &token("kim", "acme", role)).await;
    }
    let set = "mutation Set($input: NotificationRuleInput!) { setNotificationRule(input: $input) {
        rule { id } } }";
    let mut input = all_of_it("kim");
    (input["id"], input["channels"]) = (json!("all-of-it"), json!(["INBOX"]));
    let officer = token("kim", "acme", "security_officer");
    let answer = service.ask(&officer, set, json!({ "input": input })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    let id = service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    for (person, role) in [("lee", "whole"), ("root", "admin")] {
        let token = token(person, "acme", role);
        let answer = put(&service, RULE, &token, all_of_it(person)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let made = service.post(ENDPOINTS, &token, endpoint("full").to_string()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let id_later = service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    until("root is told", async || service.inbox("root").await.contains(&id_later)).await;
    let told = service.inbox("kim").await;
    assert!(!told.contains(&id) && !told.contains(&id_later), "{told:?}");
}

#[tokio::test]
async fn what_is_seen_for_a_moment_is_not_told_for_ever() {
    let service = Service::with_more_roles(ROLES).await;
    let masked = token("kim", "acme", "masked");
    let mut closer = request(Method::PUT, RULE, Some(&masked), all_of_it("kim").to_string().into());
    closer.headers_mut().insert("annals-purpose", "a closer look".parse().unwrap());
    refused(&service.call(closer).await);

    service.record(json!({ "type": "a.b", "user_id": "wim" })).await;
    let on_call = token("rita", "acme", "on_call");
    let glass = json!({ "reason": "a customer reports a foreign sign-in", "ticket": "INC-7",
        "minutes": 30, "witness": "wim" });
    until("the log knows Wim, and it is open", async || {
        let answer = service.post("/api/v1/break-glass", &on_call, glass.to_string()).await;
        answer.status == StatusCode::CREATED
    })
    .await;
    assert!(service.get("/api/v1/access/me", &on_call).await.json()["break_glass"].is_object());
    may_tell_nobody(&service, "rita", &on_call).await;
}

#[tokio::test]
async fn who_looks_after_endpoints_makes_thin_ones_and_full_ones_quieter() {
    let service = Service::start().await;
    let (officer, root) =
        (token("sam", "acme", "security_officer"), token("root", "acme", "admin"));
    let thin = service.post(ENDPOINTS, &officer, endpoint("thin").to_string()).await;
    assert_eq!(thin.status, StatusCode::CREATED, "{}", thin.text);
    let thin = format!("{ENDPOINTS}/{}", thin.json()["id"].as_str().unwrap());
    let full = service.post(ENDPOINTS, &root, endpoint("full").to_string()).await;
    assert_eq!(full.status, StatusCode::CREATED, "{}", full.text);
    let full = format!("{ENDPOINTS}/{}", full.json()["id"].as_str().unwrap());
    let elsewhere = "https://other.example.org/";
    for more in [
        json!({ "payload": "full" }),
        // Whoever switches it on again need not look at what it says.
        json!({ "payload": "full", "enabled": false }),
    ] {
        refused(&put(&service, &thin, &officer, more).await);
    }
    let changed = put(&service, &thin, &officer, json!({ "url": elsewhere })).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    for more in [
        json!({ "url": elsewhere }),
        json!({ "name": "Theirs" }),
        json!({ "url": elsewhere, "enabled": false }),
    ] {
        refused(&put(&service, &full, &officer, more).await);
    }
    let off = put(&service, &full, &officer, json!({ "enabled": false })).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.text);
    refused(&put(&service, &full, &officer, json!({ "enabled": true })).await);
    let thinner = json!({ "payload": "thin", "enabled": true });
    let thinner = put(&service, &full, &officer, thinner).await;
    assert_eq!(thinner.json()["payload"], "thin", "{}", thinner.text);
}
