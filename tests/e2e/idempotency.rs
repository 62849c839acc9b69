//! Sent twice, stored once, for ever.

use annals_tests::{Answer, Operation, PATIENCE, TestService, samples};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{service, text};

#[tokio::test]
async fn the_same_event_again_gets_its_old_receipt_also_after_a_restart() {
    send_again_and_again(service().await).await;
}

/// The promise of an answer begins with the answer; all else is told again.
fn without_promise(mut receipt: Value) -> Value {
    receipt.as_object_mut().unwrap().remove("receipt");
    receipt
}

/// The same wherever the log is kept.
pub(crate) async fn send_again_and_again(mut service: TestService) {
    let writer = service.caller("shop", "acme", "writer").await;
    let event = samples::login("ann");
    let first = without_promise(writer.record(&event).await.expect(201));
    assert_eq!(without_promise(writer.record(&event).await.expect(200)), first);
    service.kill9().await;
    service.restart().await;
    assert_eq!(without_promise(writer.record(&event).await.expect(200)), first);
    let in_bulk = writer.bulk(std::slice::from_ref(&event)).await.expect(201);
    assert_eq!(in_bulk["results"][0]["status"], 200);
    assert_eq!(in_bulk["results"][0]["position"], first["position"]);
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_visible(&text(&first["position"]), PATIENCE).await;
    auditor.wait_until_current().await;
    assert_eq!(auditor.count("").await, 1);
}

#[tokio::test]
async fn the_order_of_keys_and_short_names_are_the_same_content() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let id = samples::id();
    let long =
        format!(r#"{{"id":"{id}","type":"a.b","description":"x","metadata":{{"a":1,"b":2}}}}"#);
    let short =
        format!(r#"{{"metadata":{{"b":2,"a":1}},"message":"x","action":"a.b","id":"{id}"}}"#);
    let first = writer.post("/api/v1/logs", "application/json", long).await.expect(201);
    let again = writer.post("/api/v1/logs", "application/json", short).await.expect(200);
    assert_eq!(first, again);
}

#[tokio::test]
async fn an_id_with_other_content_is_a_conflict_and_changes_nothing() {
    send_other_content(service().await).await;
}

/// The same wherever the log is kept.
pub(crate) async fn send_other_content(service: TestService) {
    let writer = service.caller("shop", "acme", "writer").await;
    let event = samples::login("ann");
    writer.record(&event).await.expect(201);
    let mut other = samples::failed_login("ben");
    other["id"] = event["id"].clone();
    let refused = writer.record(&other).await.expect(409);
    assert_eq!(refused["code"], "IDEMPOTENCY_CONFLICT");
    let bulk = writer.bulk(&[other.clone(), samples::login("carl")]).await.expect(207);
    assert_eq!(bulk["results"][0]["status"], 409);
    assert_eq!(bulk["results"][1]["status"], 201);
    let input = json!({ "input": { "events": [{ "id": event["id"], "type": "x.y" }] } });
    let refused = writer.run(Operation::RecordEvents, input).await;
    assert_eq!(refused["recordEvents"]["receipts"], json!([null]));
    assert_eq!(refused["recordEvents"]["userErrors"][0]["code"], "IDEMPOTENCY_CONFLICT");
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_visible(&text(&bulk["results"][1]["position"]), PATIENCE).await;
    let kept = auditor.event(event["id"].as_str().unwrap()).await.expect(200);
    assert_eq!(kept["type"], "user.login.succeeded");
    assert_eq!(auditor.count("").await, 2);
}

#[tokio::test]
async fn within_one_bulk_the_same_rules_hold() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let event = samples::login("ann");
    let mut other = samples::failed_login("ann");
    other["id"] = event["id"].clone();
    let bulk = writer.bulk(&[event.clone(), event.clone(), other]).await.expect(207);
    let statuses: Vec<&Value> =
        bulk["results"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [201, 200, 409]);
    assert_eq!(bulk["results"][0]["position"], bulk["results"][1]["position"]);
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, 1);
}

#[tokio::test]
async fn twenty_at_once_store_one_and_all_get_its_receipt() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    for _ in 0..5 {
        let event = samples::login("ann");
        let mut senders = JoinSet::new();
        for _ in 0..20 {
            let (writer, event) = (writer.clone(), event.clone());
            senders.spawn(async move { writer.record(&event).await });
        }
        let answers = senders.join_all().await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1, "one is the first");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)));
        let told = |answer: &Answer| without_promise(answer.json());
        let receipt = told(&answers[0]);
        assert!(answers.iter().all(|answer| told(answer) == receipt));
    }
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, 5);
}
