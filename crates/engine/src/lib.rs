//! The running machine: recorder, feed, projections, supervision.
//!
//! Nothing outside of this crate knows that there are actors.

#![warn(missing_docs)]

mod checking;
mod clock;
mod delivery;
pub mod enrich;
mod feed;
mod intake;
mod key_ring;
mod lease;
mod live;
mod matching;
mod opening;
mod permits;
mod projection;
mod projections;
mod projector;
mod queries;
mod reading;
mod recorder;
mod recording;
mod roles;
mod root;
mod sealing;
mod settings;
mod shards;
mod supervision;
mod system;
mod weight;

pub use checking::{OpeningReport, open_every_record};
pub use clock::Clock;
pub use delivery::DeliveryStatus;
pub use feed::FeedReader;
pub use key_ring::{KeyRing, KeyRingError};
pub use live::{LiveBatch, LiveEvents};
pub use opening::ReadError;
pub use permits::{Permit, Permits};
pub use projection::{Parked, Progress};
pub use queries::{Page, PageRequest, Queries, QueryError, page_key};
pub use recorder::{Durable, RecordError, RecordResult};
pub use recording::Recorder;
pub use roles::{InvalidRoles, Role, Roles};
pub use sealing::Admitted;
pub use settings::{
    DeliverySettings, InvalidDelivery, ProjectionSettings, RecorderSettings, SupervisionSettings,
};
pub use system::{Ports, Settings, StartError, System};

#[cfg(test)]
mod tests;
