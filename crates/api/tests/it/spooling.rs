//! While the log takes no events, those whose type allows it are answered 202; all others 503.

use annals_ports::memory::LogErrorKind;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Service, token, until};

/// The catalogue says `spool` of it.
fn login(user: &str) -> Value {
    json!({ "type": "user.login.succeeded", "actor": { "id": user }, "metadata": { "method": "password" } })
}

/// The catalogue says `block` of it.
fn role_granted() -> Value {
    json!({ "type": "user.role.granted", "actor": { "id": "root" }, "subject": { "id": "ann" },
        "metadata": { "role": "auditor" } })
}

fn writer() -> String {
    token("shop", "acme", "writer")
}

#[tokio::test]
async fn each_event_is_answered_as_its_type_says() {
    let service = Service::with_spool().await;
    service.log.fail_next(LogErrorKind::Unavailable);
    let answer = service.post("/api/v1/logs", &writer(), login("ann").to_string()).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (StatusCode::ACCEPTED, &json!("spooled"))
    );
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    until("it is recorded", async || service.api.recorder.spooled() == 0).await;
    let admin = token("root", "acme", "admin");
    until("it is found", async || {
        service.get(&format!("/api/v1/logs/{id}"), &admin).await.status == 200
    })
    .await;
    service.log.fail_next(LogErrorKind::Unavailable);
    let answer = service.post("/api/v1/logs", &writer(), role_granted().to_string()).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.json().get("quarantine_id").is_none(), "it is not wrong, only too early");
}

#[tokio::test]
async fn a_bulk_and_a_mutation_tell_of_each_event() {
    let service = Service::with_spool().await;
    service.log.fail_next(LogErrorKind::Unavailable);
    service.log.fail_next(LogErrorKind::Unavailable);
    let bulk = format!("[{},{}]", login("ann"), role_granted());
    let answer = service.post("/api/v1/logs/bulk", &writer(), bulk).await;
    assert_eq!(answer.status, 207, "{}", answer.text);
    let results = answer.json()["results"].take();
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!(202), &json!(503)));
    assert!(results[0]["id"].is_string() && results[0].get("position").is_none());
    until("it is recorded", async || service.api.recorder.spooled() == 0).await;
    service.log.fail_next(LogErrorKind::Unavailable);
    let document = "mutation($input: RecordEventsInput!) { recordEvents(input: $input) {
        receipts { id } accepted { index id status } userErrors { code } } }";
    let events = json!({ "input": { "events": [
        { "type": "user.login.succeeded", "actor": { "id": "ben" }, "metadata": { "method": "password" } },
    ] } });
    let answer = service.ask(&writer(), document, events).await;
    let payload = &answer["data"]["recordEvents"];
    assert_eq!(payload["receipts"], json!([null]), "{answer}");
    assert_eq!(payload["accepted"][0]["status"], "SPOOLED", "{answer}");
    assert_eq!(payload["userErrors"], json!([]));
}

#[tokio::test]
async fn readiness_tells_how_many_wait() {
    let service = Service::with_spool().await;
    assert_eq!(service.get("/readyz", "").await.json()["spooled"], 0);
}
