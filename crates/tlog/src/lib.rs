//! The proof that nothing was changed: a Merkle tree (RFC 6962) kept in tiles and signed as notes, in
//! the formats of C2SP, so that it can be checked with tools that we did not write.
//!
//! Pure: it reads no file, no clock and no randomness. Files come through [`TileReader`] and
//! [`LogFiles`], the time and the seeds of keys from the caller.
//!
//! | to | use |
//! |---|---|
//! | grow a log | [`Tree`], [`bundle`], [`Checkpoint::sign`] |
//! | prove | [`inclusion_proof`], [`multi_proof`], [`consistency_proof`], [`ProofFile`] |
//! | check | [`verify_inclusion`], [`verify_multi`], [`verify_consistency`], [`Policy::check`], [`verify_log`] |
//! | promise | [`receipt`] |
//! | certify | [`certificate`] |
//! | witness | [`cosignature`], [`witness::decide`] |

#![warn(missing_docs)]

pub mod bundle;
pub mod certificate;
mod checkpoint;
pub mod cosignature;
mod hash;
mod key;
mod leaf;
mod multi_proof;
mod note;
pub mod policy;
mod proof;
mod proof_file;
pub mod receipt;
pub mod stream_heads;
mod text;
pub mod tile;
mod tiles;
mod tree;
mod verify;
pub mod witness;

#[cfg(test)]
mod testing;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use hash::{HASH_LEN, Hash, empty_root, leaf_hash, node_hash, root_of};
pub use key::{Algorithm, KeyError, NAME_LEN_MAX, SigningKey, VerifyingKey};
pub use leaf::{ENTRY_LEN, ENTRY_VERSION, Entry};
pub use multi_proof::{multi_proof, verify_multi};
pub use note::{NOTE_LEN_MAX, Note, NoteError, SIGNATURES_MAX, Signature, VerifyError};
pub use policy::Policy;
pub use proof::{
    PROOF_LEN_MAX, ProofError, TreeHead, consistency_proof, inclusion_proof,
    inclusion_proof_in_memory, root_from_tiles, tiles_for_consistency, tiles_for_inclusion,
    tiles_for_root, verify_consistency, verify_inclusion,
};
pub use proof_file::{EXTRA_LEN_MAX, PROOF_FILE_LEN_MAX, ProofFile, ProofFileError};
pub use text::SIZE_MAX;
pub use tile::{TileId, TileKind};
pub use tiles::{ReadError, TileReader};
pub use tree::{LoadError, NewTile, Tree, TreeFull};
pub use verify::{
    CHECKPOINT_PATH, Demands, Difference, Finding, Findings, LogFiles, Report, verify_log,
};
