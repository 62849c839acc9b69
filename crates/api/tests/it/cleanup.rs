//! The retention job: it shows what is due, removes it when told to, and leaves a trace of that first.

use std::sync::atomic::Ordering;

use annals_api::lifecycle::job::{self, LastRun};
use axum::body::Body;
use http::Method;
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const CLEANUP: &str = "/api/v1/logs/cleanup";

fn officer() -> String {
    token("rita", "acme", "records_officer")
}

fn auditor() -> String {
    token("audit", "acme", "auditor")
}

async fn clean_up(service: &Service, parameters: &str) -> Answer {
    let path = format!("{CLEANUP}{parameters}");
    service.call(request(Method::DELETE, &path, Some(&officer()), Body::empty())).await
}

async fn found(service: &Service, query: &str) -> Vec<Value> {
    let list = service.get(&format!("/api/v1/logs?q={query}"), &auditor()).await.json();
    list["events"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
}

/// Records an event and looks at nothing, which would leave events too; returns its receipt.
async fn record(service: &Service, event: Value) -> Value {
    let writer = token("shop", "acme", "writer");
    let answer = service.post("/api/v1/logs", &writer, event.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn id_of(receipt: &Value) -> String {
    receipt["id"].as_str().unwrap().to_owned()
}

fn order(n: u32) -> Value {
    json!({ "type": "order.placed", "actor": { "id": "ann" }, "labels": { "n": n.to_string() } })
}

/// A service with three orders, of which two are seven years old.
async fn seven_years_later() -> (Service, Vec<String>) {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for n in [1, 2] {
        ids.push(id_of(&record(&service, order(n)).await));
    }
    let now = service.api.clock.now().to_zoned(TimeZone::UTC);
    let later = now.checked_add(7.years()).unwrap().timestamp() + SignedDuration::from_hours(49);
    service.confirm_clocks(later).await;
    let newest = record(&service, order(3)).await;
    ids.push(id_of(&newest));
    until("what is due is known", async || clean_up(&service, "").await.json()["due"] == 2).await;
    let all = format!("/api/v1/logs?min_position={}", newest["position"].as_str().unwrap());
    until("all orders are found", async || service.get(&all, &auditor()).await.status == 200).await;
    (service, ids)
}

#[tokio::test]
async fn without_a_word_it_only_looks() {
    let (service, _) = seven_years_later().await;
    for parameters in ["", "?dry_run=true"] {
        let answer = clean_up(&service, parameters).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let told = answer.json();
        assert_eq!((&told["dry_run"], &told["removed"]), (&json!(true), &json!(0)));
        assert_eq!((&told["due"], &told["by_class"]), (&json!(2), &json!({ "standard": 2 })));
        // Zeros at the end are left out, so only times are in order, not their texts.
        let time = |name: &str| told[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert!(time("oldest") <= time("newest"), "{told}");
        assert_eq!(told["more"], false);
    }
    assert_eq!(found(&service, "type:order.placed").await.len(), 3);
    assert!(found(&service, "type:annals.retention.run").await.is_empty());
    until("that somebody looked is recorded", async || {
        !found(&service, "type:annals.log.read%20actor.id:rita").await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_removed_and_who_did_it_is_told_first() {
    let (service, ids) = seven_years_later().await;
    let told = clean_up(&service, "?dry_run=false").await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    assert_eq!(
        (&told["due"], &told["removed"], &told["more"]),
        (&json!(2), &json!(2), &json!(false))
    );
    let left = found(&service, "type:order.placed").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], *ids[2]);
    let count = service.get("/api/v1/logs?q=type:order.placed&count=true", &auditor()).await;
    assert_eq!(count.json()["count"]["value"], 1, "{}", count.text);
    for (id, status) in ids.iter().zip([404, 404, 200]) {
        assert_eq!(service.get(&format!("/api/v1/logs/{id}"), &auditor()).await.status, status);
    }
    let mut runs = Vec::new();
    until("the run is found", async || {
        runs = found(&service, "type:annals.retention.run").await;
        !runs.is_empty()
    })
    .await;
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (&runs[0]["actor"]["id"], &runs[0]["operation"]),
        (&json!("rita"), &json!("delete"))
    );
    let metadata = &runs[0]["metadata"];
    assert_eq!((&metadata["due"], &metadata["classes"]), (&json!(2), &json!(["standard: 2"])));
    let again = clean_up(&service, "?dry_run=false").await.json();
    assert_eq!((&again["due"], &again["removed"]), (&json!(0), &json!(0)));
    assert_eq!(found(&service, "type:annals.retention.run").await.len(), 1, "nothing was removed");
}

#[tokio::test]
async fn a_removed_event_that_is_sent_again_is_answered_and_not_recorded() {
    let service = Service::start().await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let mut sent = order(1);
    sent["id"] = id.into();
    sent["occurred_at"] = "2026-01-01T00:00:00Z".into();
    record(&service, sent.clone()).await;
    let later = service.api.clock.now() + SignedDuration::from_hours(8 * 366 * 24);
    service.confirm_clocks(later).await;
    until("it was removed", async || {
        clean_up(&service, "?dry_run=false").await.json()["removed"] == 1
    })
    .await;
    let again =
        service.post("/api/v1/logs", &token("shop", "acme", "writer"), sent.to_string()).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &json!(id)), "{}", again.text);
    assert!(found(&service, "type:order.placed").await.is_empty());
}

#[tokio::test]
async fn a_store_that_cannot_remove_says_so_and_records_nothing() {
    let (service, _) = seven_years_later().await;
    service.log.keep_all();
    let refused = clean_up(&service, "?dry_run=false").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (501, "NOT_IMPLEMENTED".into()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("docs/retention.md"));
    assert!(found(&service, "type:annals.retention.run").await.is_empty());
    assert_eq!(found(&service, "type:order.placed").await.len(), 3);
    assert_eq!(clean_up(&service, "").await.status, 200, "looking is possible");
}

#[tokio::test]
async fn nothing_is_removed_when_that_cannot_be_recorded() {
    let (service, _) = seven_years_later().await;
    service.log.fail_next(annals_ports::memory::LogErrorKind::Full);
    let refused = clean_up(&service, "?dry_run=false").await;
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert_eq!(found(&service, "type:order.placed").await.len(), 3);
}

#[tokio::test]
async fn a_second_run_beside_the_first_is_refused() {
    let service = Service::start().await;
    let _first = service.api.retention.begin().unwrap();
    let refused = clean_up(&service, "").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "CONFLICT".into()));
}

#[tokio::test]
async fn the_job_is_not_said_to_have_run_while_somebody_does_it_by_hand() {
    let service = Service::start().await;
    service.api.credentials.view().until_current().await;
    let by_hand = service.api.retention.begin().unwrap();
    assert!(job::run_once(&service.api).await, "it is tried again soon");
    assert_eq!(service.api.lifecycle.job.last(), LastRun::default());
    drop(by_hand);
    job::run_once(&service.api).await;
    let last = service.api.lifecycle.job.last();
    assert!(last.succeeded && last.ended_at.is_some(), "{last:?}");
}

#[tokio::test]
async fn a_simulation_waits_for_no_run_and_holds_none_up() {
    let service = Service::start().await;
    service.api.credentials.view().until_current().await;
    let _run = service.api.retention.begin().unwrap();
    let rules = json!({ "rules": [] }).to_string();
    let simulated = service.post("/api/v1/retention/simulation", &officer(), rules).await;
    assert_eq!(simulated.status, 200, "{}", simulated.text);
}

#[tokio::test]
async fn a_tenant_of_whom_nothing_can_be_removed_does_not_hold_up_the_others() {
    let (service, _) = seven_years_later().await;
    let (writer, admin) = (token("shop", "globex", "writer"), token("root", "globex", "admin"));
    service.post("/api/v1/logs", &writer, order(4).to_string()).await;
    let later = service.api.clock.now() + SignedDuration::from_hours(8 * 366 * 24);
    service.confirm_clocks(later).await;
    let cleanup = || request(Method::DELETE, CLEANUP, Some(&admin), Body::empty());
    until("the order of globex is due", async || {
        service.call(cleanup()).await.json()["due"].as_u64() >= Some(1)
    })
    .await;
    // Tenants come in the order of their names.
    service.index.removals_fail.store(1, Ordering::SeqCst);
    job::run_once(&service.api).await;
    let last = service.api.lifecycle.job.last();
    assert!(!last.succeeded && last.removed > 0, "{last:?}");
    let orders = "/api/v1/logs?q=type:order.placed";
    assert_eq!(service.get(orders, &admin).await.json()["events"], json!([]), "gone");
    assert_eq!(found(&service, "type:order.placed").await.len(), 3, "nothing of acme");
}

#[tokio::test]
async fn wrong_parameters_are_named_and_nothing_is_done() {
    let (service, _) = seven_years_later().await;
    for parameters in
        ["?dry_run=no", "?dry_run=", "?dryrun=false", "?dry_run=false&dry_run=false", "?q=type:x"]
    {
        let refused = clean_up(&service, parameters).await;
        assert_eq!(refused.status, 400, "{parameters}: {}", refused.text);
    }
    assert_eq!(found(&service, "type:order.placed").await.len(), 3);
}

#[tokio::test]
async fn another_tenant_is_left_alone() {
    let (service, _) = seven_years_later().await;
    let stranger = token("eve", "globex", "admin");
    let path = format!("{CLEANUP}?dry_run=false");
    let answer = service.call(request(Method::DELETE, &path, Some(&stranger), Body::empty())).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["due"]), (200, &json!(0)));
    assert_eq!(found(&service, "type:order.placed").await.len(), 3);
}

#[tokio::test]
async fn a_store_that_cuts_streams_tells_what_waits() {
    let (service, _) = seven_years_later().await;
    service.log.only_cut();
    let looked = clean_up(&service, "").await.json();
    assert_eq!((&looked["due"], &looked["waiting"]), (&json!(2), &json!(0)), "{looked}");
    let by_ben = json!({ "type": "order.placed", "actor": { "id": "ben" } });
    let of_ben = id_of(&record(&service, by_ben).await);
    let told = clean_up(&service, "?dry_run=false").await.json();
    assert_eq!((&told["removed"], &told["waiting"]), (&json!(2), &json!(0)), "{told}");
    // Ben's is the first of his stream, and the last.
    let later = service.api.clock.now() + SignedDuration::from_hours(8 * 366 * 24);
    service.confirm_clocks(later).await;
    until("what is due is known", async || {
        let told = clean_up(&service, "").await.json();
        told["waiting"].as_u64() >= Some(1)
    })
    .await;
    let told = clean_up(&service, "?dry_run=false").await.json();
    assert!(told["waiting"].as_u64() >= Some(1), "{told}");
    let kept = service.get(&format!("/api/v1/logs/{of_ben}"), &auditor()).await;
    assert_eq!(kept.status, 200, "the last of a stream stays");
    until("the certificate says what removing means", async || {
        let completed = found(&service, "type:annals.retention.completed").await;
        let mut told =
            completed.iter().filter_map(|event| event["metadata"]["certificate"].as_str());
        told.any(|text| text.contains("until each of its nodes was scavenged"))
    })
    .await;
}
