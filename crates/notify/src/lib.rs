//! Ways out of Annals: to people, as carriers and delivery channels; for checkpoints of the log, as sinks; and
//! to the witnesses who cosign them.

#![warn(missing_docs)]

mod directory;
mod endpoint;
mod outgoing;
mod plain;
mod signature;
#[cfg(test)]
mod testing;
mod webhook;
mod witness;

pub use directory::DirectorySink;
pub use endpoint::{
    AdapterCarrier, SlackCarrier, WebhookCarrier, ed25519_public_text, hmac_secret_text,
};
pub use outgoing::{
    Forbidden, InvalidAllowance, OutgoingError, OutgoingHttp, OutgoingSettings, Reach, reach,
};
pub use signature::InvalidSecret;
pub use webhook::{WebhookChannel, WebhookError, WebhookSettings};
pub use witness::{HttpWitness, WitnessUrlError};
