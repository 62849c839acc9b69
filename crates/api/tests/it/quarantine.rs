//! Refused events are kept, shown to those who may, corrected and replayed; and of one tenant alone.

use annals_domain::admission::UnknownTypes;
use annals_ports::QuarantineStore;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token};

const LIST: &str = "/api/v1/quarantine";
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn admin() -> String {
    token("root", "acme", "admin")
}

fn writer() -> String {
    token("shop", "acme", "writer")
}

async fn send(service: &Service, body: impl ToString) -> Answer {
    service.post("/api/v1/logs", &writer(), body.to_string()).await
}

async fn entries(service: &Service, parameters: &str) -> Vec<Value> {
    let answer = service.get(&format!("{LIST}{parameters}"), &admin()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["entries"].as_array().unwrap().clone()
}

async fn replay(service: &Service, id: &str, body: &str) -> Answer {
    service.post(&format!("{LIST}/{id}/replay"), &admin(), body.to_owned()).await
}

fn kept_as(answer: &Answer) -> String {
    answer.json()["quarantine_id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

#[tokio::test]
async fn every_refused_event_is_kept_with_its_reason_and_the_answer_tells_where() {
    let service = Service::start().await;
    let malformed = send(&service, r#"{"type": "user.login.succeeded", "actor": "#).await;
    assert_eq!(malformed.status, 400);
    let invalid = send(&service, json!({ "type": "annals.log.read", "metadata": {} })).await;
    assert_eq!(invalid.status, 422);
    let event = json!({ "id": ID, "type": "order.placed", "actor": { "id": "ann" } });
    assert_eq!(send(&service, &event).await.status, 201);
    let other = json!({ "id": ID, "type": "order.placed", "actor": { "id": "ben" } });
    let conflict = send(&service, &other).await;
    assert_eq!(
        (conflict.status, conflict.code()),
        (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT".into())
    );
    let kept = entries(&service, "").await;
    for (entry, (answer, reason)) in kept.iter().rev().zip([
        (&malformed, "malformed"),
        (&invalid, "invalid"),
        (&conflict, "conflict"),
    ]) {
        assert_eq!(entry["id"], *kept_as(answer));
        assert_eq!((&entry["reason"], &entry["sender"]), (&json!(reason), &json!("shop")));
        assert_eq!(entry["times"], 1);
        assert!(entry.get("content").is_none(), "a list shows no contents");
    }
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[1]["errors"][0]["path"], "type");
    assert_eq!(kept[0]["event_id"], ID);
    assert_eq!(entries(&service, "?reason=conflict").await.len(), 1);
    let whole = service.get(&format!("{LIST}/{}", kept_as(&conflict)), &admin()).await;
    assert_eq!(whole.json()["content"], other);
    let whole = service.get(&format!("{LIST}/{}", kept_as(&malformed)), &admin()).await;
    assert!(whole.json()["content_text"].as_str().unwrap().ends_with("\"actor\": "));
}

#[tokio::test]
async fn too_large_an_event_is_refused_and_not_kept() {
    let service = Service::with_limits(|limits| limits.event.bytes_max = 500).await;
    let large = json!({ "type": "order.placed", "description": "x".repeat(600) });
    assert_eq!(send(&service, &large).await.status, 413);
    let bulk = format!("{large}\n");
    let bulk = service.post("/api/v1/logs/bulk", &writer(), format!("[{}]", bulk.trim())).await;
    assert!(bulk.json()["results"][0].get("quarantine_id").is_none(), "{}", bulk.text);
    assert!(entries(&service, "").await.is_empty());
}

#[tokio::test]
async fn a_loop_of_retries_fills_nothing() {
    let service = Service::start().await;
    let event = json!({ "type": "annals.log.read" });
    let first = kept_as(&send(&service, &event).await);
    for _ in 0..5 {
        assert_eq!(kept_as(&send(&service, &event).await), first);
    }
    let kept = entries(&service, "").await;
    assert_eq!((kept.len(), &kept[0]["times"]), (1, &json!(6)));
}

#[tokio::test]
async fn bulk_and_graphql_tell_where_each_refused_event_is_kept() {
    let service = Service::start().await;
    let body =
        json!([{ "type": "order.placed", "actor": { "id": "ann" } }, { "type": "annals.x.y" }]);
    let answer = service.post("/api/v1/logs/bulk", &writer(), body.to_string()).await;
    assert_eq!(answer.status, 207);
    let results = answer.json()["results"].take();
    assert!(results[0].get("quarantine_id").is_none());
    let document = "mutation($input: RecordEventsInput!) { recordEvents(input: $input) {
        receipts { id } accepted { index } userErrors { quarantineId code } } }";
    let events = json!({ "input": { "events": [
        { "type": "annals.x.y", "actor": { "id": "ann" } },
        { "type": "order.placed", "metadata": "no object" },
    ] } });
    let answer = service.ask(&writer(), document, events).await;
    let errors = answer["data"]["recordEvents"]["userErrors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 2, "{answer}");
    let mut told: Vec<&str> = errors.iter().map(|e| e["quarantineId"].as_str().unwrap()).collect();
    told.push(results[1]["quarantine_id"].as_str().unwrap());
    told.sort_unstable();
    let kept = entries(&service, "").await;
    let mut ids: Vec<&str> = kept.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, told);
}

#[tokio::test]
async fn unknown_types_wait_in_the_quarantine_when_the_policy_says_so() {
    let service = Service::with_unknown_types(UnknownTypes::Quarantine).await;
    let event = json!({ "id": ID, "type": "order.placed", "actor": { "id": "ann" } });
    let answer = send(&service, &event).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(
        (&answer.json()["status"], &answer.json()["id"]),
        (&json!("quarantined"), &json!(ID))
    );
    let id = kept_as(&answer);
    assert_eq!(entries(&service, "?reason=unknown_type").await.len(), 1);
    let bulk = service.post("/api/v1/logs/bulk", &writer(), format!("[{event}]")).await;
    assert_eq!(
        (bulk.status, &bulk.json()["results"][0]["status"]),
        (StatusCode::ACCEPTED, &json!(202))
    );
    // It is still unknown; corrected it is not.
    let again = replay(&service, &id, "").await;
    assert_eq!(again.status, 422, "{}", again.text);
    let corrected = json!({ "id": ID, "type": "user.login.succeeded", "actor": { "id": "ann" },
        "metadata": { "method": "password" } });
    let done = replay(&service, &id, &corrected.to_string()).await;
    assert_eq!(done.status, 201, "{}", done.text);
    // What cannot be kept is not taken on.
    service.quarantine.set_failing(true);
    let refused =
        send(&service, json!({ "type": "order.changed", "actor": { "id": "ann" } })).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE".into())
    );
}

#[tokio::test]
async fn a_refusal_goes_out_also_when_it_cannot_be_kept() {
    let service = Service::start().await;
    service.quarantine.set_failing(true);
    let answer = send(&service, json!({ "type": "annals.log.read" })).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json().get("quarantine_id").is_none());
}

#[tokio::test]
async fn a_corrected_event_is_recorded_for_its_sender_and_the_log_tells_who_did_it() {
    let service = Service::start().await;
    let refused = json!({ "id": ID, "type": "user.login.succeeded", "actor": { "type": "user" } });
    let id = kept_as(&send(&service, &refused).await);
    assert_eq!(replay(&service, &id, "").await.status, 422, "it is as wrong as before");
    let mut corrected = refused.clone();
    corrected["actor"] = json!({ "id": "ann" });
    corrected["metadata"] = json!({ "method": "password" });
    let receipt = replay(&service, &id, &corrected.to_string()).await;
    assert_eq!(receipt.status, 201, "{}", receipt.text);
    assert_eq!(receipt.json()["id"], ID);
    let position = receipt.json()["position"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/logs?q=type:annals.quarantine.*&min_position={position}");
    let traces = service.get(&path, &admin()).await.json();
    let trace = &traces["events"][0];
    assert_eq!(trace["type"], "annals.quarantine.replayed", "{traces}");
    assert_eq!((&trace["actor"]["id"], &trace["metadata"]["entry"]), (&json!("root"), &json!(id)));
    assert_eq!(
        (&trace["targets"][0]["id"], &trace["metadata"]["sender"]),
        (&json!(ID), &json!("shop"))
    );
    let event = service.get(&format!("/api/v1/logs/{ID}"), &admin()).await.json();
    assert_eq!(event["source"], "shop", "it keeps its sender");
    assert!(entries(&service, "").await.is_empty(), "it has left the quarantine");
    assert_eq!(replay(&service, &id, "").await.status, 404);
}

#[tokio::test]
async fn replaying_twice_records_once_also_without_an_id() {
    let service = Service::with_unknown_types(UnknownTypes::Quarantine).await;
    let id = kept_as(&send(&service, json!({ "type": "x.y", "actor": { "id": "ann" } })).await);
    let corrected = json!({ "type": "user.login.succeeded", "actor": { "id": "ann" },
        "metadata": { "method": "password" } })
    .to_string();
    let (one, other) =
        tokio::join!(replay(&service, &id, &corrected), replay(&service, &id, &corrected));
    let recorded: Vec<_> =
        [one, other].into_iter().filter(|answer| answer.status.is_success()).collect();
    assert!(!recorded.is_empty());
    let ids: Vec<Value> = recorded.iter().map(|answer| answer.json()["id"].take()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn discarding_leaves_a_trace_and_nothing_else() {
    let service = Service::start().await;
    let id = kept_as(&send(&service, json!({ "type": "annals.log.read" })).await);
    let path = format!("{LIST}/{id}");
    let delete =
        |token: String| request(Method::DELETE, &path, Some(&token), axum::body::Body::empty());
    assert_eq!(service.call(delete(admin())).await.status, 204);
    assert_eq!(service.call(delete(admin())).await.status, 404);
    assert!(entries(&service, "").await.is_empty());
    let found =
        service.get("/api/v1/logs?q=type:annals.quarantine.discarded", &admin()).await.json();
    assert_eq!(found["events"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn nothing_is_discarded_or_replayed_without_its_trace() {
    let service = Service::start().await;
    let id = kept_as(&send(&service, json!({ "type": "annals.log.read" })).await);
    service.log.fail_next(annals_ports::memory::LogErrorKind::Unavailable);
    let path = format!("{LIST}/{id}");
    let delete = request(Method::DELETE, &path, Some(&admin()), axum::body::Body::empty());
    assert_eq!(service.call(delete).await.status, 503);
    assert_eq!(service.quarantine.count().await.unwrap(), 1);
    service.log.fail_next(annals_ports::memory::LogErrorKind::Unavailable);
    let event = json!({ "type": "order.placed", "actor": { "id": "ann" } }).to_string();
    assert_eq!(replay(&service, &id, &event).await.status, 503);
    assert_eq!(service.quarantine.count().await.unwrap(), 1);
}

#[tokio::test]
async fn another_tenant_and_another_role_see_and_change_nothing() {
    let service = Service::start().await;
    let id = kept_as(&send(&service, json!({ "type": "annals.log.read" })).await);
    let path = format!("{LIST}/{id}");
    let replay = format!("{path}/replay");
    let stranger = token("root", "umbrella", "admin");
    let list = service.get(LIST, &stranger).await;
    assert_eq!(list.json()["entries"], json!([]));
    assert_eq!(service.get(&path, &stranger).await.status, 404);
    assert_eq!(service.post(&replay, &stranger, "").await.status, 404);
    let delete = request(Method::DELETE, &path, Some(&stranger), axum::body::Body::empty());
    assert_eq!(service.call(delete).await.status, 404);
    for role in ["writer", "user", "auditor"] {
        let token = token("shop", "acme", role);
        assert_eq!(service.get(LIST, &token).await.status, 403, "{role}");
        assert_eq!(service.get(&path, &token).await.status, 403, "{role}");
        assert_eq!(service.post(&replay, &token, "").await.status, 403, "{role}");
    }
    assert_eq!(entries(&service, "").await.len(), 1);
}

#[tokio::test]
async fn the_list_comes_in_pages_and_wrong_parameters_are_named() {
    let service = Service::start().await;
    for n in 0..5 {
        send(&service, json!({ "type": "annals.x.y", "description": format!("{n}") })).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("{LIST}?limit=2{cursor}"), &admin()).await.json();
        seen.extend(
            page["entries"].as_array().unwrap().iter().map(|entry| entry["id"].to_string()),
        );
        match page["next_cursor"].as_str() {
            None => break,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first: {seen:?}");
    for (wrong, path) in [
        ("limit=0", "limit"),
        ("limit=9999", "limit"),
        ("cursor=x", "cursor"),
        ("reason=x", "reason"),
        ("x=1", "x"),
    ] {
        let answer = service.get(&format!("{LIST}?{wrong}"), &admin()).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text);
        assert_eq!(answer.json()["errors"][0]["path"], path);
    }
}

#[tokio::test]
async fn graphql_lists_replays_and_discards_the_same() {
    let service = Service::start().await;
    let one = kept_as(&send(&service, json!({ "type": "annals.x.y" })).await);
    let two = kept_as(&send(&service, json!({ "type": "annals.x.z" })).await);
    let list = "{ quarantine(first: 1) { edges { cursor node { id reason sender errors { code } } }
        pageInfo { hasNextPage endCursor } } }";
    let listed = service.ask(&admin(), list, json!({})).await["data"]["quarantine"].take();
    assert_eq!(listed["edges"][0]["node"]["id"], *two, "{listed}");
    assert_eq!(listed["edges"][0]["node"]["errors"][0]["code"], "RESERVED");
    assert_eq!(listed["pageInfo"]["hasNextPage"], true);
    let replay = "mutation($input: ReplayQuarantinedInput!) {
        replayQuarantined(input: $input) { receipt { id } userErrors { field code } } }";
    let again = service.ask(&admin(), replay, json!({ "input": { "id": one } })).await;
    let errors = &again["data"]["replayQuarantined"]["userErrors"];
    assert_eq!(errors[0]["field"], json!(["input", "event", "type"]), "{again}");
    let event = json!({ "type": "order.placed", "actor": { "id": "ann" } });
    let input = json!({ "input": { "id": one, "event": event } });
    let done = service.ask(&admin(), replay, input).await;
    assert!(done["data"]["replayQuarantined"]["receipt"]["id"].is_string(), "{done}");
    let discard = "mutation($input: DiscardQuarantinedInput!) {
        discardQuarantined(input: $input) { id } }";
    let input = json!({ "input": { "id": two } });
    let gone = service.ask(&admin(), discard, input.clone()).await;
    assert_eq!(gone["data"]["discardQuarantined"]["id"], *two, "{gone}");
    let gone = service.ask(&admin(), discard, input).await;
    assert_eq!(gone["errors"][0]["extensions"]["code"], "NOT_FOUND", "{gone}");
    let refused = service.ask(&writer(), list, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}
