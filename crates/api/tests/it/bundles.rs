//! Evidence bundles as exports: what is in them, for whom, and that anybody can verify them.

use std::io::Cursor;

use annals_evidence::{Completeness, Report, Trust, verify};
use annals_tlog::VerifyingKey;
use axum::body::Body;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Service, request, token, until};

const ZIP: &str = "application/zip";
const CANARY: &str = "Canary Person";
/// Sees the tenant's events without names and texts, and exports them.
const MASKED: &str = r#"
[roles.reviewer]
title = "Reviews without names"
permissions = ["read_tenant_events", "export_events"]
masks = ["names", "texts"]
"#;

async fn with_events() -> Service {
    let service = Service::with_more_roles(MASKED).await;
    let event = |n: u8, person: &str| {
        json!({
            "type": "user.login.succeeded", "description": "a sentence",
            "actor": { "id": person, "type": "user", "name": CANARY }, "metadata": { "n": n }
        })
    };
    let events = json!([event(0, "ann"), event(1, "bob"), event(2, "ann"), event(3, "ann")]);
    let writer = token("shop", "acme", "writer");
    let answer = service.post("/api/v1/logs/bulk", &writer, events.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    until("the ends of streams are committed to", async || {
        !service.get("/tlog/log.json", "").await.json()["heads"]["newest"].is_null()
    })
    .await;
    service
}

/// The job that was ordered when it has ended, and its file.
async fn bundle(service: &Service, token: &str, query: &str) -> (Value, Vec<u8>) {
    let order = json!({ "format": "bundle", "query": query }).to_string();
    let answer = service.post("/api/v1/exports", token, order).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let path = answer.header(header::LOCATION).to_owned();
    until("the export ends", async || {
        let job = service.get(&path, token).await.json();
        job["status"] != "queued" && job["status"] != "running"
    })
    .await;
    let job = service.get(&path, token).await.json();
    assert_eq!(job["status"], "done", "{job}");
    let file = request(Method::GET, job["file"].as_str().unwrap(), Some(token), Body::empty());
    let file = service.open(file).await;
    assert_eq!(file.headers()[header::CONTENT_TYPE], ZIP);
    (job, file.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// The keys as whoever kept them has them.
async fn published(service: &Service) -> Trust {
    let log = service.get("/tlog/log.json", "").await.json();
    let shards = log["shards"].as_array().unwrap();
    let others = ["heads", "evidence"].map(|kind| &log[kind]);
    let key = |signer: &Value| VerifyingKey::parse(signer["vkey"].as_str().unwrap()).unwrap();
    Trust::keys(shards.iter().chain(others).map(key).collect())
}

async fn checked(service: &Service, bundle: &[u8]) -> Report {
    let report = verify(Cursor::new(bundle), &published(service).await).unwrap();
    assert!(report.is_right(), "{report}");
    report
}

#[tokio::test]
async fn a_bundle_of_a_person_is_verified_and_complete() {
    let service = with_events().await;
    let admin = token("root", "acme", "admin");
    let (job, file) = bundle(&service, &admin, "actor:ann").await;
    assert_eq!((job["events"].as_u64(), job["bytes"].as_u64()), (Some(3), Some(file.len() as u64)));
    let report = checked(&service, &file).await;
    assert_eq!((report.counts.events, report.counts.parts_withheld), (3, 0));
    assert_eq!(report.origin.as_deref(), Some("log.test/annals"));
    let scope = report.scope.unwrap();
    assert_eq!((&scope["tenant"], &scope["query"]), (&json!("acme"), &json!("actor:ann")));
    let [stream] = report.streams.try_into().unwrap();
    assert_eq!((stream.first_revision, stream.last_revision), (0, 2));
    assert!(matches!(stream.completeness, Completeness::Complete { .. }), "{stream}");
    assert!(String::from_utf8_lossy(&file).contains(CANARY));
}

#[tokio::test]
async fn the_document_of_the_api_knows_bundles_as_files_of_exports_alone() {
    let service = Service::start().await;
    let document = service.get("/api/v1/openapi.json", "").await.json();
    let is_known = |path: &str| {
        let answer = &document["paths"][path]["get"]["responses"]["200"]["content"];
        assert!(answer["text/csv; charset=utf-8; header=present"].is_object(), "{path}");
        answer[ZIP].is_object()
    };
    assert!(is_known("/api/v1/exports/{id}/file"));
    assert!(!is_known("/api/v1/logs/export"));
}

#[tokio::test]
async fn a_bundle_that_leaves_events_out_does_not_claim_to_be_complete() {
    let service = with_events().await;
    let admin = token("root", "acme", "admin");
    let (_, file) = bundle(&service, &admin, "actor:ann metadata.n:>=2").await;
    let report = checked(&service, &file).await;
    let [stream] = report.streams.try_into().unwrap();
    // The first one is not in it; that is told in numbers.
    assert_eq!((stream.first_revision, stream.last_revision), (1, 2));
    let (_, file) = bundle(&service, &admin, "actor:ann NOT metadata.n:2").await;
    let [stream] = checked(&service, &file).await.streams.try_into().unwrap();
    assert!(matches!(stream.completeness, Completeness::Gaps { .. }), "{stream}");
}

#[tokio::test]
async fn what_is_masked_for_somebody_is_withheld_and_stays_provable() {
    let service = with_events().await;
    let reviewer = token("rea", "acme", "reviewer");
    let (_, file) = bundle(&service, &reviewer, "actor.id:ann").await;
    let report = checked(&service, &file).await;
    // Actor and description of each.
    assert_eq!((report.counts.events, report.counts.parts_withheld), (3, 6));
    assert!(report.counts.parts_shown >= 3);
    let text = String::from_utf8_lossy(&file);
    assert!(!text.contains(CANARY) && !text.contains("a sentence"));
}

#[tokio::test]
async fn a_changed_byte_of_a_bundle_is_found_wherever_it_is() {
    let service = with_events().await;
    let (_, file) = bundle(&service, &token("root", "acme", "admin"), "actor:bob").await;
    let trust = published(&service).await;
    for place in (0..file.len()).step_by(file.len() / 250) {
        let mut changed = file.clone();
        changed[place] ^= 1;
        let report = verify(Cursor::new(&changed), &trust);
        assert!(report.is_ok_and(|report| !report.is_right()), "byte {place}");
    }
}

#[tokio::test]
async fn a_bundle_is_not_put_straight_into_an_answer() {
    let service = with_events().await;
    let path = "/api/v1/logs/export?format=bundle";
    let answer = service.get(path, &token("root", "acme", "admin")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("/api/v1/exports"), "{}", answer.text);
}
