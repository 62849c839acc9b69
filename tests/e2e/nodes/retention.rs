//! Events whose time is over go from the server and from all nodes, whichever of them removes.

use annals_tests::{Answer, Caller, PATIENCE, Secrets, Setup, TestService, samples, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

use super::server;
use crate::ANNALS;

/// A word that stands in contents alone.
const CANARY: &str = "canarywordofservers";
const EVENTS: usize = 20;

async fn clean_up(officer: &Caller, dry_run: bool) -> Value {
    let path = format!("/api/v1/logs/cleanup?dry_run={dry_run}");
    let request = officer.request(Method::DELETE, &path);
    Answer::of(request).await.expect("the service answers").expect(200)
}

fn of_person(person: &str, n: usize) -> Value {
    json!({
        "id": samples::id(),
        "type": "order.placed",
        "actor": { "id": person },
        "description": format!("{CANARY} {n}"),
    })
}

/// How many of the events a node finds, by every way.
async fn found(node: &TestService) -> u64 {
    let auditor = node.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    let found = auditor.find(CANARY).await.len() as u64;
    match auditor.count(CANARY).await {
        count if count == found => count,
        // It went in between.
        _ => u64::MAX,
    }
}

#[tokio::test]
async fn what_one_node_removes_is_found_by_none_and_what_is_held_stays() {
    let server = server();
    let secrets = Secrets::make();
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let setup = Setup::node_of(&server.url(), &secrets)
            .with("ANNALS_RETENTION__STANDARD", "PT1S")
            .with("ANNALS_LIFECYCLE__INTERVAL_SECONDS", "0")
            .with("ANNALS_STORE__SCAVENGE", "true");
        nodes.push(TestService::start_as(ANNALS, setup).await);
    }
    let writer = nodes[0].caller("shop", "acme", "writer").await;
    let officer = nodes[1].caller("rita", "acme", "records_officer").await;
    let hold = json!({ "matter": "M-1", "query": "actor.id:ben", "reason": "letter of the court" });
    let held = officer.request(Method::POST, "/api/v1/holds").json(&hold);
    Answer::of(held).await.expect("the service answers").expect(201);
    let mut events = Vec::new();
    for n in 0..EVENTS {
        let person = if n % 2 == 0 { "ann" } else { "ben" };
        events.push(of_person(person, n));
        writer.record(&events[n]).await.expect(201);
    }
    let half = EVENTS as u64 / 2;
    for node in &nodes {
        wait_until("it is found", PATIENCE, async || {
            (found(node).await == EVENTS as u64).then_some(())
        })
        .await;
    }
    // Of ann's stream the last stays, of ben's all.
    wait_until("the events are due", PATIENCE, async || {
        let told = clean_up(&officer, true).await;
        let due = told["due"].as_u64() >= Some(half - 1) && told["held"].as_u64() >= Some(half);
        due.then_some(())
    })
    .await;
    let told = clean_up(&officer, false).await;
    assert!(told["removed"].as_u64() >= Some(half - 1), "{told}");
    assert!(told["waiting"].as_u64() >= Some(1), "{told}");
    assert!(server.counters().scavenges() >= 1, "the server is told to scavenge");
    for node in &nodes {
        wait_until("it is forgotten", PATIENCE, async || {
            (found(node).await == half + 1).then_some(())
        })
        .await;
        let auditor = node.caller("audit", "acme", "auditor").await;
        for (n, event) in events.iter().enumerate() {
            let id = event["id"].as_str().expect("an id");
            let stays = n % 2 == 1 || n == EVENTS - 2;
            let status = if stays { 200 } else { 404 };
            assert_eq!(auditor.event(id).await.status, status, "{n}");
        }
        let of_findings = auditor.find("type:annals.integrity.finding").await;
        assert!(of_findings.is_empty(), "{of_findings:?}");
        wait_until("who did it is told", PATIENCE, async || {
            let told = auditor.find("type:annals.retention.completed").await;
            (!told.is_empty()).then_some(())
        })
        .await;
        // What was sent again is known.
        let again = node.caller("shop", "acme", "writer").await.record(&events[0]).await;
        assert_eq!(again.status, 200, "{}", again.text);
    }
    // A node that comes later has not seen what was removed, and misses nothing.
    let setup = Setup::node_of(&server.url(), &secrets);
    let late = TestService::start_as(ANNALS, setup).await;
    wait_until("it has the rest", PATIENCE, async || {
        (found(&late).await == half + 1).then_some(())
    })
    .await;
    let auditor = late.caller("audit", "acme", "auditor").await;
    assert!(auditor.find("type:annals.integrity.finding").await.is_empty());
    let verified = nodes[0].run(&["verify", "--store", &server.url()]).await;
    verified.expect(0);
}
