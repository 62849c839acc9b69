//! A log in the hands of a test, which can also lie.

use std::convert::Infallible;

use annals_tlog::witness::AddCheckpoint;
use annals_tlog::{
    Algorithm, Checkpoint, Hash, SigningKey, TileReader, consistency_proof, leaf_hash, root_of,
};

const ORIGIN: &str = "log.test/foreign/2026";

/// A log of fewer leaves than fill a tile.
pub(super) struct ForeignLog {
    key: SigningKey,
    fork_at: Option<u64>,
}

impl ForeignLog {
    pub(super) fn honest() -> Self {
        let key = SigningKey::from_seed(ORIGIN, Algorithm::Note, &[9; 32]).unwrap();
        Self { key, fork_at: None }
    }

    /// The same name and key, but another leaf.
    pub(super) fn forking_at(leaf: u64) -> Self {
        Self { fork_at: Some(leaf), ..Self::honest() }
    }

    pub(super) fn key(&self) -> String {
        self.key.verifying_key().to_string()
    }

    /// The body that asks for a cosignature.
    pub(super) fn request(&self, old: u64, size: u64) -> String {
        let leaves: Vec<Hash> = (0..size).map(|n| self.leaf(n)).collect();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: root_of(&leaves) };
        let proof = match old {
            0 => Vec::new(),
            old => consistency_proof(old, size, &Leaves(leaves)).unwrap(),
        };
        let checkpoint = checkpoint.sign(&[&self.key]).unwrap().note;
        AddCheckpoint { old_size: old, proof, checkpoint }.to_string()
    }

    fn leaf(&self, n: u64) -> Hash {
        if self.fork_at == Some(n) { leaf_hash(b"fork") } else { leaf_hash(&n.to_be_bytes()) }
    }
}

struct Leaves(Vec<Hash>);

impl TileReader for Leaves {
    type Error = Infallible;

    fn tile(&self, _: u8, _: u64, width: u16) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.iter().take(width.into()).flat_map(|hash| hash.0).collect())
    }
}
