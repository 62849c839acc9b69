//! `kill -9` while the trees grow and are signed: every checkpoint that anybody ever saw is the beginning of
//! the last one, and every event has exactly one leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use annals_domain::Position;
use annals_ports::LogReader;
use annals_ports::trees::{ROW_WIDTH, TreeStore};
use annals_store_sqlite::{SqliteEventLog, SqliteTrees};
use annals_tests::{Caller, Ledger, PATIENCE, Setup, TestService, samples, wait_until};
use annals_tlog::{
    SignedCheckpoint, TileId, TileReader, VerifyingKey, consistency_proof, verify_consistency,
};
use reqwest::Method;
use serde_json::Value;

use crate::ANNALS;
use crate::killing::{random_moment, start_writers};
use crate::proving::{fetched, mirror};

/// How often the service is killed.
const KILLS: usize = 40;
/// Asks for another number; the promise was tried with 300.
const KILLS_VARIABLE: &str = "SEALING_KILLS";
/// Trees are signed far more often than usual, so that kills hit it.
const COMMIT_MS: &str = "5";
/// Between two looks at the checkpoint.
const LOOK: Duration = Duration::from_millis(3);

/// An event was acknowledged so long before it was under a checkpoint, as half of them were at most.
const SEALED_WITHIN: Duration = Duration::from_secs(2);
/// Batches that are recorded while that is measured, and events in each.
const BATCHES: usize = 40;
const BATCH: usize = 20;
/// Asks for another number of events in a batch, of which there are ten a second.
const BATCH_VARIABLE: &str = "SEALING_BATCH";

/// Every checkpoint that was served.
#[derive(Default)]
struct Seen(Mutex<BTreeSet<Vec<u8>>>);

impl Seen {
    /// Looks for ever, also while the service is away.
    async fn look(&self, caller: Caller, path: String) {
        loop {
            let answer = caller.anonymous(Method::GET, &path).send().await;
            if let Ok(answer) = answer
                && answer.status().is_success()
                && let Ok(checkpoint) = answer.bytes().await
            {
                self.0.lock().unwrap().insert(checkpoint.to_vec());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Tiles as they were published.
struct Mirror<'a>(&'a Path);

impl TileReader for Mirror<'_> {
    type Error = std::io::Error;

    fn tile(&self, level: u8, index: u64, width: u16) -> std::io::Result<Vec<u8>> {
        std::fs::read(self.0.join(TileId::hashes(level, index, width).path()))
    }
}

/// The directory of the newest tree, below `/tlog/`, once there is one.
async fn newest_shard(caller: &Caller) -> String {
    wait_until("the log has a tree", PATIENCE, async || {
        let log: Value = serde_json::from_slice(&fetched(caller, "/tlog/log.json").await?).unwrap();
        Some(log["shards"].as_array()?.last()?["path"].as_str()?.to_owned())
    })
    .await
}

fn asked_for(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |number| number.parse().expect("a number"))
}

#[tokio::test]
async fn killed_while_it_signs_every_checkpoint_ever_seen_is_the_beginning_of_the_last() {
    let kills = asked_for(KILLS_VARIABLE, KILLS);
    let setup = Setup::default().with("ANNALS_PROJECTIONS__TILES_COMMIT_MS", COMMIT_MS);
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("load", "acme", "writer").await;
    let reader = service.caller("anybody", "acme", "auditor").await;
    let ledger = Arc::new(Ledger::default());
    let cut_off = Arc::new(Mutex::new(Vec::new()));
    writer.record(&samples::numbered("first", 0)).await.expect(201);
    let shard = newest_shard(&reader).await;
    let seen = Arc::new(Seen::default());
    let looking = {
        let (seen, reader) = (Arc::clone(&seen), reader.clone());
        let path = format!("/tlog/{shard}/checkpoint");
        tokio::spawn(async move { seen.look(reader, path).await })
    };
    for round in 1..=kills {
        let writers = start_writers(&writer, &ledger, &cut_off, round);
        tokio::time::sleep(random_moment()).await;
        service.kill9().await;
        writers.join_all().await;
        service.restart().await;
        let again = std::mem::take(&mut *cut_off.lock().unwrap());
        if !again.is_empty() {
            ledger.enter_bulk(&writer.bulk(&again).await);
        }
    }
    reader.wait_until_current().await;
    looking.abort();
    let published = service.home().join("published");
    std::fs::create_dir_all(&published).unwrap();
    let key = mirror(&reader, &published).await;
    let checkpoints = std::mem::take(&mut *seen.0.lock().unwrap());
    let sizes = check_consistent(&published, &key, &checkpoints);
    service.stop().await;
    service.run(&["verify"]).await.expect(0);
    let leaves = check_leaves(&service.data_dir(), &ledger).await;
    println!(
        "{kills} kills: {} events acknowledged, {leaves} leaves, {sizes} checkpoints seen",
        ledger.len()
    );
    assert!(sizes > kills, "the kills came at idle moments");
    assert!(!service.operations_log().contains("not what was signed"));
}

/// Each leads to the last by a proof made of the published tiles; answers how many there were.
fn check_consistent(published: &Path, key: &str, checkpoints: &BTreeSet<Vec<u8>>) -> usize {
    let key = VerifyingKey::parse(key).unwrap();
    let open = |bytes: &[u8]| SignedCheckpoint::open(bytes, &key).unwrap().checkpoint.head();
    let last = open(&std::fs::read(published.join("checkpoint")).unwrap());
    let mut roots = BTreeMap::new();
    for checkpoint in checkpoints {
        let head = open(checkpoint);
        assert_eq!(*roots.entry(head.size).or_insert(head.root), head.root, "two of one size");
        let proof = consistency_proof(head.size, last.size, &Mirror(published)).unwrap();
        verify_consistency(&head, &last, &proof).unwrap();
    }
    roots.len()
}

/// Leaves and records are the same in number and order, and every acknowledged event is among them once.
async fn check_leaves(data: &Path, ledger: &Ledger) -> u64 {
    let trees = SqliteTrees::open(data).unwrap();
    let mut leaves = Vec::new();
    for shard in trees.shards().unwrap() {
        for row in 0..shard.size.div_ceil(ROW_WIDTH) {
            leaves.extend(trees.leaves(&shard.name, row).unwrap().unwrap());
        }
    }
    leaves.retain(|leaf| leaf.position > Position::START);
    let log = SqliteEventLog::open(data, Default::default()).unwrap();
    let (mut ids, mut at, mut count) = (BTreeSet::new(), Position::START, 0);
    loop {
        let entries = log.read_all(at, 1000).await.unwrap();
        let Some(last) = entries.last() else { break };
        at = last.position;
        for (entry, leaf) in entries.iter().zip(&leaves[count..]) {
            assert_eq!(leaf.position, entry.position);
            assert_eq!(leaf.digest, entry.record.header_digest(), "at {}", entry.position);
            ids.insert(entry.record.id.0.to_string());
        }
        count += entries.len();
    }
    assert_eq!(leaves.len(), count, "as many leaves as records");
    assert_eq!(ids.len(), count, "no event is there twice");
    let lost: Vec<String> = ledger.acked().into_keys().filter(|id| !ids.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    log.close().await;
    count as u64
}

#[tokio::test]
async fn what_was_acknowledged_is_soon_under_a_checkpoint() {
    let service = crate::service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let batch = asked_for(BATCH_VARIABLE, BATCH);
    let mut asking = tokio::task::JoinSet::new();
    let began = Instant::now();
    for number in 0..BATCHES {
        let events: Vec<Value> =
            (0..batch).map(|n| samples::numbered("robot", number * batch + n)).collect();
        let id = events[batch - 1]["id"].as_str().unwrap().to_owned();
        admin.bulk(&events).await.expect(201);
        let (acknowledged, admin) = (Instant::now(), admin.clone());
        asking.spawn(async move {
            let path = format!("/api/v1/logs/{id}/proof");
            // It waits for the checkpoint.
            let answer = admin.request(Method::GET, &path).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            acknowledged.elapsed()
        });
        let next = Duration::from_millis(100) * (number as u32 + 1);
        tokio::time::sleep(next.saturating_sub(began.elapsed())).await;
    }
    let per_second = (BATCHES * batch) as f64 / began.elapsed().as_secs_f64();
    let mut took = asking.join_all().await;
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!(
        "{per_second:.0} events a second: under a checkpoint after {:?} (p50), {:?} (p99), {:?} (max)",
        at(50),
        at(99),
        at(100)
    );
    assert!(at(50) <= SEALED_WITHIN, "{took:?}");
}
