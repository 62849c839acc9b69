//! The Merkle trees that the records of the log are leaves of, and their signed checkpoints.
//!
//! Another projection: it follows the log, and an answer to whoever records never waits for it. What is
//! committed at once becomes one growth of the tree, signed once. A shard is the records of one year by
//! the server's clock; its first leaf commits to the last checkpoint of the shard before it, so that
//! shards are a chain.
//!
//! Before a checkpoint is published it is written down as the *mark*, which belongs on another disk than
//! the data. Whatever the data directory is restored to, no smaller tree and no other tree of that size
//! is signed: that would be a fork.
//!
//! Witnesses are asked to cosign checkpoints, and sinks are given them, each by an actor of its own that
//! nothing waits for.

mod audit;
mod checking;
mod committing;
mod growing;
mod heads;
mod keeper;
mod mark;
mod publishing;
mod reading;
mod sending;
mod signing;
mod witnessing;
mod working;

pub use audit::{AuditSettings, AuditStatus};
pub use checking::{TreeCheckError, TreeReport, check_trees};
pub(crate) use heads::Heads;
pub use heads::{HeadsError, KeptError, KeptHeads};
pub(crate) use keeper::TileKeeper;
pub use mark::{FileMark, Mark, MarkError, Marked};
pub use publishing::{Publishing, SINKS_MAX, WITNESSES_MAX, Witness, WitnessSettings};
pub use reading::{Proof, PublishedShard, Tiles, TilesError};
pub use signing::{LogSigner, PROMISE_SECONDS};
pub(crate) use working::{TileWork, work};

/// Name of the projection.
pub const TILES: &str = "tiles";

#[cfg(test)]
mod tests;
