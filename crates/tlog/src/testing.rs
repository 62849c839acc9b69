//! A log in memory, for the tests.

mod foreign;

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::test_runner::{Config, RngSeed};

use crate::bundle::encode_bundle;
use crate::tile::{TILE_WIDTH, width_at};
use crate::{
    Algorithm, Checkpoint, Entry, Hash, LogFiles, SigningKey, TileId, TileReader, Tree,
    VerifyingKey, leaf_hash,
};

pub(crate) const ORIGIN: &str = "audit.example/log/2026";

/// The seed of the log of the research notes: the bytes 00 to 1f.
pub(crate) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, Algorithm::Note, &seed(0)).unwrap()
}

/// The seed of the witness of the research notes: the bytes 20 to 3f.
pub(crate) fn witness_key() -> SigningKey {
    SigningKey::from_seed("witness.example/w1", Algorithm::Cosignature, &seed(0x20)).unwrap()
}

pub(crate) fn seed(first: u8) -> [u8; 32] {
    std::array::from_fn(|place| first + u8::try_from(place).unwrap())
}

pub(crate) fn public(key: &SigningKey) -> VerifyingKey {
    key.verifying_key().clone()
}

/// The n-th entry of every test log.
pub(crate) fn entry(n: u64) -> Entry {
    Entry::of_header(&n.to_be_bytes())
}

pub(crate) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|n| leaf_hash(entry(n).as_bytes())).collect()
}

/// Random cases that are the same on each run, so that a failure can be seen again.
pub(crate) fn cases(count: u32) -> Config {
    Config { cases: count, rng_seed: RngSeed::Fixed(20_261_121), ..Config::default() }
}

/// A small generator for what needs no shrinking.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The files of a log.
#[derive(Clone, Default)]
pub(crate) struct MemoryLog {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) tree: Tree,
}

impl MemoryLog {
    /// A log of this size, written in one batch and signed.
    pub(crate) fn of_size(size: u64) -> Self {
        let mut log = Self::default();
        log.grow(size);
        log.publish();
        log
    }

    /// Adds entries up to a size, with tiles and bundles.
    pub(crate) fn grow(&mut self, size: u64) {
        let from = self.tree.size();
        let hashes: Vec<Hash> = (from..size).map(|n| entry(n).leaf_hash()).collect();
        for tile in self.tree.append(&hashes).unwrap() {
            self.files.insert(tile.id.path(), tile.bytes);
        }
        let width = u64::from(TILE_WIDTH);
        for index in from / width..size.div_ceil(width) {
            let Some(id) = width_at(size, 0, index).map(|width| TileId::entries(index, width))
            else {
                continue;
            };
            let first = index * width;
            let entries: Vec<Entry> = (first..first + u64::from(id.width)).map(entry).collect();
            self.files.insert(id.path(), encode_bundle(&entries).unwrap());
        }
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let (size, root) = (self.tree.size(), self.tree.root());
        Checkpoint { origin: ORIGIN.to_owned(), size, root }
    }

    /// Signs and publishes the checkpoint of the size it has.
    pub(crate) fn publish(&mut self) {
        let signed = self.checkpoint().sign(&[&log_key()]).unwrap();
        self.files.insert("checkpoint".to_owned(), signed.note.to_string().into_bytes());
    }
}

/// A tile that is not there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no `{0}`")]
pub(crate) struct NoTile(String);

impl TileReader for MemoryLog {
    type Error = NoTile;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, NoTile> {
        let path = TileId::hashes(level, index, width).path();
        self.files.get(&path).cloned().ok_or(NoTile(path))
    }
}

impl LogFiles for MemoryLog {
    type Error = Infallible;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.files.get(path).cloned())
    }

    fn each_path(&self, see: &mut dyn FnMut(&str)) -> Result<(), Infallible> {
        self.files.keys().for_each(|path| see(path));
        Ok(())
    }
}
