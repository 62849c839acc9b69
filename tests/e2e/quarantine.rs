//! Refused events outlive a kill, are corrected and recorded; the bounds hold.

use annals_tests::{Setup, TestService, samples};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{ANNALS, service, text};

#[tokio::test]
async fn a_refused_event_outlives_a_kill_and_is_recorded_once_it_is_corrected() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let admin = service.caller("root", "acme", "admin").await;
    let mut event = samples::login("ann");
    event["actor"] = json!({ "type": "user", "name": "Ann" });
    let problem = writer.record(&event).await.expect(422);
    let id = text(&problem["quarantine_id"]);
    service.kill9().await;
    service.restart().await;
    let entry = admin.get(&format!("/api/v1/quarantine/{id}"), &[]).await.expect(200);
    assert_eq!((&entry["reason"], &entry["content"]), (&json!("invalid"), &event));
    event["actor"]["id"] = "ann".into();
    let path = format!("/api/v1/quarantine/{id}/replay");
    let receipt = admin.post(&path, "application/json", event.to_string()).await.expect(201);
    assert_eq!(receipt["id"], event["id"]);
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_visible(&text(&receipt["position"]), annals_tests::PATIENCE).await;
    let found = auditor.event(&text(&event["id"])).await.expect(200);
    assert_eq!(found["source"], "shop");
    assert_eq!(auditor.find("type:annals.quarantine.replayed").await.len(), 1);
    let gone = admin.get(&format!("/api/v1/quarantine/{id}"), &[]).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn the_oldest_make_way_and_a_discarded_one_leaves_its_trace() {
    let setup = Setup::default().with("ANNALS_QUARANTINE__ENTRIES_MAX", "2");
    let service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let admin = service.caller("root", "acme", "admin").await;
    for n in 0..4 {
        let event = json!({ "type": "annals.x.y", "description": format!("{n}") });
        writer.record(&event).await.expect(422);
    }
    let list = admin.get("/api/v1/quarantine", &[]).await.expect(200);
    let entries: Vec<Value> = list["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 2);
    assert_eq!(admin.metric("annals_quarantine_evicted_total").await, Some(2.0));
    let path = format!("/api/v1/quarantine/{}", text(&entries[0]["id"]));
    let gone = admin.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(admin.find("type:annals.quarantine.discarded").await.len(), 1);
}
