//! Subscribers that are cut off and come back see every event once, in order, while writers go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_tests::{Caller, GraphqlSocket, Ledger, LogStream, Operation, Subscription, samples};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{ids, service, text};

const WRITERS: usize = 3;
const EVENTS_A_WRITER: usize = 150;
/// The connection is dropped after so many batches: once, twice, three times, then again once.
const BATCHES_A_CONNECTION: [usize; 3] = [1, 2, 3];

#[tokio::test]
async fn a_log_stream_that_is_cut_off_again_and_again_misses_nothing_and_repeats_nothing() {
    let service = service().await;
    let (auditor, start, writing) = under_load(&service).await;
    let mut subscriber = Subscriber::new(start);
    while !subscriber.has_all(&writing) {
        let after = [("after", subscriber.cursor.as_str())];
        let mut stream = LogStream::open(&auditor, &after).await.unwrap();
        for _ in 0..subscriber.batches() {
            subscriber.take(stream.next().await.unwrap());
            if subscriber.has_all(&writing) {
                break;
            }
        }
    }
    subscriber.check(&auditor, &writing).await;
}

#[tokio::test]
async fn a_graphql_subscription_that_is_cut_off_again_and_again_misses_nothing_and_repeats_nothing()
{
    let service = service().await;
    let (auditor, start, writing) = under_load(&service).await;
    let mut subscriber = Subscriber::new(start);
    while !subscriber.has_all(&writing) {
        let from = json!({ "after": subscriber.cursor, "batchSize": 7 });
        let stream = Subscription::open(&auditor, Operation::AuditEventStream, from).await;
        let mut stream = stream.unwrap();
        for _ in 0..subscriber.batches() {
            let mut message = stream.next().await.unwrap();
            subscriber.take(message["auditEventStream"].take());
            if subscriber.has_all(&writing) {
                break;
            }
        }
    }
    subscriber.check(&auditor, &writing).await;
}

#[tokio::test]
async fn a_subscriber_with_a_query_sees_what_matches_and_nothing_else() {
    let service = service().await;
    let (auditor, start, writing) = under_load(&service).await;
    let asked = json!({ "query": "outcome:failure", "after": start });
    let mut stream =
        Subscription::open(&auditor, Operation::AuditEventStream, asked).await.unwrap();
    let mut seen: Vec<Value> = Vec::new();
    while seen.len() < WRITERS * EVENTS_A_WRITER / 3 {
        let mut message = stream.next().await.unwrap();
        match message["auditEventStream"]["events"].take() {
            Value::Array(events) => seen.extend(events),
            other => panic!("`events` is {other}"),
        }
    }
    writing.finished().await;
    assert_eq!(ids(&seen), ids(&auditor.walk(None, "outcome:failure").await));
}

#[tokio::test]
async fn a_running_restart_tells_subscribers_to_come_back_and_they_go_on_where_they_were() {
    let mut service = service().await;
    let (auditor, writer) = (
        service.caller("audit", "acme", "auditor").await,
        service.caller("shop", "acme", "writer").await,
    );
    let mut stream = LogStream::open(&auditor, &[]).await.unwrap();
    let mut socket = GraphqlSocket::open(&auditor).await.unwrap();
    let first = samples::login("ann");
    writer.record(&first).await.expect(201);
    let cursor = text(&stream.next().await.unwrap()["cursor"]);
    service.terminate().await;
    assert_eq!(stream.next().await.unwrap_err().code, Some(1012));
    assert_eq!(socket.next().await.unwrap_err().code, Some(1012));
    service.ended().await;
    service.restart().await;
    let second = samples::login("ben");
    writer.record(&second).await.expect(201);
    let mut stream = LogStream::open(&auditor, &[("after", &cursor)]).await.unwrap();
    let batch = stream.next().await.unwrap();
    assert_eq!(batch["events"][0]["id"], second["id"]);
    assert_eq!(batch["events"].as_array().unwrap().len(), 1);
}

/// A load in the background.
struct Writing {
    writers: tokio::sync::Mutex<JoinSet<()>>,
    ledger: Arc<Ledger>,
    done: Arc<AtomicBool>,
}

impl Writing {
    async fn finished(&self) {
        while let Some(ended) = self.writers.lock().await.join_next().await {
            ended.unwrap();
        }
    }
}

/// An auditor, a cursor of the beginning, and writers that have begun.
async fn under_load(service: &annals_tests::TestService) -> (Caller, String, Writing) {
    let auditor = service.caller("audit", "acme", "auditor").await;
    let writer = service.caller("shop", "acme", "writer").await;
    let start = text(&writer.record(&samples::login("ann")).await.expect(201)["position"]);
    let ledger = Arc::new(Ledger::default());
    let done = Arc::new(AtomicBool::new(false));
    let left = Arc::new(std::sync::atomic::AtomicUsize::new(WRITERS));
    let mut writers = JoinSet::new();
    for index in 0..WRITERS {
        let (writer, ledger) = (writer.clone(), Arc::clone(&ledger));
        let (done, left) = (Arc::clone(&done), Arc::clone(&left));
        writers.spawn(async move {
            let event = |n| samples::numbered(&format!("writer-{index}"), n);
            let mut n = 0;
            while n < EVENTS_A_WRITER {
                // One writer sends bulks of ten, the others single events.
                if index == 0 {
                    let events: Vec<Value> = (n..n + 10).map(event).collect();
                    ledger.enter_bulk(&writer.bulk(&events).await);
                    n += 10;
                } else {
                    ledger.enter_single(&writer.record(&event(n)).await);
                    n += 1;
                }
            }
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                done.store(true, Ordering::Release);
            }
        });
    }
    (auditor, start, Writing { writers: tokio::sync::Mutex::new(writers), ledger, done })
}

/// What a subscriber remembers: the last cursor, and what it has seen.
struct Subscriber {
    cursor: String,
    start: String,
    seen: Vec<Value>,
    connections: usize,
}

impl Subscriber {
    fn new(start: String) -> Self {
        Self { cursor: start.clone(), start, seen: Vec::new(), connections: 0 }
    }

    /// After how many batches the next connection is cut off.
    fn batches(&mut self) -> usize {
        self.connections += 1;
        BATCHES_A_CONNECTION[self.connections % BATCHES_A_CONNECTION.len()]
    }

    fn take(&mut self, mut batch: Value) {
        self.cursor = text(&batch["cursor"]);
        match batch["events"].take() {
            Value::Array(events) => self.seen.extend(events),
            other => panic!("`events` is {other}"),
        }
    }

    fn has_all(&self, writing: &Writing) -> bool {
        writing.done.load(Ordering::Acquire) && self.seen.len() >= writing.ledger.len()
    }

    /// Every event once, in the order of the log.
    async fn check(&self, auditor: &Caller, writing: &Writing) {
        writing.finished().await;
        assert_eq!(writing.ledger.len(), WRITERS * EVENTS_A_WRITER);
        let in_log = auditor.walk(Some(&self.start), "").await;
        assert_eq!(ids(&self.seen), ids(&in_log));
        assert!(self.connections > 3, "it was hardly ever cut off");
    }
}
