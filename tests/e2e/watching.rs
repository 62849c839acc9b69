//! Annals watches itself: what is wrong is told once, over REST, in the metrics, in the operations log and
//! in the log of the tenant `system`, and so is that it is right again.

mod poison;

use annals_eventstoredb_double::{Options, Server};
use annals_tests::{Caller, PATIENCE, Secrets, Setup, TestService, samples, wait_until};
use serde_json::Value;

use crate::{ANNALS, text};

/// More than any disk has.
const ALL_BYTES: &str = "4611686018427387904";

/// Looks often, and raises and clears without waiting.
fn watchful(setup: Setup) -> Setup {
    setup
        .with("ANNALS_ALERTS__INTERVAL_SECONDS", "1")
        .with("ANNALS_ALERTS__GRACE_SECONDS", "0")
        .with("ANNALS_ALERTS__FOR_SECONDS", "0")
        .with("ANNALS_ALERTS__CLEAR_SECONDS", "1")
        .with("ANNALS_ALERTS__DISK_FREE_BYTES_MIN", "1")
}

/// Somebody who may see how Annals is.
async fn operator(service: &TestService) -> Caller {
    service.caller("ops", "system", "auditor").await
}

async fn conditions(operator: &Caller) -> Value {
    operator.get("/api/v1/health/conditions", &[]).await.expect(200)
}

/// A condition of the list.
async fn condition(operator: &Caller, name: &str) -> Value {
    let all = conditions(operator).await;
    let found = all["conditions"].as_array().unwrap().iter().find(|one| one["condition"] == name);
    found.unwrap_or_else(|| panic!("no condition `{name}`")).clone()
}

/// Waits until it is raised, or cleared, in the list and in the metrics.
async fn becomes(operator: &Caller, name: &str, raised: bool) -> Value {
    let line = format!("annals_health_condition{{condition=\"{name}\"}} {}", u8::from(raised));
    wait_until(&format!("`{name}` is raised: {raised}"), PATIENCE, async || {
        let found = condition(operator, name).await;
        let metrics = operator.get("/metrics", &[]).await.text;
        let told = found["raised"] == raised && metrics.lines().any(|told| told == line);
        told.then_some(found)
    })
    .await
}

/// Waits until so many events tell of a condition, and returns them, the oldest first.
async fn told(operator: &Caller, name: &str, count: usize) -> Vec<Value> {
    wait_until(&format!("{count} events tell of `{name}`"), PATIENCE, async || {
        let found = events(operator, name).await;
        assert!(found.len() <= count, "told too often: {found:#?}");
        (found.len() == count).then_some(found)
    })
    .await
}

async fn events(operator: &Caller, name: &str) -> Vec<Value> {
    let mut events = operator.find("type:annals.health.*").await;
    events.retain(|event| event["metadata"]["condition"] == name);
    events.sort_by_key(|event| text(&event["occurred_at"]));
    events
}

/// Waits until it has looked again, so often.
async fn looks(operator: &Caller, times: usize) {
    for _ in 0..times {
        let before = conditions(operator).await["checked_at"].clone();
        wait_until("it looks again", PATIENCE, async || {
            (conditions(operator).await["checked_at"] != before).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_low_disk_is_told_once_also_over_restarts_and_so_is_its_end() {
    let setup = watchful(Setup::default()).with("ANNALS_ALERTS__DISK_FREE_BYTES_MIN", ALL_BYTES);
    let mut service = TestService::start_as(ANNALS, setup).await;
    let ops = operator(&service).await;
    let low = becomes(&ops, "disk_low", true).await;
    assert_eq!((&low["severity"], &low["unit"]), (&"error".into(), &"bytes".into()));
    assert!(low["reading"].as_f64() < low["threshold"].as_f64(), "{low}");
    assert!(low["since"].is_string() && low["remedy"].is_string(), "{low}");
    let raised = told(&ops, "disk_low", 1).await.remove(0);
    assert_eq!(raised["type"], "annals.health.raised");
    assert_eq!((&raised["tenant"], &raised["severity"]), (&"system".into(), &"error".into()));
    assert_eq!(raised["metadata"]["since"], low["since"]);
    assert!(service.operations_log().contains("something is wrong with Annals: The disk"));
    // A restart does not tell it again.
    service.stop().await;
    service.restart().await;
    let still = becomes(&ops, "disk_low", true).await;
    assert_eq!(still["since"], low["since"]);
    looks(&ops, 2).await;
    told(&ops, "disk_low", 1).await;
    // There is room again.
    service.stop().await;
    service.set("ANNALS_ALERTS__DISK_FREE_BYTES_MIN", "1");
    service.restart().await;
    let well = becomes(&ops, "disk_low", false).await;
    assert!(well["since"].is_null(), "{well}");
    let cleared = told(&ops, "disk_low", 2).await.remove(1);
    assert_eq!(cleared["type"], "annals.health.cleared");
    assert_eq!(cleared["metadata"]["since"], low["since"]);
    looks(&ops, 2).await;
    told(&ops, "disk_low", 2).await;
    assert!(service.operations_log().contains("Annals is well again"));
}

#[tokio::test]
async fn a_service_that_is_well_raises_nothing_and_only_overseers_ask_how_it_is() {
    let service = TestService::start_as(ANNALS, watchful(Setup::default())).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let ops = operator(&service).await;
    for n in 0..20 {
        writer.record(&samples::numbered("shop", n)).await.expect(201);
        looks(&ops, usize::from(n % 10 == 0)).await;
    }
    let shown = conditions(&ops).await;
    let raised = |one: &&Value| one["raised"] == true;
    let wrong: Vec<_> = shown["conditions"].as_array().unwrap().iter().filter(raised).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(shown["conditions"].as_array().unwrap().len(), 10);
    assert_eq!(ops.count("type:annals.health.*").await, 0);
    writer.get("/api/v1/health/conditions", &[]).await.expect(403);
}

#[tokio::test]
async fn a_log_that_takes_nothing_is_told_and_recorded_once_it_takes_events_again() {
    let server = Server::start(Options::default());
    let setup = watchful(Setup::node_of(&server.url(), &Secrets::make()));
    let service = TestService::start_as(ANNALS, setup.with("ANNALS_SPOOL__ENABLED", "off")).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let ops = operator(&service).await;
    writer.record(&samples::login("ann")).await.expect(201);
    // What a slow start may have been told of is over, and recorded.
    becomes(&ops, "ingest_refused", false).await;
    looks(&ops, 2).await;
    let before = events(&ops, "ingest_refused").await.len();
    server.stop();
    becomes(&ops, "ingest_refused", true).await;
    assert_eq!(writer.record(&samples::login("bob")).await.status, 503);
    server.resume();
    becomes(&ops, "ingest_refused", false).await;
    let events = told(&ops, "ingest_refused", before + 2).await.split_off(before);
    let types: Vec<_> = events.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types, ["annals.health.raised", "annals.health.cleared"]);
    assert_eq!(events[0]["severity"], "critical");
}
