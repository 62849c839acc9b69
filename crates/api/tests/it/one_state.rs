//! Page, count, facets and histogram of one request are of one state of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Service, token};

const DASHBOARD: &str = "{
    auditEvents(first: 250, query: \"type:a.b\") { nodes { id } }
    facets(query: \"type:a.b\", fields: [\"type\"]) { values { count } }
    auditEventsCount(query: \"type:a.b\") { value }
    histogram(query: \"type:a.b after:-P1D\", interval: DAY, time: RECEIVED_AT) { buckets { count } }
    oldest: auditEvents(last: 250, query: \"type:a.b\", orderBy: OCCURRED_AT_ASC) { nodes { id } }
}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dashboard_is_of_one_piece_while_events_are_recorded() {
    let service = Arc::new(Service::start().await);
    let done = Arc::new(AtomicBool::new(false));
    let recording = {
        let (service, done) = (Arc::clone(&service), Arc::clone(&done));
        tokio::spawn(async move {
            let mut recorded = 0;
            while !done.load(Ordering::Relaxed) && recorded < 240 {
                service.record(json!({ "type": "a.b" })).await;
                recorded += 1;
            }
            recorded
        })
    };
    let admin = token("root", "acme", "admin");
    let mut sizes = std::collections::BTreeSet::new();
    for _ in 0..25 {
        let answer = service.ask(&admin, DASHBOARD, json!({})).await;
        let data = &answer["data"];
        assert!(answer["errors"].is_null(), "{answer}");
        let page = data["auditEvents"]["nodes"].as_array().unwrap().len() as u64;
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        assert_eq!(count(&data["facets"][0]["values"][0]["count"]), page, "{answer}");
        assert_eq!(count(&data["auditEventsCount"]["value"]), page, "{answer}");
        assert_eq!(data["oldest"]["nodes"].as_array().unwrap().len() as u64, page);
        let buckets = data["histogram"]["buckets"].as_array().unwrap();
        assert_eq!(buckets.iter().map(|one| count(&one["count"])).sum::<u64>(), page, "{answer}");
        sizes.insert(page);
    }
    done.store(true, Ordering::Relaxed);
    assert!(recording.await.unwrap() > 0);
    assert!(sizes.len() > 1, "nothing was recorded meanwhile");
}

#[tokio::test]
async fn what_was_just_recorded_is_seen_by_whoever_names_its_position() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    let body = json!({ "type": "a.b" }).to_string();
    let receipt = service.post("/api/v1/logs", &admin, body).await.json();
    let document = "query($at: String) {
        facets(query: \"type:a.b\", fields: [\"type\"], minPosition: $at) { values { count } }
        auditEventsCount(query: \"type:a.b\", minPosition: $at) { value } }";
    let answer = service.ask(&admin, document, json!({ "at": receipt["position"] })).await;
    assert_eq!(answer["data"]["facets"][0]["values"][0]["count"], 1, "{answer}");
    assert_eq!(answer["data"]["auditEventsCount"]["value"], 1);
}
