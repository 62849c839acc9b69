//! What somebody may do to the Merkle trees who can write the file and has no keys.

use std::path::Path;

use annals_domain::Position;
use annals_engine::tiles::LogSigner;
use annals_ports::LogReader;
use annals_ports::trees::{ROW_WIDTH, TreeGrowth, TreeLeaf, TreeShard, TreeStore};
use annals_record::RootKey;
use annals_store_sqlite::{SqliteEventLog, SqliteTrees};
use annals_tlog::{Algorithm, Checkpoint, Entry, SigningKey, TileKind, Tree};
use rusqlite::params;

use super::damage::open;
use super::directory::{MARK, TREES};

pub(super) type LeafChange = fn(&mut Vec<TreeLeaf>, usize);

/// Each with what it is called. The row of the leaf is written anew.
pub(super) const LEAF_CHANGES: [(&str, LeafChange); 4] = [
    ("its leaf deleted", |leaves, at| {
        leaves.remove(at);
    }),
    ("its leaf swapped with another", |leaves, at| {
        let other = if at == 0 { 1 } else { at - 1 };
        leaves.swap(at, other);
    }),
    ("the digest of its leaf changed", |leaves, at| leaves[at].digest[7] ^= 1),
    ("its leaf doubled", |leaves, at| leaves.insert(at, leaves[at])),
];

/// Changes the row of leaves that holds the leaf of a position.
pub(super) fn change_leaf(dir: &Path, position: i64, change: LeafChange) {
    let trees = SqliteTrees::open(dir).unwrap();
    let (shard, index) = trees.leaf_of(Position(position as u64)).unwrap().unwrap();
    let row = index / ROW_WIDTH;
    let mut leaves = trees.leaves(&shard, row).unwrap().unwrap();
    drop(trees);
    if leaves.len() == 1 {
        // Nothing to swap with: the row before lends one.
        leaves.push(TreeLeaf { position: Position(1), digest: [1; 32] });
    }
    change(&mut leaves, (index % ROW_WIDTH) as usize);
    let positions: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.position.0.to_be_bytes()).collect();
    let digests: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.digest).collect();
    let connection = open(&dir.join(TREES));
    let sql = "UPDATE leaves SET positions = ?3, digests = ?4
               WHERE shard = (SELECT number FROM shards WHERE name = ?1) AND number = ?2";
    connection.execute(sql, params![shard, row as i64, positions, digests]).unwrap();
}

/// Statements on the trees as a whole, each of which leaves something wrong.
pub(super) const STATEMENTS: [&str; 14] = [
    "DELETE FROM hashes WHERE rowid = (SELECT min(rowid) FROM hashes)",
    "DELETE FROM hashes WHERE rowid = (SELECT max(rowid) FROM hashes)",
    "UPDATE hashes SET hashes = CAST(substr(hashes, 33) || substr(hashes, 1, 32) AS BLOB)",
    "DELETE FROM leaves WHERE rowid = (SELECT min(rowid) FROM leaves)",
    "DELETE FROM leaves WHERE rowid = (SELECT max(rowid) FROM leaves)",
    "DELETE FROM leaves",
    "UPDATE shards SET size = size - 1 WHERE name = '2025'",
    "UPDATE shards SET size = size - 1 WHERE name = '2026'",
    "UPDATE shards SET size = size + 1 WHERE name = '2026'",
    "UPDATE shards SET root = zeroblob(32) WHERE name = '2025'",
    "UPDATE shards SET note = '' WHERE name = '2025'",
    "UPDATE shards SET note = '' WHERE name = '2026'",
    "UPDATE shards SET note = (SELECT note FROM shards WHERE name = '2025')",
    "UPDATE shards SET name = '2027' WHERE name = '2026'",
];

pub(super) fn run(dir: &Path, statement: &str) {
    let connection = open(&dir.join(TREES));
    assert!(connection.execute(statement, []).unwrap() > 0, "{statement}");
}

/// Makes all trees anew from the log as it is now, and signs them with the key of somebody else under
/// the name of this log; with `mark` it is written to suit.
pub(super) async fn forge(dir: &Path, signer: &LogSigner, mark: bool) {
    let log = SqliteEventLog::open(dir, Default::default()).unwrap();
    let entries = log.read_all(Position::START, 100_000).await.unwrap();
    let trees = SqliteTrees::open(dir).unwrap();
    let shards = trees.shards().unwrap();
    let mut firsts = shards.iter().skip(1).map(|s| trees.leaves(&s.name, 0).unwrap().unwrap()[0]);
    let links: Vec<TreeLeaf> = firsts.by_ref().collect();
    trees.clear().unwrap();
    let mut marks = String::new();
    for (number, old) in shards.iter().enumerate() {
        let after = number.checked_sub(1).map_or(0, |before| shards[before].position.0);
        let of_shard =
            entries.iter().filter(|e| e.position.0 > after && e.position <= old.position);
        let leaf = |e: &annals_ports::LogEntry| TreeLeaf {
            position: e.position,
            digest: e.record.header_digest(),
        };
        let link = number.checked_sub(1).map(|before| links[before]);
        let leaves: Vec<TreeLeaf> = link.into_iter().chain(of_shard.map(leaf)).collect();
        marks += &grow(&trees, &signer.origin(&old.name), &old.name, leaves);
    }
    log.close().await;
    if mark {
        std::fs::write(dir.join(MARK), marks).unwrap();
    }
}

/// Stores one tree; answers its line of the mark.
fn grow(trees: &SqliteTrees, origin: &str, name: &str, leaves: Vec<TreeLeaf>) -> String {
    let hashes: Vec<_> =
        leaves.iter().map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash()).collect();
    let mut tree = Tree::new();
    let mut rows = std::collections::BTreeMap::new();
    for tile in tree.append(&hashes).unwrap() {
        if let TileKind::Hashes { level: level @ 1.. } = tile.id.kind {
            rows.insert((level, tile.id.index), tile.bytes);
        }
    }
    let size = tree.size();
    let seed = RootKey::from_bytes([66; 32]).derive(&format!("log signing {origin}"));
    let key = SigningKey::from_seed(origin, Algorithm::Note, &seed).unwrap();
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root: tree.root() };
    let shard = TreeShard {
        name: name.to_owned(),
        size,
        root: tree.root().0,
        position: leaves.last().unwrap().position,
        note: checkpoint.sign(&[&key]).unwrap().note.to_string(),
    };
    let rows = rows.into_iter().map(|((level, number), bytes)| (level, number, bytes)).collect();
    assert!(trees.grow(&TreeGrowth { shard, size_before: 0, leaves, rows }).unwrap());
    format!("{origin} {size} {}\n", tree.root().to_base64())
}
