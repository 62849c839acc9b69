//! `kill -9` at random moments under load: nothing acknowledged is lost, nothing doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_tests::{
    Caller, Ledger, LogStream, PATIENCE, TestService, check_whole, samples, wait_until,
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{ids, service};

const ROUNDS: usize = 100;
const SINGLE_WRITERS: usize = 4;
const BULK_WRITERS: usize = 2;
const BULK_EVENTS: usize = 20;
/// The load lasts so long before the kill, milliseconds.
const LOAD_MS: std::ops::Range<u64> = 5..250;
/// From the start of the process to a good answer of `/readyz` (promise 15).
const READY_WITHIN: Duration = Duration::from_secs(3);
/// The whole tail is walked after so many rounds; the whole log at the end.
const CHECK_EVERY: usize = 10;

#[tokio::test]
async fn killed_a_hundred_times_under_load_it_loses_nothing_and_doubles_nothing() {
    let mut service = service().await;
    let writer = service.caller("load", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let ledger = Arc::new(Ledger::default());
    let unanswered = Arc::new(AtomicUsize::new(0));
    let mut walked: Vec<Value> = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 1..=ROUNDS {
        let writers = start_writers(&writer, &ledger, &unanswered, round);
        tokio::time::sleep(random_moment()).await;
        service.kill9().await;
        writers.join_all().await;
        service.restart().await;
        slowest = slowest.max(service.ready_after());
        assert!(service.ready_after() <= READY_WITHIN, "round {round}: {slowest:?}");
        if round % CHECK_EVERY == 0 {
            let newest = walked.last().map(|event| event["position"].as_str().unwrap().to_owned());
            walked.extend(auditor.walk(newest.as_deref(), "").await);
            check_whole(&walked);
            ledger.check_kept(&walked);
        }
    }
    let whole = auditor.walk(None, "").await;
    assert_eq!(ids(&whole), ids(&walked), "the log read in pieces is the log read at once");
    check_search_equals_log(&service, &auditor, &whole).await;
    service.stop().await;
    let verified = service.run(&["verify"]).await.expect(0);
    assert!(verified.contains(&format!("{} records", whole.len())), "{verified}");
    println!(
        "{ROUNDS} kills: {} events acknowledged, {} stored, {} requests cut off, ready after at most {slowest:?}",
        ledger.len(),
        whole.len(),
        unanswered.load(Ordering::Relaxed),
    );
    assert!(ledger.len() > ROUNDS, "the load was too small to show anything");
    assert!(unanswered.load(Ordering::Relaxed) > ROUNDS, "the kills came at idle moments");
}

/// Writers that go on until the service is gone.
fn start_writers(
    writer: &Caller,
    ledger: &Arc<Ledger>,
    unanswered: &Arc<AtomicUsize>,
    round: usize,
) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for index in 0..SINGLE_WRITERS + BULK_WRITERS {
        let (writer, ledger) = (writer.clone(), Arc::clone(ledger));
        let unanswered = Arc::clone(unanswered);
        writers.spawn(async move {
            let name = format!("writer-{index}");
            for n in 0.. {
                let sent = if index < SINGLE_WRITERS {
                    let answer = writer.try_record(&samples::numbered(&name, n)).await;
                    answer.map(|answer| ledger.enter_single(&answer))
                } else {
                    let event = |i| samples::numbered(&name, round + n + i);
                    let events: Vec<Value> = (0..BULK_EVENTS).map(event).collect();
                    let answer = writer.try_bulk(&events).await;
                    answer.map(|answer| ledger.enter_bulk(&answer))
                };
                if sent.is_err() {
                    unanswered.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        });
    }
    writers
}

/// A kill must not come at a moment that the service could be prepared for.
fn random_moment() -> Duration {
    let random = uuid::Uuid::new_v4().as_u64_pair().1;
    Duration::from_millis(LOAD_MS.start + random % (LOAD_MS.end - LOAD_MS.start))
}

/// What was walked came from the index and from memory; the live stream reads the log itself.
async fn check_search_equals_log(service: &TestService, auditor: &Caller, walked: &[Value]) {
    wait_until("the projections catch up", PATIENCE, async || {
        let ready = auditor.get("/readyz", &[]).await.expect(200);
        assert_eq!(ready["parked"], 0, "{ready}");
        let lag = ready["lag"].as_object().expect("a lag of each projection");
        (lag.len() >= 3 && lag.values().all(|behind| *behind == 0)).then_some(())
    })
    .await;
    let head = auditor.metric("annals_log_head").await;
    assert_eq!(head, Some(walked.len() as f64), "the log has what was walked and nothing else");
    let first = walked[0]["position"].as_str().unwrap();
    let mut stream = LogStream::open(auditor, &format!("?after={first}")).await.unwrap();
    let mut read = vec![walked[0].clone()];
    while read.len() < walked.len() {
        let mut batch = stream.next().await.unwrap();
        match batch["events"].take() {
            Value::Array(events) => read.extend(events),
            other => panic!("`events` is {other}"),
        }
    }
    assert_eq!(ids(&read), ids(walked));
    for outcome in ["success", "failure"] {
        let in_log = walked.iter().filter(|event| event["outcome"]["status"] == outcome);
        let in_log: Vec<Value> = in_log.cloned().collect();
        let found = auditor.walk(None, &format!("outcome:{outcome}")).await;
        assert_eq!(ids(&found), ids(&in_log), "{outcome}");
    }
    assert!(!service.operations_log().contains("panicked"), "something panicked");
}
