//! Logs of the tests, checked by code that is not ours: `signed_note` and `tlog_tiles`.

use tlog_tiles::{
    Checkpoint as TheirCheckpoint, Error, Hash as TheirHash, TileHashReader,
    TileReader as TheirReader, check_record, check_tree, prove_record, prove_tree, record_hash,
    tree_hash,
};

use super::{MemoryLog, Random, entry, leaves, log_key, public};
use crate::{
    Hash, consistency_proof, inclusion_proof, root_of, verify_consistency, verify_inclusion,
};

/// Serves our files under the paths that the crate asks for, those of Go's checksum database.
struct Theirs<'a>(&'a MemoryLog);

impl TheirReader for Theirs<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let ours = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            self.0.files.get(&path).cloned().ok_or(Error::InvalidTile)
        };
        tiles.iter().map(ours).collect()
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: &Hash) -> TheirHash {
    TheirHash(hash.0)
}

fn their_proof(proof: &[Hash]) -> Vec<TheirHash> {
    proof.iter().map(theirs).collect()
}

/// Opens the checkpoint with their code.
fn their_checkpoint(log: &MemoryLog) -> TheirCheckpoint {
    let note = signed_note::Note::from_bytes(&log.files["checkpoint"]).unwrap();
    let key = signed_note::StandardVerifier::new(&public(&log_key()).to_string()).unwrap();
    let (verified, _) = note.verify(&signed_note::VerifierList::new(vec![Box::new(key)])).unwrap();
    assert_eq!(verified.len(), 1);
    TheirCheckpoint::from_bytes(note.text()).unwrap()
}

#[test]
fn their_code_opens_our_checkpoints_and_finds_our_roots() {
    for size in [1, 2, 3, 255, 256, 257, 1_025, 65_536, 65_537, 70_000] {
        let log = MemoryLog::of_size(size);
        let checkpoint = their_checkpoint(&log);
        assert_eq!((checkpoint.origin(), checkpoint.size()), (super::ORIGIN, size));
        let reader = Theirs(&log);
        let hashes = TileHashReader::new(size, *checkpoint.hash(), &reader);
        assert_eq!(tree_hash(size, &hashes).unwrap(), *checkpoint.hash());
    }
}

#[test]
fn two_hundred_inclusion_proofs_are_the_same_and_hold_on_both_sides() {
    let size = 70_000;
    let log = MemoryLog::of_size(size);
    let (root, their_root) = (log.tree.root(), theirs(&log.tree.root()));
    let reader = Theirs(&log);
    let hashes = TileHashReader::new(size, their_root, &reader);
    let mut random = Random(200);
    for _ in 0..200 {
        let index = random.below(size);
        let ours = inclusion_proof(index, size, &log).unwrap();
        let proof = prove_record(size, index, &hashes).unwrap();
        assert_eq!(proof, their_proof(&ours));
        let leaf = record_hash(entry(index).as_bytes());
        check_record(&their_proof(&ours), size, their_root, index, leaf).unwrap();
        verify_inclusion(&Hash(leaf.0), index, size, &ours, &root).unwrap();
    }
}

#[test]
fn twenty_consistency_proofs_are_the_same_and_hold_on_both_sides() {
    let size = 70_000;
    let log = MemoryLog::of_size(size);
    let all = leaves(size);
    let new = log.checkpoint().head();
    let reader = Theirs(&log);
    let hashes = TileHashReader::new(size, theirs(&new.root), &reader);
    let mut random = Random(20);
    for old in [1, 256, 65_536, size].into_iter().chain((0..20).map(|_| 1 + random.below(size))) {
        let root = root_of(&all[..usize::try_from(old).unwrap()]);
        let ours = consistency_proof(old, size, &log).unwrap();
        let proof = prove_tree(size, old, &hashes).unwrap();
        // Two equal trees need no proof; theirs has none either.
        assert_eq!(proof, their_proof(&ours), "from {old}");
        check_tree(&their_proof(&ours), size, theirs(&new.root), old, theirs(&root)).unwrap();
        verify_consistency(&crate::TreeHead { size: old, root }, &new, &ours).unwrap();
    }
}

#[test]
fn their_code_names_the_same_tiles() {
    for size in [1, 255, 256, 257, 65_536, 70_000] {
        let mut theirs: Vec<String> = tlog_tiles::Tile::new_tiles(8, 0, size)
            .iter()
            .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
            .collect();
        let mut ours: Vec<String> = crate::tile::tiles_of(size).map(|tile| tile.path()).collect();
        theirs.sort();
        ours.sort();
        assert_eq!(ours, theirs, "size {size}");
    }
}

#[test]
fn a_changed_tile_is_refused_by_their_code_too() {
    let mut log = MemoryLog::of_size(70_000);
    let root = theirs(&log.tree.root());
    log.files.get_mut("tile/0/007").unwrap()[9] ^= 1;
    let reader = Theirs(&log);
    let hashes = TileHashReader::new(70_000, root, &reader);
    // Their reader does not compare every tile it reads with the one above (it skips as many as the
    // root has subtrees), so it is the check of the proof that refuses.
    let index = 7 * 256 + 1;
    let leaf = record_hash(entry(index).as_bytes());
    let proof = prove_record(70_000, index, &hashes);
    assert!(proof.is_err() || check_record(&proof.unwrap(), 70_000, root, index, leaf).is_err());
}
