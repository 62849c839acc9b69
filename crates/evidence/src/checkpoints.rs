//! The checkpoints of the shards, each signed note kept once in a bundle.

use std::collections::BTreeMap;

use annals_tlog::{Checkpoint, Note};

use crate::limits::NUMBER_MAX;
use crate::names::shard_origin;
use crate::problem::Problem;
use crate::trust::{Cosigned, Keys};

/// The checkpoint of one shard, signed by the log.
#[derive(Debug, Clone)]
pub(crate) struct ShardCheckpoint {
    pub(crate) note: Note,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) cosigned: Vec<Cosigned>,
}

/// The checkpoints by the names of their shards.
pub(crate) type Checkpoints = BTreeMap<String, ShardCheckpoint>;

impl ShardCheckpoint {
    /// Checks that a note is the checkpoint of this shard, and signed as demanded.
    pub(crate) fn check(
        origin: &str,
        shard: &str,
        note: Note,
        keys: &Keys,
    ) -> Result<Self, Problem> {
        let expected = shard_origin(origin, shard);
        keys.check(&expected, &note)?;
        let checkpoint = Checkpoint::parse(note.text())
            .ok()
            .filter(|checkpoint| checkpoint.origin == expected && checkpoint.size <= NUMBER_MAX)
            .ok_or(Problem::NotCheckpoint { expected })?;
        let cosigned = keys.cosigned(&note)?;
        Ok(Self { note, checkpoint, cosigned })
    }
}
