//! What a machine is made of: its ports and settings, and why it may not start.

use std::sync::Arc;

use annals_domain::Position;
use annals_domain::access::state::AccessRules;
use annals_domain::limits::QueryLimits;
use annals_ports::{
    AccessStore, Carrier, DeliveryChannel, EventLog, InboxStore, KeyStore, LocalStoreError,
    LogError, ProfileStore, QuarantineStore, SearchIndex, SharedRegisters, Spool, StreamEnds,
    TreeStore,
};
use ractor::SpawnErr;

use crate::detection::DetectionParts;
use crate::export::ExportParts;
use crate::permits::Permits;
use crate::quarantine::QuarantineSettings;
use crate::queries::ArchiveParts;
use crate::roles::Roles;
use crate::scrubber::ScrubSettings;
use crate::settings::{
    DeliverySettings, InvalidDelivery, ProjectionSettings, RecorderSettings, SupervisionSettings,
};
use crate::spool::SpoolSettings;
use crate::tiles::{AuditSettings, KeptHeads, LogSigner, Mark, Publishing};

/// What the engine runs on.
pub struct Ports {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Wrapped keys.
    pub keys: Arc<dyn KeyStore>,
    /// The search index.
    pub index: Arc<dyn SearchIndex>,
    /// The profiles.
    pub profiles: Arc<dyn ProfileStore>,
    /// The inboxes.
    pub inbox: Arc<dyn InboxStore>,
    /// The state of access.
    pub access: Arc<dyn AccessStore>,
    /// Values that all nodes share: the lease and the progress of deliveries.
    pub registers: Arc<dyn SharedRegisters>,
    /// What carries messages from the outbox, to addresses, endpoints and operators.
    pub carriers: Vec<Arc<dyn Carrier>>,
    /// Endpoints of the installation itself: the outbox tells them what arrives in inboxes.
    pub standing: Vec<Arc<dyn DeliveryChannel>>,
    /// Refused events.
    pub quarantine: Arc<dyn QuarantineStore>,
    /// Where events wait while the log takes none; without it they are refused.
    pub spool: Option<Arc<dyn Spool>>,
    /// Where exports are kept; none on a node that makes none.
    pub exports: Option<ExportParts>,
    /// What looks for what is suspicious; none on a node that does not.
    pub detection: Option<DetectionParts>,
    /// Where the Merkle trees of the log lie; none on a node that keeps none.
    pub tiles: Option<TileParts>,
    /// Where closed months lie; none where nothing is archived.
    pub archive: Option<ArchiveParts>,
}

/// What keeps the Merkle trees.
#[derive(Clone)]
pub struct TileParts {
    /// Where they lie.
    pub store: Arc<dyn TreeStore>,
    /// Whose signature stands under their checkpoints.
    pub signer: LogSigner,
    /// Remembers what was signed.
    pub mark: Arc<dyn Mark>,
    /// When the log is compared with them.
    pub audit: AuditSettings,
    /// Tells where the streams of the log end.
    pub ends: Arc<dyn StreamEnds>,
    /// Keeps the daily commitments to that.
    pub heads: Arc<KeptHeads>,
    /// To whom their checkpoints are given.
    pub publishing: Publishing,
}

/// How the engine runs.
#[derive(Clone)]
pub struct Settings {
    /// `[recorder]`.
    pub recorder: RecorderSettings,
    /// `[projections]`.
    pub projections: ProjectionSettings,
    /// `[supervision]`.
    pub supervision: SupervisionSettings,
    /// How the files of the search index are looked after.
    pub scrub: ScrubSettings,
    /// `[delivery]`.
    pub delivery: DeliverySettings,
    /// `[quarantine]`.
    pub quarantine: QuarantineSettings,
    /// `[spool]`.
    pub spool: SpoolSettings,
    /// What is kept of revocations.
    pub access: AccessRules,
    /// What this node does.
    pub roles: Roles,
    /// Name of this node, which no other node has.
    pub node: String,
    /// What may be under way at once.
    pub permits: Permits,
    /// What the filters of notification rules are held to.
    pub query: QueryLimits,
}

/// The engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log cannot be read.
    #[error("cannot read the event log")]
    Log(#[from] LogError),
    /// A projection cannot tell its position.
    #[error("cannot open the projection `{projection}`: {cause}")]
    Projection {
        /// Which.
        projection: &'static str,
        /// Why.
        cause: String,
    },
    /// A projection is ahead of the log: the data directory is a mixture.
    #[error(
        "the projection `{projection}` is at position {applied}, but the log ends at {head}; if the \
         log was restored from a backup, run `annals rebuild`"
    )]
    Ahead {
        /// Which.
        projection: &'static str,
        /// Where it is.
        applied: Position,
        /// Where the log ends.
        head: Position,
    },
    /// What waits in the spool cannot be read.
    #[error("cannot open the spool")]
    Spool(#[source] LocalStoreError),
    /// The settings of delivery make no sense.
    #[error("`[delivery]` cannot be used")]
    Delivery(#[from] InvalidDelivery),
    /// The directory of exports cannot be read.
    #[error("cannot open the directory of exports")]
    Exports(#[source] std::io::Error),
    /// An actor did not start.
    #[error("cannot start the engine's actors")]
    Spawn(#[from] SpawnErr),
}
