//! Files of exports, asked for with some rights and fetched with others.

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{admin, started, text, token_of};
use crate::support::{Service, request, until, within};

/// A file of all events, with these roles.
async fn exported(service: &Service, roles: &[&str]) -> String {
    let kim = token_of("kim", roles);
    let asked = json!({ "format": "ndjson", "query": "-type:annals.*" }).to_string();
    let answer = service.post("/api/v1/exports", &kim, asked).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let path = format!("/api/v1/exports/{}", text(&answer.json()["id"]));
    until("the export is done", async || service.get(&path, &kim).await.json()["status"] == "done")
        .await;
    path
}

async fn with_name() -> Service {
    let service = started().await;
    service
        .record(
            json!({ "type": "a.b", "actor": { "id": "kim", "type": "user", "name": "Canary" } }),
        )
        .await;
    service
}

#[tokio::test]
async fn who_saw_more_by_another_role_does_not_fetch_it_without() {
    let service = with_name().await;
    let path = exported(&service, &["seer", "nameless"]).await;
    let own = service.get(&format!("{path}/file"), &token_of("kim", &["seer", "nameless"])).await;
    assert!(own.text.contains("Canary"), "{}", own.text);
    for part in ["file", "manifest"] {
        let lesser = service.get(&format!("{path}/{part}"), &token_of("kim", &["nameless"])).await;
        assert_eq!(lesser.status, 403, "{part}: {}", lesser.text);
    }
    assert_eq!(service.get(&format!("{path}/file"), &token_of("kim", &["seer"])).await.status, 200);
}

#[tokio::test]
async fn what_was_unmasked_because_it_was_ones_own_needs_that_right_again() {
    let service = with_name().await;
    let path = exported(&service, &["nameless", "user"]).await;
    let own = service.get(&format!("{path}/file"), &token_of("kim", &["nameless", "user"])).await;
    assert!(own.text.contains("Canary"), "{}", own.text);
    let lesser = service.get(&format!("{path}/file"), &token_of("kim", &["nameless"])).await;
    assert_eq!(lesser.status, 403, "{}", lesser.text);
}

#[tokio::test]
async fn a_download_ends_when_access_is_revoked() {
    let service = started().await;
    let long = "x".repeat(14_000);
    let events: Vec<Value> = (0..150)
        .map(|n| json!({ "type": "a.b", "metadata": { "n": n }, "description": long }))
        .collect();
    for some in events.chunks(50) {
        let answer = service.post("/api/v1/logs/bulk", &admin(), json!(some).to_string()).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    service.record(json!({ "type": "a.b" })).await;
    let path = exported(&service, &["seer"]).await;
    let kim = token_of("kim", &["seer"]);
    let asked = request(Method::GET, &format!("{path}/file"), Some(&kim), Body::empty());
    let mut body = service.open(asked).await.into_body();
    assert!(within(body.frame()).await.unwrap().is_ok());
    let revoked = json!({ "subject": "kim", "reason": "the laptop was stolen" }).to_string();
    assert_eq!(service.post("/api/v1/revocations", &admin(), revoked).await.status, 201);
    let rest = within(body.collect()).await;
    assert!(rest.is_err(), "the rest came all the same");
}
