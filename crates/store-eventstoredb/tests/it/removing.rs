//! What retention removes is cut off the streams on the server, and every node forgets it.

use std::sync::Arc;

use annals_domain::{EventId, Position, Revision, StreamName};
use annals_eventstoredb_double::{Options, Server, User};
use annals_ports::contract::{fresh_tenant, item, removable};
use annals_ports::{AppendItem, Direction, EventLog, LogReader, LogReplica, Removal, RemoveError};
use annals_store_eventstoredb::{Address, EventStoreLog, Finding, FindingKind, Settings};
use annals_store_sqlite::SqliteReplica;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::support::{KEY_CHECK, Node, PATIENCE, eventually, marks, server};

/// The event that tells of the removal.
const RUN: EventId = EventId(Uuid::from_u128(0x0a11));

/// A log with a run in it, and six records of a person.
struct Log {
    server: Server,
    node: Node,
    findings: Receiver<Finding>,
    tenant: String,
    stream: StreamName,
    at: Vec<Position>,
}

/// Tells of a run, as one of the tenant.
fn run_of(tenant: &str) -> AppendItem {
    let mut told = item(tenant, "records", RUN.0.as_u128(), "told");
    let record = &mut told.records[0];
    let header = String::from_utf8(record.header.clone()).unwrap();
    let of_type = std::mem::replace(&mut record.event_type, "annals.retention.run".into());
    record.header = header.replace(&of_type, &record.event_type).into_bytes();
    told
}

async fn append(log: &EventStoreLog, item: AppendItem) -> Position {
    log.append(vec![item]).await.unwrap().remove(0).unwrap()[0].position
}

impl Log {
    async fn filled() -> Self {
        Self::filled_on(server(), Settings::default()).await
    }

    async fn filled_on(server: Server, settings: Settings) -> Self {
        let node = Node::with(&server.url(), settings).await;
        let findings = node.log.findings().await.unwrap();
        let tenant = fresh_tenant();
        let mut at = Vec::new();
        for id in 0..6 {
            at.push(append(&node.log, item(&tenant, "s", id, &secret(id))).await);
        }
        append(&node.log, run_of(&tenant)).await;
        let stream = item(&tenant, "s", 0, "x").stream;
        Self { server, node, findings, tenant, stream, at }
    }

    /// Removes these of the six; tells how many were.
    async fn remove(&self, which: &[usize]) -> u64 {
        remove(&self.node.log, which.iter().map(|index| self.at[*index])).await
    }

    /// The revisions that the server shows of the stream.
    fn on_server(&self) -> Value {
        let metadata = self.server.store().stream(&format!("$${}", self.stream));
        metadata.last().map_or(Value::Null, |last| serde_json::from_slice(&last.data).unwrap())
    }
}

fn secret(id: u128) -> String {
    format!("wordthatisnowhereelse{id}.")
}

async fn remove(log: &EventStoreLog, positions: impl Iterator<Item = Position>) -> u64 {
    let events: Vec<_> = positions.map(removable).collect();
    log.remove(RUN, &events).await.unwrap()
}

/// The revisions that a node reads of a stream.
async fn read(log: &EventStoreLog, stream: &StreamName) -> Vec<u64> {
    let all = log.read_stream(stream, Revision(0), Direction::Forwards, 100).await.unwrap();
    all.iter().map(|entry| entry.revision.0).collect()
}

/// Forgets what other nodes removed, as the service does, until nothing is left to forget.
async fn forget_all(log: &EventStoreLog, stream: &StreamName, left: &[u64]) {
    eventually("the other node has forgotten it", async || {
        if read(log, stream).await == left {
            return true;
        }
        let told = tokio::time::timeout(PATIENCE, log.removed_elsewhere(100)).await;
        log.forget(&told.expect("it hears of it").unwrap()).await.unwrap();
        false
    })
    .await;
}

async fn next(findings: &mut Receiver<Finding>) -> FindingKind {
    let finding = tokio::time::timeout(PATIENCE, findings.recv()).await;
    finding.expect("it is found").expect("the log is open").kind
}

/// Nothing was found so far: the next thing found is one that is made here.
async fn nothing_was_found(server: &Server, findings: &mut Receiver<Finding>, stream: &StreamName) {
    server.store().tombstone(stream.as_str()).await.unwrap();
    assert_eq!(next(findings).await, FindingKind::StreamDeleted);
}

/// Whether the file of a node's copy, or what belongs to it, has these bytes.
fn holds(node: &Node, word: &str) -> bool {
    let files = std::fs::read_dir(node.dir.path()).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_begins_with_goes_on_the_server_and_in_the_copy() {
    let mut log = Log::filled().await;
    assert_eq!(log.node.log.removal(), Removal::Beginnings);
    assert_eq!(log.remove(&[0, 1, 2]).await, 3);
    assert_eq!(read(&log.node.log, &log.stream).await, [3, 4, 5]);
    assert_eq!(log.on_server()["$tb"], 3, "{}", log.on_server());
    let gone = &item(&log.tenant, "s", 1, &secret(1)).records[0];
    assert!(log.node.log.find(&gone.tenant, gone.id).await.unwrap().is_none());
    for (id, is_there) in [(0, false), (2, false), (3, true)] {
        assert_eq!(holds(&log.node, &secret(id)), is_there, "the bytes of {id}");
    }
    // Its id stays used, and the stream goes on.
    let again = log.node.log.append(vec![item(&log.tenant, "s", 1, &secret(1))]).await.unwrap();
    let again = again[0].as_ref().unwrap()[0];
    assert_eq!((again.position, again.duplicate), (log.at[1], true));
    append(&log.node.log, item(&log.tenant, "s", 7, "more")).await;
    assert_eq!(read(&log.node.log, &log.stream).await, [3, 4, 5, 6]);
    assert_eq!(log.remove(&[0, 1, 2]).await, 0, "it is gone");
    assert_eq!(log.remove(&[3]).await, 1, "and goes on");
    assert_eq!(log.on_server()["$tb"], 4);
    nothing_was_found(&log.server, &mut log.findings, &log.stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_behind_something_that_stays_and_the_last_of_a_stream_stay() {
    let log = Log::filled().await;
    assert_eq!(log.remove(&[1, 2]).await, 0, "the first stays");
    assert_eq!(log.on_server(), Value::Null, "so nothing is written");
    assert_eq!(log.remove(&[0, 1, 3, 4]).await, 2, "the third stays");
    assert_eq!(read(&log.node.log, &log.stream).await, [2, 3, 4, 5]);
    assert_eq!(log.remove(&[2, 3, 4, 5]).await, 3, "the last stays");
    assert_eq!(read(&log.node.log, &log.stream).await, [5]);
    assert_eq!(log.on_server()["$tb"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_node_forgets_it_also_one_that_was_away() {
    let log = Log::filled().await;
    let url = log.server.url();
    let (there, away) = (Node::on(&url).await, Node::on(&url).await);
    for node in [&there, &away] {
        eventually("it has the log", async || read(&node.log, &log.stream).await.len() == 6).await;
    }
    let mut findings = there.log.findings().await.unwrap();
    let Node { log: stopped, dir } = away;
    drop(stopped);
    assert_eq!(log.remove(&[0, 1]).await, 2);
    forget_all(&there.log, &log.stream, &[2, 3, 4, 5]).await;
    assert!(!holds(&there, &secret(1)) && holds(&there, &secret(2)));

    // The one that was away hears of two cuts at once, and of one only when it is asked again after a restart.
    assert_eq!(log.remove(&[2]).await, 1);
    let log_of = super::support::open(&url, &dir, Settings::default()).await.unwrap();
    let back = Node { log: Arc::new(log_of), dir };
    let told = tokio::time::timeout(PATIENCE, back.log.removed_elsewhere(100)).await;
    told.expect("it hears of it").unwrap();
    let back = back.restarted(&url).await;
    forget_all(&back.log, &log.stream, &[3, 4, 5]).await;
    assert!(!holds(&back, &secret(0)) && !holds(&back, &secret(2)));
    nothing_was_found(&log.server, &mut findings, &log.stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_cut_first_goes_here_too_and_is_counted_once() {
    let log = Log::filled().await;
    let url = log.server.url();
    let other = Node::on(&url).await;
    eventually("it has the log", async || read(&other.log, &log.stream).await.len() == 6).await;
    let metadata = {
        assert_eq!(remove(&other.log, log.at[..2].iter().copied()).await, 2);
        log.on_server()
    };
    assert_eq!(log.remove(&[0, 1]).await, 0, "it was counted when it was cut");
    assert_eq!(read(&log.node.log, &log.stream).await, [2, 3, 4, 5]);
    assert_eq!(log.on_server(), metadata, "the mark is written once");
    let node = log.node.restarted(&url).await;
    assert_eq!(read(&node.log, &log.stream).await, [2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_anew_after_a_scavenge_misses_nothing() {
    let log = Log::filled().await;
    assert_eq!(log.remove(&[0, 1, 2]).await, 3);
    let unscavenged = Node::on(&log.server.url()).await;
    forget_all(&unscavenged.log, &log.stream, &[3, 4, 5]).await;
    assert_eq!(log.server.store().scavenge(), 3);
    let anew = Node::on(&log.server.url()).await;
    let mut findings = anew.log.findings().await.unwrap();
    anew.log.caught_up().await;
    assert_eq!(read(&anew.log, &log.stream).await, [3, 4, 5]);
    // The stream goes on, there and from there.
    append(&anew.log, item(&log.tenant, "s", 9, "more")).await;
    assert_eq!(read(&anew.log, &log.stream).await, [3, 4, 5, 6]);
    nothing_was_found(&log.server, &mut findings, &log.stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_cut_is_found_and_missed_as_before() {
    let mut log = Log::filled().await;
    assert_eq!(log.remove(&[0, 1]).await, 2);
    let marked = log.on_server().to_string();
    let store = log.server.store();
    let stream = log.stream.as_str();
    // Further than the mark tells, the mark on another stream, and a mark that was taken back.
    store.set_metadata(stream, &marked.replace("\"$tb\":2", "\"$tb\":4")).await.unwrap();
    assert_eq!(next(&mut log.findings).await, FindingKind::MetadataChanged);
    let other = item(&log.tenant, "other", 50, "x");
    append(&log.node.log, other.clone()).await;
    store.set_metadata(other.stream.as_str(), &marked).await.unwrap();
    assert_eq!(next(&mut log.findings).await, FindingKind::MetadataChanged);
    store.set_metadata(stream, &marked).await.unwrap();
    assert_eq!(log.remove(&[2]).await, 1);
    store.set_metadata(stream, &marked).await.unwrap();
    assert_eq!(next(&mut log.findings).await, FindingKind::MetadataChanged, "it was taken back");
    assert_eq!(read(&log.node.log, &log.stream).await, [3, 4, 5], "nothing was forgotten for it");

    // What a scavenge took without a mark is missed by a copy that is made anew.
    store.set_metadata(stream, r#"{"$tb":4}"#).await.unwrap();
    assert_eq!(next(&mut log.findings).await, FindingKind::MetadataChanged);
    store.scavenge();
    let anew = Node::on(&log.server.url()).await;
    let mut findings = anew.log.findings().await.unwrap();
    while next(&mut findings).await != FindingKind::RecordsMissing {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_without_a_run_in_the_log_is_found_and_nothing_is_forgotten_for_it() {
    let server = server();
    let node = Node::on(&server.url()).await;
    let other = Node::on(&server.url()).await;
    let mut findings = other.log.findings().await.unwrap();
    let tenant = fresh_tenant();
    let mut at = Vec::new();
    for id in 0..3 {
        at.push(append(&node.log, item(&tenant, "s", id, "x")).await);
    }
    assert_eq!(remove(&node.log, at.iter().copied()).await, 2);
    assert_eq!(next(&mut findings).await, FindingKind::MetadataChanged);
    let stream = item(&tenant, "s", 0, "x").stream;
    assert_eq!(read(&other.log, &stream).await, [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_into_the_metadata_stays() {
    let mut log = Log::filled().await;
    log.server.store().set_metadata(log.stream.as_str(), r#"{"$maxCount":100}"#).await.unwrap();
    assert_eq!(next(&mut log.findings).await, FindingKind::MetadataChanged);
    assert_eq!(log.remove(&[0]).await, 1);
    let metadata = log.on_server();
    assert_eq!((&metadata["$maxCount"], &metadata["$tb"]), (&100.into(), &1.into()));
    nothing_was_found(&log.server, &mut log.findings, &log.stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_cut_the_same_stream_count_each_record_once() {
    let log = Log::filled().await;
    let other = Node::on(&log.server.url()).await;
    eventually("it has the log", async || read(&other.log, &log.stream).await.len() == 6).await;
    let (here, there) =
        tokio::join!(log.remove(&[0, 1, 2]), remove(&other.log, log.at[..5].iter().copied()));
    assert_eq!(here + there, 5, "{here} and {there}");
    assert_eq!(log.on_server()["$tb"], 5);
    assert_eq!(read(&other.log, &log.stream).await, [5]);
}

/// A server where users have rights of their own.
fn guarded() -> Server {
    let users = vec![
        User::admin("admin", "changeit"),
        User::new("annals", "writes"),
        User::new("keeper", "keeps"),
    ];
    Server::start(Options { users, ..Options::default() })
}

async fn signed_in(
    server: &Server,
    keeper: Option<(&str, &str)>,
) -> (EventStoreLog, Arc<SqliteReplica>, TempDir) {
    let url = server.url().replace("esdb://", "esdb://annals:writes@");
    let mut address = Address::parse(&url).unwrap();
    if let Some((user, password)) = keeper {
        address = address.with_keeper(user, password);
    }
    let dir = tempfile::tempdir().unwrap();
    let replica = Arc::new(SqliteReplica::open(dir.path()).unwrap());
    let settings = Settings { scavenge: true, ..Settings::default() };
    let (kept, key_check) = (Arc::clone(&replica), KEY_CHECK.into());
    let log = EventStoreLog::open(address, settings, kept, key_check, marks()).await.unwrap();
    (log, replica, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_write_metadata_is_told_before_anything_is_done() {
    let server = guarded();
    let admin = server.url().replace("esdb://", "esdb://admin:changeit@");
    let users = annals_store_eventstoredb::rights::Users {
        writer: "annals".into(),
        keeper: Some("keeper".into()),
    };
    let admin = Address::parse(&admin).unwrap();
    annals_store_eventstoredb::rights::setup(&admin, &users).await.unwrap();
    let (writer, _, _dir) = signed_in(&server, None).await;
    let refused = writer.remove(RUN, &[]).await.unwrap_err();
    assert!(matches!(refused, RemoveError::Denied { .. }), "{refused}");
    assert!(refused.to_string().contains("store.keeper"), "{refused}");
    let (kept, replica, _kept_dir) = signed_in(&server, Some(("keeper", "keeps"))).await;
    assert_eq!(kept.remove(RUN, &[]).await.unwrap(), 0);
    let probed = server.store().stream("$$annals-retention");
    assert!(probed.is_empty(), "looking writes nothing");
    let tenant = fresh_tenant();
    let mut at = Vec::new();
    for id in 0..2 {
        at.push(append(&kept, item(&tenant, "s", id, "x")).await);
    }
    kept.caught_up().await;
    assert_eq!(remove(&kept, at.into_iter()).await, 1);
    assert!(replica.cut_off(10).await.unwrap().is_empty());

    // To scavenge is another right.
    kept.reclaim().await.unwrap_err();
    assert_eq!(server.counters().scavenges(), 0);
    let (operator, _, _operator_dir) = signed_in(&server, Some(("admin", "changeit"))).await;
    operator.reclaim().await.unwrap();
    assert_eq!(server.counters().scavenges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_scavenged_unless_it_is_wanted() {
    let log = Log::filled().await;
    assert_eq!(log.remove(&[0]).await, 1);
    log.node.log.reclaim().await.unwrap();
    assert_eq!(log.server.counters().scavenges(), 0);
    let settings = Settings { scavenge: true, ..Settings::default() };
    let log = Log::filled_on(server(), settings).await;
    assert_eq!(log.remove(&[0]).await, 1);
    log.node.log.reclaim().await.unwrap();
    assert_eq!(log.server.counters().scavenges(), 1);
    log.server.stop();
    log.node.log.reclaim().await.unwrap_err();
}
