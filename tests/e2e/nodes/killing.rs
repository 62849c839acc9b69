//! Three nodes of one log under load, killed and started again at random moments.
//!
//! `ANNALS_TEST_NODES_SECONDS` tells how long, `ANNALS_TEST_NODES_SEED` repeats the choices of a run.

mod load;
mod random;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use annals_eventstoredb_double::{AppendFault, Options, Refusal, Server, SubscriptionEnd};
use annals_tests::{
    Caller, PATIENCE, RECORDED, Secrets, Setup, TestService, check_whole, samples, wait_until,
};
use serde_json::Value;

use self::load::{Load, WRITERS, start_writers};
use self::random::Random;
use super::receiver::Receiver;
use super::taking_over::holder;
use crate::{ANNALS, ids, text};

const NODES: usize = 3;
/// In continuous integration.
const SECONDS: u64 = 8;
/// Between two kills, milliseconds.
const QUIET_MS: std::ops::Range<u64> = 200..1500;
/// A node is away for so long, milliseconds.
const AWAY_MS: std::ops::Range<u64> = 0..1500;

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_killed_at_random_under_load_lose_nothing_and_double_nothing() {
    let seconds = from_environment("ANNALS_TEST_NODES_SECONDS").unwrap_or(SECONDS);
    let seed = from_environment("ANNALS_TEST_NODES_SEED");
    let seed = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1);
    println!("ANNALS_TEST_NODES_SEED={seed}");
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let options = Options { directory: Some(dir.path().join("server")), ..Options::default() };
    let server = Server::start(options);
    let receiver = Receiver::start_forgetful().await;
    let secrets = Secrets::make();
    let setup = receiver.told_by(Setup::node_of(&server.url(), &secrets), dir.path());
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(TestService::start_as(ANNALS, setup.clone()).await);
    }
    // What happened before anybody was ever told of anything is told to nobody.
    holder(&nodes).await;

    let load = Arc::new(Load::default());
    let writers = start_writers(&nodes, &load).await;
    let began = Instant::now();
    let (mut kills, mut stops) = (0, 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(random.moment(QUIET_MS)).await;
        let victims = random.victims(NODES);
        for &victim in &victims {
            // One of four is asked to stop; the others are cut off in the middle of a word.
            match random.below(4) {
                0 => {
                    nodes[victim].stop().await;
                    stops += 1;
                }
                _ => {
                    nodes[victim].kill9().await;
                    kills += 1;
                }
            }
        }
        server_mishap(&server, &mut random).await;
        tokio::time::sleep(random.moment(AWAY_MS)).await;
        for &victim in &victims {
            nodes[victim].restart_listening().await;
        }
        for &victim in &victims {
            nodes[victim].wait_until_ready(PATIENCE).await;
        }
    }
    load.enough.store(true, Ordering::Relaxed);
    writers.join_all().await;
    let last = last_position(&nodes[0], &load).await;

    let whole = check_nodes(&mut nodes, &load, &last).await;
    let own = records(&server, |event_type| event_type.starts_with("annals."));
    let sent = records(&server, |event_type| !event_type.starts_with("annals."));
    assert_eq!(sent, whole.len(), "the server holds what the nodes show, and no more");
    let verified = nodes[0].run(&["verify", "--store", &server.url()]).await.expect(0);
    assert!(verified.contains(&format!("whole: {} records", sent + own)), "{verified}");
    let messages = check_told(&receiver, &load).await;
    println!(
        "{seconds} s: {kills} kills and {stops} stops, {} events acknowledged, {} requests sent \
         again, {} events there already; {} messages, {messages} of them again",
        whole.len(),
        load.sent_again.load(Ordering::Relaxed),
        load.already_there.load(Ordering::Relaxed),
        load.told.lock().unwrap().len() + messages,
    );
    assert!(kills > 0 && load.sent_again.load(Ordering::Relaxed) > 0, "nobody was disturbed");
    for node in &nodes {
        assert!(!node.operations_log().contains("panicked"), "something panicked");
    }
}

/// Of some rounds the server has its part, too.
async fn server_mishap(server: &Server, random: &mut Random) {
    let faults = server.faults();
    match random.below(8) {
        0 => {
            server.stop();
            tokio::time::sleep(random.moment(AWAY_MS)).await;
            server.resume();
        }
        1 => faults.end_subscriptions(SubscriptionEnd::Ok),
        2 => faults.next_appends(2, AppendFault::BreakSession),
        3 => faults.next_appends(2, AppendFault::CommitThenFail(Refusal::Timeout)),
        _ => {}
    }
}

/// How many records of such types lie on the server. Who looks at the log leaves records there, too.
fn records(server: &Server, of: impl Fn(&str) -> bool) -> usize {
    let events = server.store().events();
    let kept = ["person-", "service-", "system"];
    let is_record = |stream: &str| kept.iter().any(|kind| stream.starts_with(kind));
    events.iter().filter(|event| is_record(&event.stream) && of(&event.event_type)).count()
}

/// Position of an event that comes after all others.
async fn last_position(node: &TestService, load: &Load) -> String {
    let writer = node.caller("load", "acme", "writer").await;
    let answer = writer.record(&samples::login("last")).await;
    load.ledger.enter_single(&answer);
    text(&answer.expect(201)["position"])
}

/// Each node has every acknowledged event once, where its receipt says, in the log and in what follows from
/// it; returns the log.
async fn check_nodes(nodes: &mut [TestService], load: &Load, last: &str) -> Vec<Value> {
    let mut whole: Vec<Value> = Vec::new();
    for node in nodes {
        let auditor = node.caller("audit", "acme", "auditor").await;
        auditor.wait_until_visible(last, PATIENCE).await;
        auditor.wait_until_current().await;
        // A node that was just started has nothing in memory, so these answers come from its index.
        node.stop().await;
        node.restart().await;
        let found = auditor.walk_recorded(None).await;
        check_whole(&auditor, &found).await;
        load.ledger.check_kept(&found);
        assert_eq!(found.len(), load.ledger.len(), "each event was acknowledged and is there once");
        check_index(&auditor, &found).await;
        match whole.is_empty() {
            true => whole = found,
            false => assert_eq!(found, whole, "the nodes disagree"),
        }
    }
    whole
}

/// What searches find is what lies in the log.
async fn check_index(auditor: &Caller, log: &[Value]) {
    for outcome in ["success", "failure"] {
        let in_log = log.iter().filter(|event| event["outcome"]["status"] == outcome);
        let in_log: Vec<Value> = in_log.cloned().collect();
        let found = auditor.walk(None, &format!("outcome:{outcome} {RECORDED}")).await;
        assert_eq!(ids(&found), ids(&in_log), "{outcome}");
    }
    for index in 0..WRITERS {
        let writer = format!("writer-{index}");
        let in_log = log.iter().filter(|event| event["metadata"]["writer"] == *writer).count();
        let found = auditor.walk(None, &format!("metadata.writer:{writer}")).await.len();
        assert_eq!(found, in_log, "{writer}");
    }
}

/// Every event that a person is told of was told, and after counting by id exactly once. Tells how many
/// messages came again.
async fn check_told(receiver: &Receiver, load: &Load) -> usize {
    let mut to_be_told = load.told.lock().unwrap().clone();
    to_be_told.sort();
    let messages = wait_until("everybody is told", PATIENCE, async || {
        let messages = receiver.messages();
        (messages.effects.len() >= to_be_told.len()).then_some(messages)
    })
    .await;
    assert!(messages.repeats > 0, "nobody had to say it again");
    let told: Vec<String> = messages.effects.keys().cloned().collect();
    assert_eq!(told, to_be_told);
    let doubled: Vec<_> = messages.effects.iter().filter(|(_, effects)| **effects > 1).collect();
    assert!(doubled.is_empty(), "told under two ids: {doubled:?}");
    messages.repeats
}

fn from_environment(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("`{variable}` must be a number, not `{text}`")))
}
