//! The server goes away and comes back: nothing acknowledged is lost, and nobody has to restart anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_eventstoredb_double::{Cluster, Options};
use annals_tests::{
    Caller, Ledger, PATIENCE, Secrets, TestService, Waiting, check_whole, samples, wait_until,
};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{RECOVERY, node, server};
use crate::text;

const WRITERS: usize = 4;
const OUTAGES: usize = 3;
/// The outage begins after so many more events.
const EVENTS_BEFORE: usize = 40;

#[tokio::test]
async fn a_service_whose_server_is_down_starts_says_so_and_begins_to_record_by_itself() {
    let server = server();
    let mut service = node(&server.url(), &Secrets::make()).await;
    service.stop().await;
    // It has seen the root key there once, and goes by its own copy.
    server.stop();
    service.restart_listening().await;
    let (status, ready) = service.readiness().await;
    assert_eq!(status, 503, "{ready}");
    assert_eq!(ready["ingest"], false);
    let trouble = text(&ready["trouble"]);
    assert!(trouble.contains("cannot be reached"), "{trouble}");
    assert!(trouble.contains(&server.address().to_string()), "{trouble}");
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let event = samples::role_granted("ann");
    assert_refused(&writer, &event).await;
    assert_eq!(auditor.find("").await, [] as [Value; 0], "reads are answered");

    server.resume();
    service.wait_until_ready(RECOVERY).await;
    let receipt = writer.record(&event).await.expect(201);
    auditor.wait_until_visible(&text(&receipt["position"]), RECOVERY).await;
    assert_eq!(auditor.find("").await.len(), 1);
    assert!(!service.operations_log().contains("panicked"));
    service.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_under_load_costs_time_but_no_event() {
    let server = server();
    let mut service = node(&server.url(), &Secrets::make()).await;
    let load = Load::begin(&service).await;
    for outage in 1..=OUTAGES {
        load.goes_on(EVENTS_BEFORE, PATIENCE).await;
        server.stop();
        wait_until("the outage is noticed", PATIENCE, async || {
            (service.readiness().await.0 == 503).then_some(())
        })
        .await;
        assert_refused(&load.writer, &samples::role_granted(&format!("refused-{outage}"))).await;
        let page = load.auditor.list(&[]).await.expect(200);
        assert!(!page["events"].as_array().unwrap().is_empty(), "reads are answered");
        server.resume();
        load.goes_on(1, RECOVERY).await;
        service.wait_until_ready(RECOVERY).await;
    }
    load.end_and_check(&service).await;
}

#[tokio::test]
async fn a_cluster_whose_leader_dies_under_load_costs_time_but_no_event() {
    let cluster = Cluster::start(3, Options::default());
    let mut service = node(&cluster.url(), &Secrets::make()).await;
    let load = Load::begin(&service).await;
    for _ in 0..OUTAGES {
        load.goes_on(EVENTS_BEFORE, PATIENCE).await;
        let leader = cluster.leader().unwrap();
        // Another leads at once.
        cluster.kill(leader);
        load.goes_on(1, RECOVERY).await;
        service.wait_until_ready(RECOVERY).await;
        cluster.revive(leader);
    }
    load.goes_on(EVENTS_BEFORE, PATIENCE).await;
    cluster.elect((cluster.leader().unwrap() + 1) % 3);
    load.goes_on(1, RECOVERY).await;
    load.end_and_check(&service).await;
}

/// Writers that record one event after the other, each until it is acknowledged.
struct Load {
    writer: Caller,
    auditor: Caller,
    ledger: Arc<Ledger>,
    enough: Arc<AtomicBool>,
    writers: JoinSet<()>,
}

impl Load {
    async fn begin(service: &TestService) -> Self {
        let writer = service.caller("shop", "acme", "writer").await;
        let auditor = service.caller("audit", "acme", "auditor").await;
        let (ledger, enough) = (Arc::<Ledger>::default(), Arc::<AtomicBool>::default());
        let mut writers = JoinSet::new();
        for index in 0..WRITERS {
            let (ledger, enough) = (Arc::clone(&ledger), Arc::clone(&enough));
            writers.spawn(write_until(enough, writer.clone(), ledger, index));
        }
        Self { writer, auditor, ledger, enough, writers }
    }

    /// Waits until so many more events are acknowledged.
    async fn goes_on(&self, events: usize, patience: Duration) {
        let enough = self.ledger.len() + events;
        let more = async || (self.ledger.len() >= enough).then_some(());
        wait_until("events are acknowledged", patience, more).await;
    }

    async fn end_and_check(self, service: &TestService) {
        let Self { writer, auditor, ledger, enough, writers } = self;
        enough.store(true, Ordering::Relaxed);
        writers.join_all().await;
        let last = writer.record(&samples::login("last")).await;
        ledger.enter_single(&last);
        auditor.wait_until_visible(&text(&last.expect(201)["position"]), RECOVERY).await;
        auditor.wait_until_current().await;
        let whole = auditor.walk_recorded(None).await;
        check_whole(&auditor, &whole).await;
        ledger.check_kept(&whole);
        assert_eq!(whole.len(), ledger.len(), "whoever got no answer has sent again");
        assert!(!service.operations_log().contains("panicked"));
    }
}

async fn write_until(enough: Arc<AtomicBool>, writer: Caller, ledger: Arc<Ledger>, index: usize) {
    for n in 0.. {
        if enough.load(Ordering::Relaxed) {
            return;
        }
        let event = samples::numbered(&format!("writer-{index}"), n);
        let waiting = Waiting::begin("an event is acknowledged", PATIENCE);
        loop {
            let answer = writer.record(&event).await;
            assert!(matches!(answer.status, 200 | 201 | 202 | 503), "{}", answer.text);
            ledger.enter_single(&answer);
            // What was spooled is sent again until its receipt is told, to see where it came to lie.
            if matches!(answer.status, 200 | 201) {
                break;
            }
            waiting.turn().await;
        }
    }
}

/// What cannot be recorded now is refused at once, with the time to ask again.
async fn assert_refused(writer: &Caller, event: &Value) {
    let answer = writer.record(event).await;
    assert_eq!(answer.expect(503)["code"], "UNAVAILABLE");
    let seconds = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
    assert!(seconds.is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "{seconds:?}");
    let bulk = writer.bulk(std::slice::from_ref(event)).await;
    assert_eq!(bulk.status, 503, "{}", bulk.text);
}
