//! Several nodes, many writers and random faults; at the end every answer is compared with the log.
//!
//! `ANNALS_TEST_RANDOM_SECONDS` tells for how long, `ANNALS_TEST_RANDOM_SEED` repeats the choices of a
//! run (the threads' order is not repeated).

mod check;
mod faults;
mod writer;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use annals_domain::Position;
use annals_eventstoredb_double::{Cluster, Options, Server};
use annals_ports::contract::{fresh_tenant, item};
use annals_ports::{EventLog, LogEntry, LogReader};
use annals_store_eventstoredb::{EventStoreLog, Settings};
use tempfile::TempDir;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::support::{PATIENCE, eventually, open};
use faults::Target;
use writer::Said;

const SECONDS: &str = "ANNALS_TEST_RANDOM_SECONDS";
const SEED: &str = "ANNALS_TEST_RANDOM_SEED";
const SECONDS_DEFAULT: u64 = 5;
const NODES: usize = 3;
const WRITERS_PER_NODE: usize = 6;
/// After the faults have ended, calls that were under way end with their own patience.
const LAST_CALLS: Duration = Duration::from_secs(60);

/// A node that can be restarted while writers use it.
struct Slot {
    log: RwLock<Arc<EventStoreLog>>,
    dir: TempDir,
    settings: Settings,
}

/// Everything that a run consists of.
struct World {
    url: String,
    nodes: Vec<Slot>,
    tenant: String,
}

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

impl World {
    async fn start(url: String) -> Self {
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let dir = tempfile::tempdir().unwrap();
            let settings = settings(number);
            let log = open(&url, &dir, settings.clone()).await.unwrap();
            nodes.push(Slot { log: RwLock::new(Arc::new(log)), dir, settings });
        }
        Self { url, nodes, tenant: fresh_tenant() }
    }

    /// Stops a node once nobody uses it, and starts it again with the same copy.
    async fn restart(&self, number: usize) {
        let slot = &self.nodes[number];
        let mut log = slot.log.write().await;
        // The old one must have let go of the copy before the new one takes it; this stands in for it.
        let other = tempfile::tempdir().unwrap();
        *log = Arc::new(open(&self.url, &other, slot.settings.clone()).await.unwrap());
        *log = Arc::new(open(&self.url, &slot.dir, slot.settings.clone()).await.unwrap());
    }
}

/// One node works as in service; the others have little patience and little room.
fn settings(number: usize) -> Settings {
    match number {
        0 => Settings::default(),
        _ => Settings {
            append_patience: Duration::from_secs(2),
            attempt_patience: Duration::from_millis(400),
            append_records_max: 1 + 3 * number,
            copy_batch_max: 7 * number,
            copy_queue_max: 16,
            ahead_records_max: 200,
            ..Settings::default()
        },
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Collects what a follower yields, until it is told that no more comes.
fn collect(
    log: &Arc<EventStoreLog>,
    mut until: watch::Receiver<Position>,
) -> JoinHandle<Vec<LogEntry>> {
    let mut follower = log.follow(Position::START);
    tokio::spawn(async move {
        let mut all: Vec<LogEntry> = Vec::new();
        loop {
            let end = *until.borrow_and_update();
            if end > Position::START && all.last().is_some_and(|last| last.position >= end) {
                return all;
            }
            tokio::select! {
                page = follower.next(50) => all.extend(page.unwrap()),
                _ = until.changed() => {}
            }
        }
    })
}

#[expect(clippy::print_stderr, reason = "a run that failed is repeated by its seed")]
async fn run(url: String, targets: Vec<Target<'_>>, cluster: Option<&Cluster>) {
    let seconds = from_environment(SECONDS).unwrap_or(SECONDS_DEFAULT);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = from_environment(SEED).unwrap_or(now.as_nanos() as u64);
    eprintln!("{SEED}={seed} {SECONDS}={seconds}");
    let mut random = Random(seed);
    let world = Arc::new(World::start(url).await);
    let (stop, stopped) = watch::channel(false);
    let writers: Vec<JoinHandle<Vec<Said>>> = (0..NODES * WRITERS_PER_NODE)
        .map(|number| {
            let random = Random(random.next());
            tokio::spawn(writer::write(Arc::clone(&world), number, random, stopped.clone()))
        })
        .collect();
    let healthy = tokio::spawn(watch_health(Arc::clone(&world), stopped.clone()));
    // Node 0 is restarted; who follows it would end with it.
    let (end, until) = watch::channel(Position::START);
    let mut followers = Vec::new();
    for slot in &world.nodes[1..] {
        followers.push(collect(&*slot.log.read().await, until.clone()));
    }
    let deadline = Instant::now() + Duration::from_secs(seconds);
    faults::make(&world, &targets, cluster, &mut random, deadline).await;
    faults::end_all(&targets, cluster);
    stop.send_replace(true);
    healthy.await.unwrap();
    let mut said = Vec::new();
    for writer in writers {
        said.extend(
            tokio::time::timeout(LAST_CALLS, writer).await.expect("every call ends").unwrap(),
        );
    }
    let last = one_more_everywhere(&world).await;
    let stored = check::stored(targets[0].server.store(), &world.tenant);
    eprintln!("{} answers, {} records", said.len(), stored.len());
    check::answers(&said, &stored);
    end.send_replace(last);
    for (number, slot) in world.nodes.iter().enumerate() {
        let log = slot.log.read().await;
        eventually("the copy has everything", async || log.head().await.unwrap() >= last).await;
        check::same(&check::all_of(&**log).await, &stored, &format!("the copy of node {number}"));
    }
    for follower in followers {
        let followed = tokio::time::timeout(PATIENCE, follower).await.expect("all comes").unwrap();
        check::same(&followed, &stored, "what a follower got");
    }
}

/// The server is always the same one, whatever happens to it: no node may say otherwise.
async fn watch_health(world: Arc<World>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        for slot in &world.nodes {
            let Ok(log) = slot.log.try_read() else { continue };
            let trouble = log.health().trouble.unwrap_or_default();
            assert!(!trouble.contains("annals rebuild"), "{trouble}");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Everything works again: a record is stored by each node. Tells where the last one lies.
async fn one_more_everywhere(world: &World) -> Position {
    let mut last = Position::START;
    for (number, slot) in world.nodes.iter().enumerate() {
        let log = slot.log.read().await;
        let item = item(&world.tenant, "last", (1 << 64) + number as u128, "the end");
        let deadline = Instant::now() + PATIENCE;
        let place = loop {
            if let Ok(answers) = log.append(vec![item.clone()]).await
                && let [Ok(places)] = &answers[..]
            {
                break places[0];
            }
            assert!(Instant::now() < deadline, "node {number} takes no records again");
        };
        last = last.max(place.position);
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_whatever_a_server_does() {
    let server = Server::start(Options::default());
    run(server.url(), vec![Target { server: &server, number: 0 }], None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_whatever_a_cluster_does() {
    let cluster = Cluster::start(3, Options::default());
    let nodes = cluster.nodes().iter().enumerate();
    let targets = nodes.map(|(number, server)| Target { server, number }).collect();
    run(cluster.url(), targets, Some(&cluster)).await;
}
