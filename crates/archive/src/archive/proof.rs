//! The proof that the records of a piece are leaves of the log's signed tree.

use annals_domain::Position;
use annals_ports::ReadModelError;
use annals_ports::trees::{TreeShard, TreeStore};
use annals_tlog::{
    Entry, Hash, ProofError, ReadError, SignedCheckpoint, TileReader, multi_proof, verify_multi,
};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::signed::decimal;

/// One proof of all leaves of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceProof {
    /// Size of the tree.
    #[serde(with = "decimal")]
    pub size: u64,
    /// Index of the first record's leaf, and then how much higher the next one's is.
    pub indexes: Vec<u64>,
    /// The hashes that are needed beside the leaves, 32 bytes each, in base64; in the order of
    /// [`annals_tlog::multi_proof`].
    pub hashes: String,
}

/// A proof was not made.
#[derive(Debug, thiserror::Error)]
pub enum MakeProofError {
    /// The store of the trees failed.
    #[error("cannot read the Merkle trees")]
    Store(#[from] ReadModelError),
    /// The tree has holes.
    #[error("the Merkle tree is damaged; run `annals verify`")]
    Tree(#[from] ReadError<ReadModelError>),
    /// A record has no leaf under the newest checkpoint yet.
    #[error("the record at position {} is under no checkpoint of the shard `{shard}` yet; try again later", .position.0)]
    NotCovered {
        /// Which record.
        position: Position,
        /// In which shard it was looked for.
        shard: String,
    },
    /// The tree holds something else than the log.
    #[error("the log is not what its tree holds; run `annals verify`")]
    Differs(#[source] ProofError),
}

/// A proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum BadProof {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(&'static str),
    /// It is about another tree or about other records.
    #[error("it is about {0}")]
    Other(&'static str),
    /// It leads elsewhere.
    #[error("the records are not in the tree: {0}")]
    Wrong(#[from] ProofError),
}

/// A shard's tiles out of its rows.
struct ShardTiles<'a> {
    store: &'a dyn TreeStore,
    shard: &'a str,
}

impl TileReader for ShardTiles<'_> {
    type Error = ReadModelError;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, ReadModelError> {
        let missing = || ReadModelError {
            model: "tiles",
            doing: "find a row",
            source: format!("the shard `{}` has no such row", self.shard).into(),
        };
        let mut row = match level {
            0 => {
                let leaves = self.store.leaves(self.shard, index)?.ok_or_else(missing)?;
                let hashes = leaves.iter().take(usize::from(width));
                hashes.flat_map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash().0).collect()
            }
            level => self.store.hashes(self.shard, level, index)?.ok_or_else(missing)?,
        };
        row.truncate(usize::from(width) * 32);
        Ok(row)
    }
}

/// The leaf hash of a record whose header has this SHA-256.
pub(super) fn leaf_of(header_digest: &[u8; 32]) -> Hash {
    Entry::of_digest(header_digest).leaf_hash()
}

/// Proves records under the checkpoint of a shard, and checks that log and tree are the same. Blocking.
pub(super) fn prove(
    store: &dyn TreeStore,
    shard: &TreeShard,
    records: &[(Position, Hash)],
) -> Result<PieceProof, MakeProofError> {
    let mut leaves = Vec::with_capacity(records.len());
    for (position, hash) in records {
        let place = store.leaf_of(*position)?;
        let index = place.filter(|(name, index)| *name == shard.name && *index < shard.size);
        let not_covered =
            || MakeProofError::NotCovered { position: *position, shard: shard.name.clone() };
        leaves.push((index.ok_or_else(not_covered)?.1, *hash));
    }
    let indexes: Vec<u64> = leaves.iter().map(|(index, _)| *index).collect();
    let reader = ShardTiles { store, shard: &shard.name };
    let hashes = multi_proof(&indexes, shard.size, &reader)?;
    verify_multi(&leaves, shard.size, &hashes, &Hash(shard.root))
        .map_err(MakeProofError::Differs)?;
    let hashes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    Ok(PieceProof { size: shard.size, indexes: steps(&indexes), hashes: BASE64.encode(&hashes) })
}

fn steps(indexes: &[u64]) -> Vec<u64> {
    let mut before = 0;
    let step = |index: &u64| index - std::mem::replace(&mut before, *index);
    indexes.iter().map(step).collect()
}

impl PieceProof {
    /// Checks that records with these leaf hashes are in the tree.
    pub fn check(&self, tree: &SignedCheckpoint, hashes: &[Hash]) -> Result<(), BadProof> {
        if self.size != tree.checkpoint.size {
            return Err(BadProof::Other("a tree of another size"));
        }
        if self.indexes.len() != hashes.len() {
            return Err(BadProof::Other("another number of records"));
        }
        let mut index = 0_u64;
        let mut leaves = Vec::with_capacity(hashes.len());
        for (step, hash) in self.indexes.iter().zip(hashes) {
            index =
                index.checked_add(*step).ok_or(BadProof::Unreadable("an index is no number"))?;
            leaves.push((index, *hash));
        }
        let bytes = BASE64.decode(self.hashes.as_bytes());
        let bytes = bytes.map_err(|_| BadProof::Unreadable("its hashes are not base64"))?;
        let (proof, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(BadProof::Unreadable("a hash is cut off"));
        }
        let proof: Vec<Hash> = proof.iter().map(|hash| Hash(*hash)).collect();
        Ok(verify_multi(&leaves, self.size, &proof, &tree.checkpoint.root)?)
    }
}
