//! Looks at others that left no trace, or a wrong one.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;

use super::{admin, started, token_of, traces};
use crate::support::{Service, request, token};

async fn traced(service: &Service, of: &str) -> usize {
    traces(service, of).await.len()
}

#[tokio::test]
async fn lists_about_access_tell_of_people_and_leave_a_trace() {
    let service = started().await;
    let asked = json!({ "subject": "zoe", "reason": "the phone was stolen" }).to_string();
    assert_eq!(service.post("/api/v1/revocations", &admin(), asked).await.status, 201);
    let officer = token("oscar", "acme", "security_officer");
    for (n, path) in
        ["/api/v1/revocations", "/api/v1/break-glass", "/api/v1/api-keys"].iter().enumerate()
    {
        assert_eq!(service.get(path, &officer).await.status, 200, "{path}");
        assert_eq!(traced(&service, "oscar").await, n + 1, "{path}");
    }
}

#[tokio::test]
async fn what_is_related_to_an_event_that_is_not_there_leaves_a_trace() {
    let service = started().await;
    let path = "/api/v1/logs/0198c0de-0000-7000-8000-00000000dead/related";
    assert_eq!(service.get(path, &token_of("kim", &["seer"])).await.status, 404);
    assert_eq!(traced(&service, "kim").await, 1);
}

#[tokio::test]
async fn counting_what_one_did_to_others_leaves_a_trace_as_listing_it_does() {
    let service = started().await;
    let did = json!({ "type": "a.b", "actor": { "id": "ann", "type": "user" }, "subject": { "id": "bob", "name": "Bob" } });
    service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    let ann = token("ann", "acme", "user");
    let graphql = |document: &str| json!({ "query": document }).to_string();
    let own = ["/api/v1/logs/stats?by=type", "/api/v1/logs/suggest?field=subject.name"];
    for path in own {
        assert_eq!(service.get(path, &ann).await.status, 200);
    }
    assert_eq!(
        service.post("/graphql", &ann, graphql("{ auditEventsCount { value } }")).await.status,
        200
    );
    assert_eq!(traced(&service, "ann").await, 0, "what concerns Ann alone is hers");
    service.record(did).await;
    for (n, path) in own.iter().enumerate() {
        let answer = service.get(path, &ann).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(traced(&service, "ann").await, n + 1, "{path}");
    }
    let counted = service.post("/graphql", &ann, graphql("{ auditEventsCount { value } }")).await;
    assert_eq!(counted.status, 200, "{}", counted.text);
    assert_eq!(traced(&service, "ann").await, 3);
    let elsewhere = service.get("/api/v1/logs/stats?by=type&q=subject.id:ann", &ann).await;
    assert_eq!(elsewhere.status, 200);
    assert_eq!(traced(&service, "ann").await, 3, "of these none concerns another");
}

#[tokio::test]
async fn every_way_to_ask_leaves_exactly_one_trace() {
    let service = started().await;
    let id = service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    let kim = token_of("kim", &["seer"]);
    let path = format!("/api/v1/logs/{id}");
    let mut expected = 0;
    for (method, headers) in [
        (Method::GET, None),
        (Method::HEAD, None),
        (Method::GET, Some((header::IF_NONE_MATCH, "*"))),
        (Method::GET, Some((header::RANGE, "bytes=0-9"))),
        (Method::GET, Some((header::UPGRADE, "websocket"))),
    ] {
        let mut asked = request(method.clone(), &path, Some(&kim), Body::empty());
        if let Some((name, value)) = headers {
            asked.headers_mut().insert(name, value.parse().unwrap());
        }
        let status = service.call(asked).await.status;
        assert!(status == 200 || status == 304, "{method} {status}");
        expected += 1;
        assert_eq!(traced(&service, "kim").await, expected, "{method}");
    }
    let aliases = format!(
        "{{ a: auditEvent(id: \"{id}\") {{ id }} b: auditEvents {{ nodes {{ id related {{ nodes {{ id }} }} }} }} c: auditEventsCount {{ value }} }}"
    );
    let asked = json!({ "query": aliases }).to_string();
    assert_eq!(service.post("/graphql", &kim, asked.clone()).await.status, 200);
    assert_eq!(traced(&service, "kim").await, expected + 1);
    let mut upgraded = request(Method::POST, "/graphql", Some(&kim), Body::from(asked));
    upgraded.headers_mut().insert(header::UPGRADE, "websocket".parse().unwrap());
    let answer = service.call(upgraded).await;
    let traces = traced(&service, "kim").await;
    let told = answer.text.contains(&id);
    assert_eq!(traces, expected + 1 + usize::from(told), "{}", answer.text);
}

#[tokio::test]
async fn a_trace_stays_short_whatever_names_of_fields_are_asked_for() {
    let service = started().await;
    let kim = token_of("kim", &["seer"]);
    let long = "k".repeat(20_000);
    let document = format!(
        "{{ facets(fields: [\"metadata.{long}\", \"labels.{long}\"]) {{ missing }} suggestions(field: \"metadata.{long}\") {{ values }} }}"
    );
    let answer = service.ask(&kim, &document, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let traces = traces(&service, "kim").await;
    assert_eq!(traces.len(), 1);
    assert!(traces[0]["metadata"]["query"].as_str().unwrap().len() < 5_000);
}
