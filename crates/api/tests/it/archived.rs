//! What only the archive has is shown to who asks for it, within what they may see.

use annals_api::lifecycle::job;
use annals_domain::{EventId, Position, TenantId};
use annals_engine::Due;
use annals_ports::LogReader;
use annals_ports::archive::ArchiveReader;
use annals_ports::contract::removable;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Service, token, until};

const PAGE: &str = "query($after: String, $archived: Boolean) {
    auditEvents(first: 2, after: $after, includeArchived: $archived, query: \"type:invoice.viewed\") {
        nodes { actor { id } } pageInfo { hasNextPage endCursor } archive { complete pieces } } }";

/// Four events of two people; the first three are in the archive alone.
async fn filled() -> Service {
    let service = Service::start().await;
    for actor in ["ann", "bob", "ann", "bob"] {
        let event = json!({ "type": "invoice.viewed", "actor": { "type": "user", "id": actor } });
        service.record(event).await;
    }
    let tenant = TenantId::new("acme").unwrap();
    let entries = service.log.read_all(Position::START, 1000).await.unwrap();
    let viewed = |entry: &&annals_ports::LogEntry| entry.record.event_type == "invoice.viewed";
    let entries: Vec<_> = entries.iter().filter(viewed).cloned().collect();
    service.archive.keep(&tenant, "2026-01".parse().unwrap(), &entries, 2);
    let events = entries[..3].iter().map(|entry| removable(entry.position)).collect();
    let due = Due { events, ..Due::default() };
    service.api.credentials.view().until_current().await;
    let run = service.api.retention.begin().unwrap();
    let id = EventId(Uuid::from_u128(1));
    assert_eq!(run.remove(&tenant, id, &due, jiff::Timestamp::MAX).await.all().unwrap(), 3);
    service
}

#[tokio::test]
async fn the_job_deletes_months_that_are_due_from_the_archive_and_tells_it() {
    let service = filled().await;
    let tenant = TenantId::new("acme").unwrap();
    let later = service.api.clock.now() + jiff::SignedDuration::from_hours(8 * 366 * 24);
    service.confirm_clocks(later).await;
    job::run_once(&service.api).await;
    assert!(service.api.lifecycle.job.last().succeeded);
    assert!(service.archive.months(&tenant).await.unwrap().is_empty());
    until("it is told", async || service.facts("annals.archive.expired").await.len() == 1).await;
    let told = service.facts("annals.archive.expired").await;
    assert_eq!(told[0]["metadata"], json!({ "month": "2026-01", "records": 4 }));
}

fn actors(events: &Value) -> Vec<&str> {
    let events = events.as_array().unwrap().iter();
    events.map(|event| event["actor"]["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rest_shows_what_only_the_archive_has_to_who_asks_for_it() {
    let service = filled().await;
    let admin = token("root", "acme", "admin");
    let page = service.get("/api/v1/logs?type=invoice.viewed", &admin).await.json();
    assert_eq!(actors(&page["events"]), ["bob"]);
    assert!(page.get("archive").is_none(), "{page}");
    let asked = "/api/v1/logs?type=invoice.viewed&include_archived=true&limit=3";
    let page = service.get(asked, &admin).await.json();
    assert_eq!(actors(&page["events"]), ["bob", "ann", "bob"]);
    assert_eq!(
        (&page["archive"]["complete"], &page["archive"]["pieces"]),
        (&json!(true), &json!(2))
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = service.get(&format!("{asked}&cursor={cursor}"), &admin).await.json();
    assert_eq!(actors(&page["events"]), ["ann"]);
    assert!(page["next_cursor"].is_null(), "{page}");
}

#[tokio::test]
async fn graphql_shows_the_same() {
    let service = filled().await;
    let admin = token("root", "acme", "admin");
    let answer = service.ask(&admin, PAGE, json!({})).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let live = &answer["data"]["auditEvents"];
    assert_eq!(actors(&live["nodes"]), ["bob"]);
    assert!(live["archive"].is_null(), "{live}");
    let (mut after, mut all) = (Value::Null, Vec::new());
    loop {
        let variables = json!({ "archived": true, "after": after });
        let answer = service.ask(&admin, PAGE, variables).await;
        let page = &answer["data"]["auditEvents"];
        all.extend(actors(&page["nodes"]).into_iter().map(str::to_owned));
        assert_eq!(page["archive"]["complete"], true, "{answer}");
        if page["pageInfo"]["hasNextPage"] != true {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(all, ["bob", "ann", "bob", "ann"]);
}

#[tokio::test]
async fn nobody_sees_in_the_archive_what_is_not_theirs() {
    let service = filled().await;
    let asked = "/api/v1/logs?type=invoice.viewed&include_archived=true";
    let bob = service.get(asked, &token("bob", "acme", "user")).await.json();
    assert_eq!(actors(&bob["events"]), ["bob", "bob"]);
    let stranger = service.get(asked, &token("root", "other", "admin")).await.json();
    assert_eq!(actors(&stranger["events"]), [""; 0]);
}

#[tokio::test]
async fn the_archive_is_read_newest_first_alone_and_a_failure_is_told() {
    let service = filled().await;
    let admin = token("root", "acme", "admin");
    let oldest = service.get("/api/v1/logs?include_archived=true&order=oldest", &admin).await;
    assert_eq!(oldest.status, 400, "{}", oldest.text);
    service.archive.fail_next(1);
    let failed = service.get("/api/v1/logs?include_archived=true", &admin).await;
    assert_eq!(failed.status, 503, "{}", failed.text);
    assert!(failed.text.contains("archive"), "{}", failed.text);
}
