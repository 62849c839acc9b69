//! What leaves this machine of the trees: to whom checkpoints are given, and how often.

use std::sync::Arc;

use annals_ports::{CheckpointSink, WitnessClient};
use annals_tlog::{SIGNATURES_MAX, VerifyingKey};

/// The most witnesses. With the log's own signature theirs must fit under one checkpoint.
pub const WITNESSES_MAX: usize = SIGNATURES_MAX - 1;
/// The most sinks.
pub const SINKS_MAX: usize = 8;

/// To whom checkpoints are given. By default to nobody.
#[derive(Clone, Default)]
pub struct Publishing {
    /// Who is asked for cosignatures, at most [`WITNESSES_MAX`].
    pub witnesses: Vec<Witness>,
    /// How they are asked.
    pub witnessing: WitnessSettings,
    /// Where else checkpoints go, at most [`SINKS_MAX`].
    pub sinks: Vec<Arc<dyn CheckpointSink>>,
    /// Seconds between two checkpoints that go to a sink.
    pub sink_interval_seconds: u64,
}

/// Somebody who watches that the log only grows.
#[derive(Clone)]
pub struct Witness {
    /// What verifies the cosignatures.
    pub key: VerifyingKey,
    /// How to ask.
    pub client: Arc<dyn WitnessClient>,
}

/// How witnesses are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WitnessSettings {
    /// Seconds between two rounds.
    pub interval_seconds: u64,
    /// Seconds that a witness may take for an answer.
    pub timeout_seconds: u64,
    /// How many witnesses must have cosigned a checkpoint for it to be kept as the newest cosigned one;
    /// 0: all of them.
    pub quorum: usize,
}

impl Publishing {
    /// How many cosignatures make a checkpoint a cosigned one.
    pub(super) fn quorum(&self) -> usize {
        match self.witnessing.quorum {
            0 => self.witnesses.len(),
            quorum => quorum,
        }
    }
}
