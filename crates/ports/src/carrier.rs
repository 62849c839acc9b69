//! Carrying one message out of Annals: to a mail server, an endpoint, a syslog.
//!
//! The engine decides what is told, to whom, when it is tried again and when it is given up. A carrier
//! only carries one message, and tells what came of it.

use std::fmt;

use annals_domain::notification::{Endpoint, Outgoing};
use async_trait::async_trait;

use crate::delivery::DeliveryError;

/// A way to carry messages.
///
/// # Contract
/// - `Ok` means that the receiver has taken the message on.
/// - The same message may come again, after a failure or a hand-over between nodes. Its id is then
///   the same, and the carrier hands the id on, so that the receiver can tell.
/// - Every call ends within a bounded time and takes bounded memory, whatever the receiver does. A call
///   that is dropped leaves nothing running.
/// - Neither errors nor logs hold secrets or personal data.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// For logs and metrics: `email`, `webhook`, `slack`, `adapter` or `syslog`.
    fn name(&self) -> &'static str;

    /// Whether it carries to such a target. An installation has at most one carrier for each.
    fn carries_to(&self, target: &Target) -> bool;

    /// Hands one message over.
    ///
    /// # Errors
    /// [`DeliveryError`] tells whether trying again is of use.
    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError>;
}

/// Where a message goes, with all that is needed to reach it.
#[derive(Clone)]
pub enum Target {
    /// A mail address.
    Email(String),
    /// An endpoint with its secrets, opened.
    Endpoint(Box<OpenEndpoint>),
    /// The operators' syslog.
    Syslog,
}

/// An endpoint and what its messages are signed with.
#[derive(Clone)]
pub struct OpenEndpoint {
    /// What it is.
    pub endpoint: Endpoint,
    /// 32 bytes each, the newest first; after a rotation the one before signs as well for a day, so that a
    /// receiver that has not changed yet goes on. For HMAC the key itself, for ed25519 the seed.
    pub secrets: Vec<[u8; 32]>,
}

/// Shows neither addresses nor URLs nor secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(_) => f.write_str("Email"),
            Self::Endpoint(open) => write!(f, "Endpoint({})", open.endpoint.id),
            Self::Syslog => f.write_str("Syslog"),
        }
    }
}

/// What a receiver said when it took a message on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handed {
    /// Code of the answer: of HTTP or of SMTP.
    pub code: Option<u16>,
}
