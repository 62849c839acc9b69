//! Where an organisation takes messages: webhooks and services like them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::outgoing::Channel;
use crate::identifiers::EventId;

/// How many endpoints a tenant may have.
pub const ENDPOINTS_MAX: usize = 50;
/// How long a URL may be, characters.
pub const URL_CHARS_MAX: usize = 2000;
/// How long a sealed URL may be as it is recorded: the longest URL, all of it outside of ASCII, with room for
/// the seal, two digits a byte.
pub const SEALED_URL_BYTES_MAX: usize = 2 * (4 * URL_CHARS_MAX + 128);

/// In which form an endpoint takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// Standard Webhooks: a signed POST.
    Webhook,
    /// What Slack's incoming webhooks take, and all that copy them.
    Slack,
    /// `template_id` and `personalisation`, as services with templates of their own take it.
    Adapter,
}

impl EndpointKind {
    /// The channel that leads there.
    pub fn channel(self) -> Channel {
        match self {
            Self::Webhook => Channel::Webhook,
            Self::Slack => Channel::Slack,
            Self::Adapter => Channel::Adapter,
        }
    }
}

/// How messages of a webhook are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// `v1`: HMAC-SHA256 with a secret that both sides have.
    #[default]
    Hmac,
    /// `v1a`: ed25519; the receiver has the public key alone.
    Ed25519,
}

/// What a message of a webhook says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// That something happened, to whom, and where to ask for more.
    #[default]
    Thin,
    /// Title and sentence as well.
    Full,
}

/// A place that takes messages of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Made by Annals; does not change.
    pub id: Uuid,
    /// The event that made it or changed it last.
    pub event: EventId,
    /// In words, for people.
    pub name: String,
    /// In which form it takes messages.
    pub kind: EndpointKind,
    /// Where to: in the log and in the state scheme, host and port only, for a path may hold a secret and lies
    /// sealed; whoever delivers has it whole.
    pub url: String,
    /// How they are signed; only webhooks are.
    #[serde(default)]
    pub signature: SignatureKind,
    /// How much they say.
    #[serde(default)]
    pub payload: Payload,
    /// Id of the template at the other end; adapters only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Whether it is sent anything.
    pub enabled: bool,
    /// Why it was switched off: by a person, or because it failed for too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_because: Option<String>,
    /// When its secret was changed last; the one before still signs for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Timestamp>,
}
