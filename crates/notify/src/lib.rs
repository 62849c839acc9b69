//! Ways out of Annals: to people, as delivery channels; for checkpoints of the log, as sinks; and to the
//! witnesses who cosign them.

#![warn(missing_docs)]

mod directory;
mod signature;
mod webhook;
mod witness;

pub use directory::DirectorySink;
pub use signature::InvalidSecret;
pub use webhook::{WebhookChannel, WebhookError, WebhookSettings};
pub use witness::{HttpWitness, WitnessUrlError};
