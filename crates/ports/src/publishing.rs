//! Where checkpoints of the log go, away from this machine: witnesses, who cosign them, and sinks, which
//! only keep them.

use async_trait::async_trait;

/// No answer of a witness is longer, bytes: a few lines of signatures.
pub const WITNESS_ANSWER_BYTES_MAX: usize = 16 * 1024;

/// A way to one witness.
///
/// # Contract
/// - An answer longer than [`WITNESS_ANSWER_BYTES_MAX`] is an error, and is not read to its end.
/// - A call may take for ever; whoever calls sets the time. A call that is dropped leaves nothing running.
/// - The answer is whatever came: it is the caller who checks it.
#[async_trait]
pub trait WitnessClient: Send + Sync + 'static {
    /// Sends the body of `add-checkpoint` (C2SP tlog-witness).
    async fn add_checkpoint(&self, request: String) -> Result<WitnessAnswer, PublishError>;
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body; what is not UTF-8 in it was replaced.
    pub body: String,
}

/// A place away from this machine that is given checkpoints from time to time.
///
/// # Contract
/// - `Ok` means that the checkpoint is durable there, or that the receiver has taken it on.
/// - The same checkpoint may come again, then with more signatures.
/// - A call that is dropped does no harm; the caller does not wait for one that hangs, but begins no other.
#[async_trait]
pub trait CheckpointSink: Send + Sync + 'static {
    /// Tells the sinks of an installation apart, in logs and metrics.
    fn name(&self) -> &str;

    /// Hands a checkpoint over.
    async fn put(&self, checkpoint: &OutgoingCheckpoint) -> Result<(), PublishError>;
}

/// A checkpoint that leaves this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingCheckpoint {
    /// The name of the tree as it stands in the checkpoint.
    pub origin: String,
    /// The last part of it, such as `2026`: letters, digits and `-`, so that it can name a file.
    pub shard: String,
    /// How many leaves it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// A checkpoint did not arrive, as far as is known.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}")]
pub struct PublishError {
    /// What was being done.
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
