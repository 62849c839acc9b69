//! Whose signature stands under a checkpoint.

use std::sync::Arc;

use annals_record::MasterKey;
use annals_tlog::{
    Algorithm, Checkpoint, CheckpointError, Hash, KeyError, SignedCheckpoint, SigningKey,
    VerifyingKey,
};
use zeroize::Zeroizing;

/// Signs the checkpoints of all shards, each with a key of its own that follows from the master key.
#[derive(Clone)]
pub struct LogSigner {
    origin: String,
    master: Arc<MasterKey>,
}

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
        let signer = Self { origin: origin.to_owned(), master: Arc::new(master) };
        signer.key("0")?;
        Ok(signer)
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
        Ok(self.key(shard)?.verifying_key().clone())
    }

    /// A signed checkpoint.
    pub(super) fn sign(
        &self,
        shard: &str,
        size: u64,
        root: Hash,
    ) -> Result<SignedCheckpoint, SignError> {
        let key = self.key(shard)?;
        Ok(Checkpoint { origin: self.origin(shard), size, root }.sign(&[&key])?)
    }

    fn key(&self, shard: &str) -> Result<SigningKey, KeyError> {
        let origin = self.origin(shard);
        let seed = Zeroizing::new(self.master.derive(&format!("log signing {origin}")));
        SigningKey::from_seed(&origin, Algorithm::Note, &seed)
    }
}
