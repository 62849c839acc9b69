//! Writers that go from node to node and give no event up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use annals_tests::{Caller, Ledger, PATIENCE, TestService, Waiting, samples};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::text;

/// Writers, each with a number.
pub(super) const WRITERS: usize = SINGLE_WRITERS + BULK_WRITERS;
const SINGLE_WRITERS: usize = 4;
const BULK_WRITERS: usize = 2;
const BULK_EVENTS: usize = 20;
/// Of so many single events one is told to the person.
const TOLD_OF: usize = 5;
/// All nodes write to the streams of the same few persons.
const PERSONS: &str = "shared";
/// What the writers share.
#[derive(Default)]
pub(super) struct Load {
    pub(super) ledger: Ledger,
    pub(super) enough: AtomicBool,
    /// Ids of the events that a person is told of.
    pub(super) told: std::sync::Mutex<Vec<String>>,
    pub(super) sent_again: AtomicUsize,
    pub(super) already_there: AtomicUsize,
}

/// Begins to write to all nodes.
pub(super) async fn start_writers(nodes: &[TestService], load: &Arc<Load>) -> JoinSet<()> {
    let mut callers = Vec::new();
    for node in nodes {
        callers.push(node.caller("load", "acme", "writer").await);
    }
    let mut writers = JoinSet::new();
    for index in 0..WRITERS {
        writers.spawn(write(Arc::clone(load), callers.clone(), index));
    }
    writers
}

/// Goes on until it is enough, from one node to the next, and gives no event up.
async fn write(load: Arc<Load>, nodes: Vec<Caller>, index: usize) {
    let single = index < SINGLE_WRITERS;
    let mut next = index;
    for n in 0.. {
        if load.enough.load(Ordering::Relaxed) {
            return;
        }
        let events: Vec<Value> = match single {
            true => vec![single_event(&load, index, n)],
            false => (0..BULK_EVENTS).map(|i| numbered(index, n * BULK_EVENTS + i)).collect(),
        };
        let waiting = Waiting::begin("events are acknowledged by some node", PATIENCE);
        loop {
            next += 1;
            let node = &nodes[next % nodes.len()];
            let acknowledged = match single {
                true => send_one(&load, node, &events[0]).await,
                false => send_many(&load, node, &events).await,
            };
            if acknowledged.is_some() {
                break;
            }
            load.sent_again.fetch_add(1, Ordering::Relaxed);
            waiting.turn().await;
        }
    }
}

fn single_event(load: &Load, index: usize, n: usize) -> Value {
    if !n.is_multiple_of(TOLD_OF) {
        return numbered(index, n);
    }
    let event = samples::password_change(&format!("{PERSONS}-person-{}", n % 7));
    load.told.lock().unwrap().push(text(&event["id"]));
    event
}

fn numbered(index: usize, n: usize) -> Value {
    let mut event = samples::numbered(PERSONS, n);
    event["metadata"]["writer"] = format!("writer-{index}").into();
    event
}

async fn send_one(load: &Load, node: &Caller, event: &Value) -> Option<()> {
    let answer = node.try_record(event).await.ok()?;
    load.ledger.enter_single(&answer);
    match answer.status {
        201 => Some(()),
        200 => {
            load.already_there.fetch_add(1, Ordering::Relaxed);
            Some(())
        }
        // Whoever has taken the port of a dead node does not know the token. What was spooled is sent
        // again until its receipt is told, to see where it came to lie.
        401 | 202 | 503 => None,
        other => panic!("{other}: {}", answer.text),
    }
}

async fn send_many(load: &Load, node: &Caller, events: &[Value]) -> Option<()> {
    let answer = node.try_bulk(events).await.ok()?;
    load.ledger.enter_bulk(&answer);
    if matches!(answer.status, 401 | 202 | 503) {
        return None;
    }
    assert!(matches!(answer.status, 201 | 207), "{}: {}", answer.status, answer.text);
    let results = answer.json()["results"].take();
    let mut all = Some(());
    let mut known = 0;
    for item in results.as_array().unwrap() {
        match item["status"].as_u64() {
            Some(201) => {}
            Some(200) => known += 1,
            Some(202 | 503) => all = None,
            _ => panic!("{item}"),
        }
    }
    load.already_there.fetch_add(known, Ordering::Relaxed);
    all
}
