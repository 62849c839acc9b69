//! Ways to reach people outside of Annals, as delivery channels.

#![warn(missing_docs)]

mod signature;
mod webhook;

pub use signature::InvalidSecret;
pub use webhook::{WebhookChannel, WebhookError, WebhookSettings};
