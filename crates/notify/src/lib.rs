//! Ways out of Annals: to people, as carriers and delivery channels; for checkpoints of the log, as sinks; and
//! to the witnesses who cosign them.

#![warn(missing_docs)]

mod carriers;
mod directory;
mod email;
mod endpoint;
mod links;
mod outgoing;
mod plain;
mod signature;
mod syslog;
mod templates;
#[cfg(test)]
mod testing;
mod tls;
mod webhook;
mod witness;

pub use carriers::{CarrierSettings, Carriers, CarriersError};
pub use directory::DirectorySink;
pub use email::{EmailCarrier, EmailError, EmailSettings, Security};
pub use endpoint::{
    AdapterCarrier, SlackCarrier, WebhookCarrier, ed25519_public_text, hmac_secret_text,
};
pub use links::{Links, MessageLinks, NoLinks};
pub use outgoing::{
    Forbidden, InvalidAllowance, OutgoingError, OutgoingHttp, OutgoingSettings, Reach, reach,
};
pub use signature::InvalidSecret;
pub use syslog::{SyslogCarrier, SyslogError, SyslogSettings, SyslogTransport};
pub use templates::{Rendered, TemplateError, TemplateSettings, Templates};
pub use tls::TlsError;
pub use webhook::{WebhookChannel, WebhookError, WebhookSettings};
pub use witness::{HttpWitness, WitnessUrlError};
