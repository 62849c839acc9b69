//! Nodes on a server, and loads whose every answer is kept.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::{Position, Revision};
use annals_eventstoredb_double::{Options, Server};
use annals_ports::contract::{fresh_tenant, item};
use annals_ports::{AppendItem, Appended, EventLog, LogReader};
use annals_record::MarkKey;
use annals_store_eventstoredb::{Address, EventStoreLog, Refusal, Settings};
use annals_store_sqlite::SqliteReplica;
use tempfile::TempDir;
use tokio::time::Instant;

/// Within this time after a fault has ended everything works again.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);
/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

pub(crate) const KEY_CHECK: &str = "the tests' master key";

/// A node with its copy of the log.
pub(crate) struct Node {
    pub(crate) log: Arc<EventStoreLog>,
    pub(crate) dir: TempDir,
}

impl Node {
    pub(crate) async fn on(url: &str) -> Self {
        Self::with(url, Settings::default()).await
    }

    pub(crate) async fn with(url: &str, settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = open(url, &dir, settings).await.unwrap();
        Self { log: Arc::new(log), dir }
    }

    /// Stops, and starts again with the same copy.
    pub(crate) async fn restarted(self, url: &str) -> Self {
        let Self { log, dir } = self;
        drop(log);
        let log = open(url, &dir, Settings::default()).await.unwrap();
        Self { log: Arc::new(log), dir }
    }
}

pub(crate) async fn open(
    url: &str,
    dir: &TempDir,
    settings: Settings,
) -> Result<EventStoreLog, Refusal> {
    let replica = Arc::new(SqliteReplica::open(dir.path()).unwrap());
    let address = Address::parse(url).unwrap();
    EventStoreLog::open(address, settings, replica, KEY_CHECK.into(), marks()).await
}

/// What the nodes vouch with for what they write into metadata.
pub(crate) fn marks() -> MarkKey {
    MarkKey::new(&[7; 32])
}

/// A server in memory.
pub(crate) fn server() -> Server {
    Server::start(Options::default())
}

/// What was sent, and where it lies by its answer.
#[derive(Default)]
pub(crate) struct Acked(pub(crate) Vec<(AppendItem, Appended)>);

/// Sends records until each is acked, as a careful caller does; the time of each ack is kept.
pub(crate) struct Load {
    pub(crate) tenant: String,
    next: u128,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self { tenant: fresh_tenant(), next: 0 }
    }

    fn batch(&mut self, size: usize) -> Vec<AppendItem> {
        let items = (0..size).map(|_| {
            self.next += 1;
            // Some streams have many records, most have few.
            let stream = if self.next.is_multiple_of(3) {
                "shared".into()
            } else {
                format!("s{}", self.next % 17)
            };
            item(&self.tenant, &stream, self.next, &format!("payload {}", self.next))
        });
        items.collect()
    }

    /// Appends a batch, and sends again what was not acked, until all of it is.
    pub(crate) async fn send(&mut self, log: &dyn EventLog, size: usize, acked: &mut Acked) {
        let mut waiting = self.batch(size);
        let deadline = Instant::now() + PATIENCE;
        while !waiting.is_empty() {
            assert!(Instant::now() < deadline, "{} records were never acked", waiting.len());
            let Ok(answers) = log.append(waiting.clone()).await else {
                tokio::time::sleep(LOOK).await;
                continue;
            };
            let mut again = Vec::new();
            for (item, answer) in waiting.into_iter().zip(answers) {
                match answer {
                    Ok(places) => acked.0.push((item, places[0])),
                    Err(_) => again.push(item),
                }
            }
            waiting = again;
        }
    }
}

/// Checks that what was acked lies in the log, once, where it was said to lie, and nothing else of the
/// tenant does.
pub(crate) async fn nothing_is_lost_or_doubled(node: &Node, load: &Load, acked: &Acked) {
    let last = acked.0.iter().map(|(_, place)| place.position).max().unwrap_or_default();
    eventually("the copy has all that was acked", async || node.log.head().await.unwrap() >= last)
        .await;
    let mut stored = Vec::new();
    let mut after = Position::START;
    loop {
        let page = node.log.read_all(after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        stored.extend(page.into_iter().filter(|entry| entry.record.tenant.as_str() == load.tenant));
    }
    let mut ids: Vec<_> = stored.iter().map(|entry| entry.record.id).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "no record is stored twice");
    assert_eq!(all, load.next as usize, "every record is stored");
    for (item, place) in &acked.0 {
        let at = node.log.read_at(&[place.position]).await.unwrap().remove(0);
        let at = at.unwrap_or_else(|| panic!("nothing lies at {}", place.position));
        assert_eq!((at.revision, at.record.id), (place.revision, item.records[0].id));
    }
    let mut ends = std::collections::HashMap::new();
    for entry in &stored {
        let next = ends.entry(entry.record.stream.clone()).or_insert(0);
        assert_eq!(entry.revision, Revision(*next), "no gap in {}", entry.record.stream);
        *next += 1;
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    within(PATIENCE, what, is_so).await;
}

/// Waits until something is so, no longer than a time.
pub(crate) async fn within(patience: Duration, what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so().await {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
