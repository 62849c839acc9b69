//! `kill -9` at random moments under load: nothing acknowledged is lost, nothing doubled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_tests::{Caller, Ledger, LogStream, RECORDED, TestService, check_whole, samples};
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
    let cut_off = Arc::new(Mutex::new(Vec::new()));
    let (mut sent_again, mut already_there) = (0, 0);
    let mut walked: Vec<Value> = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 1..=ROUNDS {
        let writers = start_writers(&writer, &ledger, &cut_off, round);
        tokio::time::sleep(random_moment()).await;
        service.kill9().await;
        writers.join_all().await;
        service.restart().await;
        slowest = slowest.max(service.ready_after());
        assert!(service.ready_after() <= READY_WITHIN, "round {round}: {slowest:?}");
        // Whoever got no answer sends again, as applications do.
        let again = std::mem::take(&mut *cut_off.lock().unwrap());
        if !again.is_empty() {
            let answer = writer.bulk(&again).await;
            let results = answer.expect(201)["results"].take();
            let results = results.as_array().unwrap();
            already_there += results.iter().filter(|item| item["status"] == 200).count();
            sent_again += again.len();
            ledger.enter_bulk(&answer);
        }
        if round.is_multiple_of(CHECK_EVERY) {
            auditor.wait_until_current().await;
            let newest = walked.last().map(|event| event["position"].as_str().unwrap().to_owned());
            walked.extend(auditor.walk_recorded(newest.as_deref()).await);
            check_whole(&auditor, &walked).await;
            ledger.check_kept(&walked);
        }
    }
    let whole = auditor.walk_recorded(None).await;
    assert_eq!(ids(&whole), ids(&walked), "the log read in pieces is the log read at once");
    check_search_equals_log(&service, &auditor, &whole).await;
    service.stop().await;
    let verified = service.run(&["verify"]).await.expect(0);
    let records = verified.split_once(" records").and_then(|(before, _)| before.rsplit(' ').next());
    let records: usize = records.and_then(|count| count.parse().ok()).expect("a number of records");
    assert!(records >= whole.len(), "{verified}");
    println!(
        "{ROUNDS} kills: {} events acknowledged, {sent_again} of them sent again, of which \
         {already_there} were there already; ready after at most {slowest:?}",
        ledger.len(),
    );
    assert_eq!(ledger.len(), whole.len(), "each event was answered and is there once");
    assert!(sent_again > ROUNDS, "the kills came at idle moments");
}

/// Writers that go on until the service is gone, and leave behind what got no answer.
pub(crate) fn start_writers(
    writer: &Caller,
    ledger: &Arc<Ledger>,
    cut_off: &Arc<Mutex<Vec<Value>>>,
    round: usize,
) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for index in 0..SINGLE_WRITERS + BULK_WRITERS {
        let (writer, ledger) = (writer.clone(), Arc::clone(ledger));
        let cut_off = Arc::clone(cut_off);
        writers.spawn(async move {
            let name = format!("writer-{index}");
            for n in 0.. {
                let single = index < SINGLE_WRITERS;
                let events: Vec<Value> = (0..if single { 1 } else { BULK_EVENTS })
                    .map(|i| samples::numbered(&name, round + n + i))
                    .collect();
                let answer = match single {
                    true => writer.try_record(&events[0]).await,
                    false => writer.try_bulk(&events).await,
                };
                match answer {
                    Ok(answer) => {
                        assert_eq!(answer.status, 201, "{}", answer.text);
                        match single {
                            true => ledger.enter_single(&answer),
                            false => ledger.enter_bulk(&answer),
                        }
                    }
                    Err(_) => return cut_off.lock().unwrap().extend(events),
                }
            }
        });
    }
    writers
}

/// A kill must not come at a moment that the service could be prepared for.
pub(crate) fn random_moment() -> Duration {
    let random = uuid::Uuid::new_v4().as_u64_pair().1;
    Duration::from_millis(LOAD_MS.start + random % (LOAD_MS.end - LOAD_MS.start))
}

/// What was walked came from the index and from memory; the live stream reads the log itself.
async fn check_search_equals_log(service: &TestService, auditor: &Caller, walked: &[Value]) {
    auditor.wait_until_current().await;
    let head = auditor.metric("annals_log_head").await;
    // Beside it stand facts of Annals itself: that it started, and who read.
    assert!(head >= Some(walked.len() as f64), "the log has what was walked");
    let first = walked[0]["position"].as_str().unwrap();
    let mut stream = LogStream::open(auditor, &[("after", first), ("q", RECORDED)]).await.unwrap();
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
        let found = auditor.walk(None, &format!("outcome:{outcome} {RECORDED}")).await;
        assert_eq!(ids(&found), ids(&in_log), "{outcome}");
    }
    assert!(!service.operations_log().contains("panicked"), "something panicked");
}
