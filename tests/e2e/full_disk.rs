//! A full disk: recording is refused with 507, reads go on, and recording resumes by itself.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use annals_tests::{Ledger, PATIENCE, Setup, TestService, check_whole, samples, wait_until};
use serde_json::Value;

use crate::{ANNALS, service};

const DISK_BYTES: u64 = 48 * 1024 * 1024;
/// The store may still have room within its files when the disk has none.
const EVENTS_MAX: usize = 20_000;
const BULK_EVENTS: usize = 100;

#[tokio::test]
async fn a_full_disk_refuses_events_with_507_while_reads_go_on_and_then_takes_them_again() {
    let mut service =
        TestService::start_as(ANNALS, Setup::default().on_small_disk(DISK_BYTES)).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    // Reading what concerns others leaves a trace, for which there may be no room.
    let person = service.caller("before-person-0", "acme", "user").await;
    let ledger = Ledger::default();
    for n in 0..40 {
        ledger.enter_single(&writer.record(&samples::numbered("before", n)).await);
    }
    let ballast = service.data_dir().join("ballast");
    for round in 0..2 {
        fill(&ballast);
        let refused = record_until_refused(&service, &ledger).await;
        assert_eq!(refused["code"], "STORAGE_FULL", "{refused}");
        // Single events are refused in the same words, again and again, and reads go on.
        for n in 0..10 {
            let answer = writer.record(&samples::numbered("full", n)).await;
            ledger.enter_single(&answer);
            if answer.status != 201 {
                let problem = answer.expect(507);
                assert_eq!(problem["code"], "STORAGE_FULL");
                assert!(answer.headers.contains_key("retry-after"));
                let ready = auditor.get("/readyz", &[]).await.expect(503);
                assert_eq!(ready["ingest"], false);
            }
            let seen = person.list(&[("limit", "5"), ("count", "true")]).await.expect(200);
            assert_eq!(seen["events"].as_array().unwrap().len(), 5);
            person.event(seen["events"][0]["id"].as_str().unwrap()).await.expect(200);
        }
        assert!(service.is_running(), "a full disk is no reason to die");
        std::fs::remove_file(&ballast).unwrap();
        wait_until("events are taken again", PATIENCE, async || {
            let answer = writer.record(&samples::numbered("after", round)).await;
            ledger.enter_single(&answer);
            (answer.status == 201).then_some(())
        })
        .await;
    }
    let position = writer.record(&samples::login("ann")).await.expect(201);
    let position = position["position"].as_str().unwrap().to_owned();
    // The search index has caught up as well.
    wait_until("searches are current", PATIENCE, async || {
        let page = auditor.list(&[("min_position", &position), ("limit", "1")]).await;
        (page.status == 200).then_some(())
    })
    .await;
    assert_eq!(auditor.get("/readyz", &[]).await.expect(200)["ingest"], true);
    let whole = auditor.walk_recorded(None).await;
    check_whole(&auditor, &whole).await;
    ledger.check_kept(&whole);
    assert!(auditor.metric("annals_log_head").await >= Some(whole.len() as f64));
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_at_once_with_a_sentence() {
    let service = service().await;
    let began = std::time::Instant::now();
    let second = service.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_ne!(second.code, Some(0));
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(second.stderr.contains("in use by another process"), "{}", second.stderr);
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("ann")).await.expect(201);
}

/// Takes the last byte of the disk.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).expect("the disk of the service can be written");
    for size in [64 * 1024, 4096, 1] {
        let piece = vec![0; size];
        while file.write_all(&piece).is_ok() {}
    }
}

/// Records until nothing of a bulk is taken any more; returns the first refusal.
async fn record_until_refused(service: &TestService, ledger: &Ledger) -> Value {
    let writer = service.caller("shop", "acme", "writer").await;
    for round in 0..EVENTS_MAX / BULK_EVENTS {
        let event = |n| samples::numbered("filling", round * BULK_EVENTS + n);
        let events: Vec<Value> = (0..BULK_EVENTS).map(event).collect();
        let answer = writer.bulk(&events).await;
        ledger.enter_bulk(&answer);
        if answer.status != 201 {
            assert_eq!(answer.status, 507, "{}", answer.text);
            return answer.json()["results"][0]["error"].clone();
        }
    }
    panic!("{EVENTS_MAX} events fit on a full disk");
}
