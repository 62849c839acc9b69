use std::fs;
use std::path::Path;

use annals_tlog::bundle::encode_bundle;
use annals_tlog::{Algorithm, Checkpoint, SigningKey};
use tempfile::TempDir;

use super::*;

const ORIGIN: &str = "log.test/annals/2026";
const LEAVES: u8 = 3;

fn entries() -> Vec<Entry> {
    (0..LEAVES).map(|n| Entry::of_header(&[n])).collect()
}

/// The files of a shard with a few leaves.
fn published() -> (TempDir, ShardDescription) {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::from_seed(ORIGIN, Algorithm::Note, &[5; 32]).unwrap();
    let mut tree = Tree::new();
    let hashes: Vec<Hash> = entries().iter().map(Entry::leaf_hash).collect();
    tree.append(&hashes).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
    let note = checkpoint.sign(&[&key]).unwrap().note.to_string();
    put(dir.path(), "2026/checkpoint", note.as_bytes());
    put(dir.path(), "2026/tile/entries/000.p/3", &encode_bundle(&entries()).unwrap());
    let vkey = key.verifying_key().to_string();
    (dir, ShardDescription { path: "2026".to_owned(), vkey })
}

fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The leaves that were shown, or the exit code.
async fn shown(dir: &TempDir, shard: &ShardDescription) -> Result<Vec<Hash>, u8> {
    let log = Published::at(dir.path().to_str().unwrap()).unwrap();
    let mut leaves = Vec::new();
    let ended = log.each_leaf(shard, |leaf| leaves.push(leaf)).await;
    ended.map(|()| leaves).map_err(|error| exit::code_of(&error))
}

#[tokio::test]
async fn the_leaves_of_a_signed_checkpoint_are_shown_in_order() {
    let (dir, shard) = published();
    let expected: Vec<Hash> = entries().iter().map(Entry::leaf_hash).collect();
    assert_eq!(shown(&dir, &shard).await, Ok(expected));
}

#[tokio::test]
async fn files_that_contradict_the_signature_are_tampered_with_and_missing_ones_are_not() {
    let (dir, shard) = published();
    let mut others = entries();
    others.swap(0, 1);
    put(dir.path(), "2026/tile/entries/000.p/3", &encode_bundle(&others).unwrap());
    assert_eq!(shown(&dir, &shard).await, Err(exit::TAMPERED));
    put(dir.path(), "2026/tile/entries/000.p/3", b"no entries");
    assert_eq!(shown(&dir, &shard).await, Err(exit::TAMPERED));
    fs::remove_file(dir.path().join("2026/tile/entries/000.p/3")).unwrap();
    assert_eq!(shown(&dir, &shard).await, Err(exit::IO));
    let (dir, shard) = published();
    let note = fs::read_to_string(dir.path().join("2026/checkpoint")).unwrap();
    put(dir.path(), "2026/checkpoint", note.replacen("\n3\n", "\n2\n", 1).as_bytes());
    assert_eq!(shown(&dir, &shard).await, Err(exit::TAMPERED));
}

#[tokio::test]
async fn a_file_that_is_longer_than_any_is_not_read() {
    let (dir, shard) = published();
    let longest = vec![b'x'; NOTE_LEN_MAX];
    put(dir.path(), "2026/checkpoint", &longest);
    assert_eq!(shown(&dir, &shard).await, Err(exit::TAMPERED), "it was read");
    put(dir.path(), "2026/checkpoint", &[longest, vec![b'x']].concat());
    assert_eq!(shown(&dir, &shard).await, Err(exit::FAILED), "it was not read");
}
