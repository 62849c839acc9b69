//! Reading the trees: checkpoints, tiles, bundles of entries, and proofs.

use std::collections::BTreeSet;

use annals_domain::Position;
use annals_evidence::HeadEvidence;
use annals_ports::ReadModelError;
use annals_ports::trees::{TreeShard, TreeStore};
use annals_tlog::bundle::{BundleError, encode_bundle};
use annals_tlog::receipt::Promised;
use annals_tlog::tile::width_at;
use annals_tlog::{
    Entry, Hash, KeyError, Note, NoteError, ProofFile, ReadError, SigningKey, TileId, TileKind,
    TileReader, VerifyingKey, consistency_proof, inclusion_proof,
};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;

use super::audit::AuditStatus;
use super::heads::{Heads, HeadsError, KeptError};

/// Reads what was published of the trees. Blocking.
#[derive(Clone)]
pub struct Tiles {
    heads: Heads,
    audited: watch::Receiver<AuditStatus>,
}

/// A shard as the world sees it.
#[derive(Debug, Clone)]
pub struct PublishedShard {
    /// Its name, such as `2026`: where its tiles lie below `/tlog/`.
    pub name: String,
    /// What verifies its checkpoints.
    pub key: VerifyingKey,
    /// How many leaves its newest checkpoint covers; 0 while none may be signed.
    pub size: u64,
    /// The root over these.
    pub root: Hash,
    /// The newest checkpoint; empty while none may be signed.
    pub checkpoint: String,
}

/// That an event is in the log.
#[derive(Debug, Clone)]
pub struct Proof {
    /// In which shard.
    pub shard: String,
    /// Its leaf there, from 0.
    pub index: u64,
    /// Size of the tree that the proof is about.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<Hash>,
    /// The checkpoint of that tree.
    pub checkpoint: String,
}

/// The trees could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TilesError {
    /// The store failed.
    #[error("cannot read the trees")]
    Store(#[from] ReadModelError),
    /// The tree has holes.
    #[error("the tree of the shard `{shard}` is damaged; run `annals verify`")]
    Damaged {
        /// Which shard.
        shard: String,
        /// How it shows.
        #[source]
        source: ReadError<ReadModelError>,
    },
    /// The stored checkpoint is none.
    #[error("the stored checkpoint is no note; run `annals verify`")]
    Checkpoint(#[from] NoteError),
    /// A row of leaves is longer than any.
    #[error("the entries cannot be written as a bundle; run `annals verify`")]
    Bundle(#[from] BundleError),
    /// A commitment cannot be read.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The name of the log is none.
    #[error("the name of the log cannot be used")]
    Key(#[from] KeyError),
}

/// One shard's tiles, out of its rows.
pub(super) struct ShardReader<'a> {
    pub(super) store: &'a dyn TreeStore,
    pub(super) shard: &'a str,
}

impl ShardReader<'_> {
    fn missing(&self) -> ReadModelError {
        ReadModelError {
            model: super::TILES,
            doing: "find a row",
            source: format!("the shard `{}` has no such row", self.shard).into(),
        }
    }
}

impl TileReader for ShardReader<'_> {
    type Error = ReadModelError;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, ReadModelError> {
        let mut row = match level {
            0 => {
                let leaves = self.store.leaves(self.shard, index)?.ok_or_else(|| self.missing())?;
                let hash = |leaf: &annals_ports::trees::TreeLeaf| {
                    Entry::of_digest(&leaf.digest).leaf_hash().0
                };
                leaves.iter().take(usize::from(width)).flat_map(hash).collect()
            }
            level => self.store.hashes(self.shard, level, index)?.ok_or_else(|| self.missing())?,
        };
        row.truncate(usize::from(width) * 32);
        Ok(row)
    }
}

impl Tiles {
    /// Reads the trees whose ends are told by `heads`, and tells of their audits.
    pub(crate) fn new(heads: Heads, audited: watch::Receiver<AuditStatus>) -> Self {
        Self { heads, audited }
    }

    /// What the last comparison of the log with its trees found.
    pub fn audit(&self) -> AuditStatus {
        self.audited.borrow().clone()
    }

    /// The name of the log without a shard.
    pub fn log(&self) -> &str {
        self.heads.signer.log()
    }

    /// A signed note that promises that a checkpoint covers these events within
    /// [`PROMISE_SECONDS`](super::PROMISE_SECONDS).
    pub fn receipt(&self, events: &[Promised], now: Timestamp) -> String {
        self.heads.signer.receipt(events, now).to_string()
    }

    /// What verifies commitments to where the streams ended.
    pub fn heads_key(&self) -> &VerifyingKey {
        self.heads.signer.heads_key()
    }

    /// What verifies evidence bundles.
    pub fn evidence_key(&self) -> &VerifyingKey {
        self.heads.signer.evidence_key().verifying_key()
    }

    /// What verifies certificates.
    pub fn certificate_key(&self) -> &VerifyingKey {
        self.heads.signer.certificate_key()
    }

    /// The commitment of a day to where all streams ended, a signed note.
    pub fn commitment(&self, day: Date) -> Result<Option<String>, TilesError> {
        Ok(self.heads.kept.of(day)?)
    }

    /// The day of the newest commitment.
    pub fn newest_commitment(&self) -> Result<Option<Date>, TilesError> {
        Ok(self.heads.kept.newest()?.map(|(day, _)| day))
    }

    /// What verifies receipts.
    pub fn receipt_key(&self) -> &VerifyingKey {
        self.heads.signer.receipt_key()
    }

    /// All shards, oldest first.
    pub fn shards(&self) -> Result<Vec<PublishedShard>, TilesError> {
        let shards = self.heads.store.shards()?.into_iter();
        shards.map(|shard| self.published(shard)).collect()
    }

    /// One shard.
    pub fn shard(&self, name: &str) -> Result<Option<PublishedShard>, TilesError> {
        let shard = self.heads.store.shards()?.into_iter().find(|shard| shard.name == name);
        shard.map(|shard| self.published(shard)).transpose()
    }

    /// The shards of this year and the next that were not begun, with their keys: witnesses can be told of
    /// them before.
    pub fn coming(&self, year: i16) -> Result<Vec<(String, VerifyingKey)>, TilesError> {
        let begun = self.heads.store.shards()?;
        let names = [year, year.saturating_add(1)].map(|year| format!("{year:04}"));
        let coming = names.into_iter().filter(|name| begun.iter().all(|shard| shard.name != *name));
        coming
            .map(|name| {
                let key = self.heads.signer.verifying_key(&name)?;
                Ok((name, key))
            })
            .collect()
    }

    /// The newest checkpoint of a shard that enough witnesses have cosigned; none when there is none.
    pub fn cosigned(&self, shard: &str) -> Result<Option<String>, TilesError> {
        Ok(self.heads.store.cosigned(shard)?)
    }

    fn published(&self, shard: TreeShard) -> Result<PublishedShard, TilesError> {
        let key = self.heads.signer.verifying_key(&shard.name)?;
        let TreeShard { name, size, root, note, .. } = shard;
        let size = if note.is_empty() { 0 } else { size };
        Ok(PublishedShard { name, key, size, root: Hash(root), checkpoint: note })
    }

    /// The bytes of a tile or of a bundle of entries; none beyond the newest checkpoint.
    pub fn file(&self, shard: &PublishedShard, id: TileId) -> Result<Option<Vec<u8>>, TilesError> {
        let there = width_at(shard.size, id.level(), id.index).unwrap_or(0);
        if id.width == 0 || id.width > there {
            return Ok(None);
        }
        let reader = ShardReader { store: &*self.heads.store, shard: &shard.name };
        match id.kind {
            TileKind::Hashes { level } => Ok(Some(reader.tile(level, id.index, id.width)?)),
            TileKind::Entries => {
                let Some(leaves) = self.heads.store.leaves(&shard.name, id.index)? else {
                    return Ok(None);
                };
                let leaves = leaves.iter().take(usize::from(id.width));
                let entries: Vec<Entry> =
                    leaves.map(|leaf| Entry::of_digest(&leaf.digest)).collect();
                Ok(Some(encode_bundle(&entries)?))
            }
        }
    }

    /// Proves that the record at a position is in the log; `None` while no checkpoint covers it.
    pub fn proof(&self, position: Position) -> Result<Option<Proof>, TilesError> {
        let Some((name, index)) = self.leaf_of(position)? else { return Ok(None) };
        let Some(shard) = self.shard(&name)? else { return Ok(None) };
        if index >= shard.size {
            return Ok(None);
        }
        let path = self.inclusion(&shard, index)?;
        let PublishedShard { size, checkpoint, .. } = shard;
        Ok(Some(Proof { shard: name, index, size, path, checkpoint }))
    }

    /// The shard and the index of the leaf of the record at a position.
    pub(crate) fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, TilesError> {
        Ok(self.heads.store.leaf_of(position)?)
    }

    /// The hashes that prove a leaf under the checkpoint of a shard as it was read, also when the tree has
    /// grown since.
    pub(crate) fn inclusion(
        &self,
        shard: &PublishedShard,
        index: u64,
    ) -> Result<Vec<Hash>, TilesError> {
        let reader = ShardReader { store: &*self.heads.store, shard: &shard.name };
        inclusion_proof(index, shard.size, &reader)
            .map_err(|source| TilesError::Damaged { shard: shard.name.clone(), source })
    }

    /// Proofs, under the newest commitment, of where these streams ended.
    pub(crate) async fn heads_of(
        &self,
        streams: &BTreeSet<String>,
    ) -> Result<Vec<HeadEvidence>, HeadsError> {
        self.heads.proofs(streams).await
    }

    /// Signs evidence bundles.
    pub(crate) fn bundle_signer(&self) -> &SigningKey {
        self.heads.signer.evidence_key()
    }

    /// Proves that a tree is the beginning of a later one; `None` when the shard has no such sizes.
    pub fn consistency(
        &self,
        shard: &str,
        old: u64,
        new: u64,
    ) -> Result<Option<Vec<Hash>>, TilesError> {
        let Some(published) = self.shard(shard)? else { return Ok(None) };
        if old == 0 || old > new || new > published.size {
            return Ok(None);
        }
        let reader = ShardReader { store: &*self.heads.store, shard };
        consistency_proof(old, new, &reader)
            .map(Some)
            .map_err(|source| TilesError::Damaged { shard: shard.to_owned(), source })
    }
}

impl Proof {
    /// The proof as a file that foreign tools read (C2SP tlog-proof@v1), with the header that the leaf
    /// commits to beside it.
    pub fn file(&self, header: &[u8]) -> Result<String, TilesError> {
        let checkpoint = Note::parse(self.checkpoint.as_bytes())?;
        let file = ProofFile {
            extra: Some(header.to_vec()),
            index: self.index,
            proof: self.path.clone(),
            checkpoint,
        };
        Ok(file.to_string())
    }
}
