//! The running machine: recorder, feed, projections, supervision.
//!
//! Nothing outside of this crate knows that there are actors.

#![warn(missing_docs)]

mod access;
mod checking;
mod clock;
mod delivery;
mod detection;
mod endpoint_secrets;
pub mod enrich;
mod envelopes;
mod erasing;
mod export;
mod fair_queue;
mod feed;
mod gates;
mod history;
mod intake;
mod key_ring;
mod key_rotation;
mod key_uses;
mod lease;
mod live;
mod matching;
mod opening;
mod pace;
mod permits;
mod projection;
mod projections;
mod projector;
mod quarantine;
mod queries;
mod reading;
mod rebuilding;
mod recorder;
mod recording;
mod retention;
mod roles;
mod root;
mod scrubber;
mod sealing;
mod settings;
mod shards;
mod spool;
mod supervision;
mod system;
pub mod tiles;
mod turns;
mod waiting;
mod weight;

pub use access::AccessView;
pub use checking::{OpeningReport, open_every_record};
pub use clock::{Clock, WallClock};
pub use delivery::{DELIVERIES, DELIVERIES_PARKED, DeliveryOutcome, DeliveryStatus};
pub use detection::DetectionParts;
pub use endpoint_secrets::EndpointSecrets;
pub use erasing::{EraseError, Erased, Eraser, Erasure, LastLook, Named, PERSONS_MAX, Sweep};
pub use export::{
    DirectExport, ExportDesk, ExportError, ExportFacts, ExportFile, ExportId, ExportJob,
    ExportOrder, ExportParts, ExportRefused, ExportSettings, ExportStatus, ExportView, Exports,
    Form, Requester,
};
pub use feed::FeedReader;
pub use history::{HistoryRead, read_events};
pub use key_ring::{KeyRing, KeyRingError};
pub use key_rotation::{KeyRotation, Rotated};
pub use live::{LiveBatch, LiveEvents};
pub use opening::ReadError;
pub use permits::{Permit, Permits};
pub use projection::{Parked, Progress};
pub use quarantine::{
    KeptError, Quarantine, QuarantineError, QuarantineSettings, Quarantined, RefusalFacts,
    RefusedEvent,
};
pub use queries::{
    ARCHIVED_BYTES_MAX, ARCHIVED_PIECES_MAX, ArchiveParts, ArchiveSearch, ArchivedPage,
    ChangedValue, ComparisonRequest, CountedValues, HistogramRequest, HistoryPage, HistoryRequest,
    Page, PageRequest, Part, PastValues, PeriodValues, Queries, QueryError, RelatedPage,
    RelatedRequest, Relation, Statistics, StatisticsRequest, ValueChanges, last_changes, page_key,
};
pub use rebuilding::{RebuildRefused, RebuildState, RebuildStatus, Rebuilding};
pub use recorder::{Durable, RecordError, RecordResult};
pub use recording::Recorder;
pub use retention::{
    ArchiveExpired, Due, ExpiredMonth, Gone, LockedMonth, Pacing, Retention, RetentionError,
    RetentionRules, RetentionRun, RetentionTime, RetentionTimeError, Simulated,
};
pub use roles::{InvalidRoles, Role, Roles};
pub use scrubber::ScrubSettings;
pub use sealing::Admitted;
pub use settings::{
    DeliverySettings, InvalidDelivery, ProjectionSettings, RecorderSettings, SupervisionSettings,
};
pub use spool::{Offered, SpoolSettings, SpoolUse, Spooled, TakeResult, Taken};
pub use system::{Ports, Settings, StartError, System, TileParts};
pub use turns::Turn;

#[cfg(test)]
mod tests;
