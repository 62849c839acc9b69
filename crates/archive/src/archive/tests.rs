//! An archive in a folder, of a log in memory.

mod changing;
mod killing;
mod s3;
mod writing;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use annals_domain::retention::RetentionSpan;
use annals_domain::{Position, TenantId};
use annals_ports::archive::Month;
use annals_ports::contract::archive::{Stored, example};
use annals_ports::memory::{MemoryEventLog, MemoryTrees};
use annals_ports::trees::{TreeGrowth, TreeLeaf, TreeShard, TreeStore};
use annals_ports::{AppendItem, EventLog, Expected, LogEntry, LogReader};
use annals_record::Record;
use annals_tlog::{Algorithm, Checkpoint, Entry, Hash, SigningKey, TileKind, Tree, VerifyingKey};
use jiff::Timestamp;

use super::*;
use crate::objects::{Access, Place};

const LOG: &str = "log.test/annals";
/// All months of the example are closed.
const NOW: &str = "2026-04-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(name, Algorithm::Note, &[3; 32]).unwrap()
}

fn archive_key() -> SigningKey {
    key(&key_name(LOG))
}

fn public_keys() -> Vec<VerifyingKey> {
    let names = [key_name(LOG), format!("{LOG}/2025"), format!("{LOG}/2026")];
    names.iter().map(|name| key(name).verifying_key().clone()).collect()
}

fn keys() -> Keys {
    Keys::new(public_keys()).unwrap()
}

/// A log with two tenants in two months.
struct World {
    log: MemoryEventLog,
    trees: Arc<MemoryTrees>,
    stored: Vec<Stored>,
}

impl World {
    async fn new() -> Self {
        let (log, mut stored) = (MemoryEventLog::new(), example(2));
        let entries = stored.iter().flat_map(|of| of.months.iter().flat_map(|(_, all)| all));
        let records: BTreeMap<Position, Record> =
            entries.map(|entry| (entry.position, entry.record.clone())).collect();
        append(&log, records.into_values()).await;
        let entries = log.read_all(Position::START, 1000).await.unwrap();
        for of in &mut stored {
            for (month, kept) in &mut of.months {
                let its_own = |entry: &&LogEntry| {
                    let header = entry.record.header().unwrap();
                    header.tenant == of.tenant && Month::of(header.recorded_at) == *month
                };
                *kept = entries.iter().filter(its_own).cloned().collect();
            }
        }
        let trees = Arc::new(MemoryTrees::default());
        grow(&*trees, &entries);
        Self { log, trees, stored }
    }

    fn archiver(&self, place: &Place) -> Archiver {
        Archiver {
            place: place.clone(),
            log: Arc::new(self.log.clone()),
            trees: Some(self.trees.clone()),
            name: LOG.to_owned(),
            key: archive_key(),
            after: RetentionSpan::parse("P1M").unwrap(),
        }
    }

    fn tenants(&self) -> Vec<TenantId> {
        self.stored.iter().map(|of| of.tenant.clone()).collect()
    }
}

async fn append(log: &MemoryEventLog, records: impl Iterator<Item = Record>) {
    for record in records {
        let (stream, expected) = (record.stream.clone(), Expected::Any);
        let item = AppendItem { stream, expected, records: vec![record] };
        log.append(vec![item]).await.unwrap().pop().unwrap().unwrap();
    }
}

/// A tree for each year, signed.
fn grow(trees: &dyn TreeStore, entries: &[LogEntry]) {
    let mut years: BTreeMap<String, Vec<TreeLeaf>> = BTreeMap::new();
    for entry in entries {
        let year = entry.record.header().unwrap().recorded_at.to_string()[..4].to_owned();
        let leaf = TreeLeaf { position: entry.position, digest: entry.record.header_digest() };
        years.entry(year).or_default().push(leaf);
    }
    for (name, leaves) in years {
        let mut tree = Tree::new();
        let hashes: Vec<Hash> =
            leaves.iter().map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash()).collect();
        let tiles = tree.append(&hashes).unwrap();
        let rows = tiles.into_iter().filter_map(|tile| match tile.id.kind {
            TileKind::Hashes { level } if level > 0 => Some((level, tile.id.index, tile.bytes)),
            _ => None,
        });
        let (origin, size, root) = (format!("{LOG}/{name}"), tree.size(), tree.root());
        let signed = Checkpoint { origin: origin.clone(), size, root }.sign(&[&key(&origin)]);
        let position = leaves[leaves.len() - 1].position;
        let note = signed.unwrap().note.to_string();
        let shard = TreeShard { name, size, root: root.0, position, note };
        let growth = TreeGrowth { shard, size_before: 0, leaves, rows: rows.collect() };
        assert!(trees.grow(&growth).unwrap());
    }
}

fn folder(dir: &Path) -> Place {
    Place::open(dir.to_str().unwrap(), Access::Write).unwrap()
}

/// The whole archive of a world in a folder.
async fn archived(world: &World) -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = folder(dir.path());
    let stored = world.archiver(&place).run(at(NOW)).await.unwrap();
    assert_eq!(stored.len(), 2);
    (dir, place)
}

async fn check(place: &Place) -> Report {
    verify(place, &keys(), &Asked::default(), |_, _| {}).await.unwrap()
}

async fn names(place: &Place) -> Vec<String> {
    place.list("archive").await.unwrap().into_iter().map(|object| object.name).collect()
}
