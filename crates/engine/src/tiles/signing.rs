//! Whose signature stands under a checkpoint.

use std::sync::Arc;

use annals_evidence::names::{bundle_key_name, heads_key_name};
use annals_record::MasterKey;
use annals_tlog::receipt::{Promised, Receipt, key_name};
use annals_tlog::{
    Algorithm, Checkpoint, CheckpointError, Hash, KeyError, Note, NoteError, SignedCheckpoint,
    SigningKey, VerifyingKey,
};
use jiff::Timestamp;
use zeroize::Zeroizing;

/// Signs the checkpoints of all shards, each with a key of its own that follows from the master key.
#[derive(Clone)]
pub struct LogSigner {
    origin: String,
    master: Arc<MasterKey>,
    receipts: Arc<SigningKey>,
    heads: Arc<SigningKey>,
    evidence: Arc<SigningKey>,
}

/// Within so many seconds a published checkpoint covers what was recorded: the promise of a receipt.
pub const PROMISE_SECONDS: u64 = 60;

/// A checkpoint was not signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("the name of the log cannot stand in a checkpoint")]
    Key(#[from] KeyError),
    #[error("the checkpoint cannot be signed")]
    Checkpoint(#[from] CheckpointError),
}

impl LogSigner {
    /// Signs for the log of this name, such as `audit.example.org/main`: no spaces and no `+`
    /// (C2SP signed-note). It must be the only log of that name.
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn new(origin: &str, master: MasterKey) -> Result<Self, KeyError> {
        key(&master, &format!("{origin}/0"))?;
        let receipts = Arc::new(key(&master, &key_name(origin))?);
        let heads = Arc::new(key(&master, &heads_key_name(origin))?);
        let evidence = Arc::new(key(&master, &bundle_key_name(origin))?);
        Ok(Self { origin: origin.to_owned(), master: Arc::new(master), receipts, heads, evidence })
    }

    /// The name of the log without a shard.
    pub fn log(&self) -> &str {
        &self.origin
    }

    /// The name of a shard, as it stands in checkpoints.
    pub fn origin(&self, shard: &str) -> String {
        format!("{}/{shard}", self.origin)
    }

    /// What verifies the checkpoints of a shard.
    pub fn verifying_key(&self, shard: &str) -> Result<VerifyingKey, KeyError> {
        Ok(key(&self.master, &self.origin(shard))?.verifying_key().clone())
    }

    /// A signed checkpoint.
    pub(super) fn sign(
        &self,
        shard: &str,
        size: u64,
        root: Hash,
    ) -> Result<SignedCheckpoint, SignError> {
        let key = key(&self.master, &self.origin(shard))?;
        Ok(Checkpoint { origin: self.origin(shard), size, root }.sign(&[&key])?)
    }

    /// What verifies receipts.
    pub fn receipt_key(&self) -> &VerifyingKey {
        self.receipts.verifying_key()
    }

    /// What verifies commitments to the ends of streams.
    pub fn heads_key(&self) -> &VerifyingKey {
        self.heads.verifying_key()
    }

    /// Signs evidence bundles.
    pub(crate) fn evidence_key(&self) -> &SigningKey {
        &self.evidence
    }

    /// Signs the text of a commitment to the ends of streams.
    pub(super) fn sign_heads(&self, text: &str) -> Result<Note, NoteError> {
        let signature = self.heads.sign(text).expect("it is no witness's key");
        Note::new(text.to_owned(), vec![signature])
    }

    /// A signed promise that a checkpoint covers the events soon.
    pub(super) fn receipt(&self, events: &[Promised], signed_at: Timestamp) -> Note {
        let signed_at = u64::try_from(signed_at.as_second()).unwrap_or(0);
        // The part of a second that was cut off is not taken from the time that is left.
        let deadline = signed_at + 1 + PROMISE_SECONDS;
        let receipt = Receipt::over(&self.origin, events, signed_at, deadline);
        receipt.sign(&self.receipts).expect("the key is the log's own for receipts")
    }
}

/// The key of a name, which follows from the master key.
fn key(master: &MasterKey, name: &str) -> Result<SigningKey, KeyError> {
    let seed = Zeroizing::new(master.derive(&format!("log signing {name}")));
    SigningKey::from_seed(name, Algorithm::Note, &seed)
}
