//! What Annals needs from the outside, as traits with their contracts.
//!
//! Each port has a contract suite in [`contract`]; every implementation runs it.

#![warn(missing_docs)]

pub mod access_store;
pub mod append_plan;
pub mod archive;
pub mod carrier;
pub mod contract;
pub mod delivery;
pub mod detection;
mod endpoint_rules;
pub mod event_log;
pub mod generations;
pub mod inbox;
pub mod key_store;
pub mod master_keys;
pub mod memory;
pub mod outbox;
pub mod profiles;
pub mod publishing;
pub mod quarantine;
pub mod rate_limits;
pub mod registers;
pub mod replica;
pub mod search;
pub mod spool;
pub mod stream_ends;
pub mod trees;
pub mod upkeep;
pub mod wording;

pub use access_store::AccessStore;
pub use archive::{ArchiveError, ArchiveReader};
pub use carrier::{Carrier, Handed, OpenEndpoint, Target};
pub use delivery::{Delivery, DeliveryChannel, DeliveryError};
pub use detection::{DetectionStore, SavedDetection};
pub use endpoint_rules::EndpointRules;
pub use event_log::{
    AppendError, AppendItem, Appended, Direction, EventLog, Expected, Follower, LogEntry, LogError,
    LogHealth, LogReader, ReadsThrough, Removal, RemoveError,
};
pub use generations::Generations;
pub use inbox::InboxStore;
pub use key_store::{KEY_PAGE_MAX, KeyPage, KeyPlace, KeyStore, KeyStoreError, Rewrapped};
pub use master_keys::{MasterKeyError, MasterKeys};
pub use outbox::Outbox;
pub use profiles::ProfileStore;
pub use publishing::{
    CheckpointSink, OutgoingCheckpoint, PublishError, WitnessAnswer, WitnessClient,
};
pub use quarantine::{QuarantineStore, RefusalReason};
pub use rate_limits::{LocalRateLimiter, Quota, RateKey, RateLimiter, Verdict};
pub use registers::{Register, RegisterError, SharedRegisters};
pub use replica::{Checkpoint, Cut, LogReplica};
pub use search::{Hit, ReadAnew, SearchError, SearchIndex, SearchRequest, Values, ValuesRequest};
pub use spool::Spool;
pub use stream_ends::{StreamEnd, StreamEnds};
pub use trees::TreeStore;
pub use upkeep::{IndexMemory, Look, Upkeep};
pub use wording::{Worded, Wording, WordingError};

/// A read model (profiles, inbox) could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} in the read model `{model}`")]
pub struct ReadModelError {
    /// Which model.
    pub model: &'static str,
    /// What was being done.
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A store on this machine's own disk (spool, quarantine) did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing} in the `{store}`")]
pub struct LocalStoreError {
    /// Which store.
    pub store: &'static str,
    /// What was being done.
    pub doing: &'static str,
    /// Whether no space was left; it works again once there is some.
    pub full: bool,
    /// Why. All who waited for the same write are told the same.
    #[source]
    pub source: std::sync::Arc<dyn std::error::Error + Send + Sync>,
}

impl LocalStoreError {
    /// The failure of a store in memory that was told to fail.
    pub(crate) fn wanted(store: &'static str, doing: &'static str) -> Self {
        let source: Box<dyn std::error::Error + Send + Sync> = "a test wanted it".into();
        Self { store, doing, full: false, source: source.into() }
    }
}
