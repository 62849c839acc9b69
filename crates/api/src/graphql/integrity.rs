//! Proofs that the log holds an event, and that it only ever grew.

use annals_domain::Position;
use annals_engine::tiles::{AuditStatus, Proof, PublishedShard};
use annals_tlog::Hash;
use async_graphql::{Context, Object, Result, SimpleObject};

use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::scalars::DateTime;
use crate::context::Api;
use crate::error::ApiError;
use crate::proving::{self, blocking, tiles};

#[derive(Default)]
pub(crate) struct IntegrityQuery;

/// What is published.
pub(super) struct Integrity {
    shards: Vec<PublishedShard>,
    audit: AuditStatus,
}

/// The last comparison of the whole log with its Merkle trees, by the service itself.
#[derive(SimpleObject)]
pub(super) struct SelfAudit {
    /// When it ended.
    ended_at: DateTime,
    /// How many leaves it compared.
    leaves: u64,
    /// How much differs. The operations log names it, and `annals verify` does.
    findings: u64,
}

/// A published tree.
pub(super) struct TreeShard(PublishedShard);

/// That an event is in the log.
#[derive(SimpleObject)]
pub(super) struct InclusionProof {
    /// The Merkle tree; its tiles lie below `/tlog/` and this name.
    shard: String,
    /// Place of its leaf in the tree, from 0.
    leaf_index: u64,
    /// Size of the tree that is proven against.
    tree_size: u64,
    /// Hashes beside the way from the leaf to the root, base64 (RFC 6962).
    hashes: Vec<String>,
    /// The signed size and root of that tree (C2SP tlog-checkpoint).
    checkpoint: String,
    /// What is proven: the stored header of the event. Its leaf is 0x01 and the SHA-256 of this text.
    header: String,
    /// All of it in one file that foreign tools read (C2SP tlog-proof@v1).
    file: String,
}

/// The log as anybody can check it: Merkle trees over all records, and their signed sizes and roots.
#[Object]
impl Integrity {
    /// Every Merkle tree, oldest first.
    async fn shards(&self) -> Vec<TreeShard> {
        self.shards.iter().cloned().map(TreeShard).collect()
    }

    /// The newest signed size and root; null before the first, and while none may be signed.
    async fn checkpoint(&self) -> Option<&str> {
        let newest = self.shards.last()?;
        (!newest.checkpoint.is_empty()).then_some(newest.checkpoint.as_str())
    }

    /// What the service found when it last compared the log with the trees; null: not since it started.
    async fn audit(&self) -> Option<SelfAudit> {
        let AuditStatus { ended_at, leaves, findings } = self.audit.clone();
        ended_at.map(|ended_at| SelfAudit { ended_at: ended_at.into(), leaves, findings })
    }

    /// Hashes that prove the tree of `oldSize` to be the beginning of the tree of `newSize`, base64;
    /// null when the shard has no such sizes.
    async fn consistency_proof(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Name of the shard.")] shard: String,
        #[graphql(desc = "The smaller size, at least 1.")] old_size: u64,
        #[graphql(desc = "The larger size; the newest when absent.")] new_size: Option<u64>,
    ) -> Result<Option<Vec<String>>> {
        let api = context.data_unchecked::<Api>();
        let Some(newest) = self.shards.iter().find(|known| known.name == shard) else {
            return Ok(None);
        };
        let new_size = new_size.unwrap_or(newest.size);
        let tiles = tiles(api).map_err(failed)?;
        let read = move || tiles.consistency(&shard, old_size, new_size);
        let proof = blocking(read).await.map_err(failed)?;
        Ok(proof.map(|hashes| hashes.iter().map(Hash::to_base64).collect()))
    }
}

/// One Merkle tree: the records of one year.
#[Object]
impl TreeShard {
    /// Its name: its tiles lie below `/tlog/` and this name (C2SP tlog-tiles).
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its name in checkpoints.
    async fn origin(&self) -> &str {
        self.0.key.name()
    }

    /// The key that verifies its checkpoints (C2SP signed-note).
    async fn verifier_key(&self) -> String {
        self.0.key.to_string()
    }

    /// How many leaves its newest checkpoint covers.
    async fn size(&self) -> u64 {
        self.0.size
    }

    /// The root over these, base64.
    async fn root_hash(&self) -> String {
        self.0.root.to_base64()
    }

    /// Its newest checkpoint; null while none may be signed.
    async fn checkpoint(&self) -> Option<&str> {
        (!self.0.checkpoint.is_empty()).then_some(self.0.checkpoint.as_str())
    }
}

#[Object(guard = "Allowed(Root::Query)")]
impl IntegrityQuery {
    /// What proves that nothing was changed. Whoever may see events may read it; it tells nothing of any.
    async fn integrity(&self, context: &Context<'_>) -> Result<Integrity> {
        let api = context.data_unchecked::<Api>();
        let tiles = tiles(api).map_err(failed)?;
        let audit = tiles.audit();
        let shards = blocking(move || tiles.shards()).await.map_err(failed)?;
        Ok(Integrity { shards, audit })
    }
}

/// Proves that an event which the caller sees is in the log.
pub(super) async fn proof(api: &Api, position: Position) -> Result<InclusionProof, ApiError> {
    let proof = proving::proof(api, position).await?;
    let header = proving::header(api, position).await?;
    let file = proof.file(&header)?;
    let header = String::from_utf8_lossy(&header).into_owned();
    let Proof { shard, index, size, path, checkpoint } = proof;
    Ok(InclusionProof {
        shard,
        leaf_index: index,
        tree_size: size,
        hashes: path.iter().map(Hash::to_base64).collect(),
        checkpoint,
        header,
        file,
    })
}
