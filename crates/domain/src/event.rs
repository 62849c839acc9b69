//! The audit event: who did what, to what, when, from where, why, with which outcome.
//!
//! This is the complete, checked form; what a caller sends is [`crate::input::EventInput`].

mod own;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::identifiers::{EventId, TenantId};
use crate::time::DateTime;

/// A JSON object, keys sorted.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// One audit event (DESIGN 4), as it was at the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Idempotency key for ever.
    pub id: EventId,
    /// Catalogue entry, such as `user.password.changed`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Version of the catalogue entry that the metadata follows.
    pub schema_version: u32,
    /// Whose log it belongs to.
    pub tenant: TenantId,
    /// URI of the application or component that reports it.
    pub source: String,
    /// Such as `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Version of the reporting application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// When it happened, by the caller's clock.
    pub occurred_at: DateTime,
    /// When Annals took it on, by the server's clock, UTC.
    pub received_at: DateTime,
    /// Numbering by the producer; gaps are reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Producer>,
    /// What kind of act.
    pub operation: Operation,
    /// How much attention it deserves.
    pub severity: Severity,
    /// How it ended.
    pub outcome: Outcome,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who acted.
    pub actor: Actor,
    /// In whose name, outermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<Actor>,
    /// Whose account or data it concerns; none for events about no person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// What was acted upon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// From where.
    #[serde(default, skip_serializing_if = "Client::is_empty")]
    pub client: Client,
    /// In which sign-in session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// In which request.
    #[serde(default, skip_serializing_if = "Request::is_empty")]
    pub request: Request,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// Further facts, as the catalogue entry defines them.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub metadata: JsonObject,
    /// Short names and values for sorting and grouping.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Makes an enum that is written as a lower-case word, with its list of words for messages.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Every word, in order.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word it is written as.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value that `word` means.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of act an event reports; a closed set, with a catch-all.
    Operation {
        /// Something came into being.
        Create = "create",
        /// Something was looked at.
        Read = "read",
        /// Something was altered.
        Update = "update",
        /// Something was removed.
        Delete = "delete",
        /// Something was run.
        Execute = "execute",
        /// A session began.
        Login = "login",
        /// A session ended.
        Logout = "logout",
        /// A right was given.
        Grant = "grant",
        /// A right was taken away.
        Revoke = "revoke",
        /// Data left the system.
        Export = "export",
        /// None of these.
        Other = "other",
    }
}

words! {
    /// How much attention an event deserves, rising.
    Severity {
        /// Ordinary.
        Info = "info",
        /// Unusual.
        Warning = "warning",
        /// Something went wrong.
        Error = "error",
        /// Act now.
        Critical = "critical",
    }
}

words! {
    /// How an act ended.
    OutcomeStatus {
        /// As intended.
        Success = "success",
        /// It failed.
        Failure = "failure",
        /// It was not allowed.
        Denied = "denied",
        /// In part.
        Partial = "partial",
        /// Not known.
        Unknown = "unknown",
    }
}

words! {
    /// What kind of being acts.
    ActorType {
        /// A person.
        User = "user",
        /// A program with its own account.
        Service = "service",
        /// A program that acts for a person by its own judgement.
        Agent = "agent",
        /// The platform itself.
        System = "system",
        /// Nobody known.
        Anonymous = "anonymous",
    }
}

/// Numbering by the producer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// Names the producing process.
    pub id: String,
    /// Rises by one with each event of that producer.
    pub seq: u64,
}

/// How an act ended, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// How it ended.
    pub status: OutcomeStatus,
    /// Machine-readable cause, such as `AccessDenied` or `404`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Cause for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who acted, as they were at the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// What kind of being.
    #[serde(rename = "type")]
    pub actor_type: ActorType,
    /// Stable identifier within the tenant; absent only for the anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Roles held at the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Identifiers in other systems, such as `icn` or `csp_uuid`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alt_ids: BTreeMap<String, String>,
}

/// The person whose account or data an event concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Stable identifier within the tenant; chooses the stream.
    pub id: String,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identifiers in other systems.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alt_ids: BTreeMap<String, String>,
}

/// What was acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Kind of thing, such as `invoice`.
    #[serde(rename = "type")]
    pub target_type: String,
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identifier of its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

words! {
    /// What happened to a value.
    ChangeOperation {
        /// It was not there before.
        Add = "add",
        /// It is no longer there.
        Remove = "remove",
        /// It has another value.
        Replace = "replace",
    }
}

/// One changed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// JSON pointer (RFC 6901) of what changed.
    pub path: String,
    /// What happened to it.
    pub op: ChangeOperation,
    /// Value before; `null` when it was added.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[serde(deserialize_with = "crate::json::value_without_repeated_keys")]
    pub before: serde_json::Value,
    /// Value after; `null` when it was removed.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[serde(deserialize_with = "crate::json::value_without_repeated_keys")]
    pub after: serde_json::Value,
}

/// From where somebody acted.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Address seen by the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Raw user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Read from the user agent when the caller left it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// Looked up from the address when the caller left it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
}

impl Client {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What somebody acted with.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Model or name, such as `iPhone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Such as `desktop`, `mobile`, `tablet`, `bot`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// Operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Browser or client program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
}

/// Where somebody was.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geo {
    /// ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

/// A sign-in session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Identifier of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Such as `password`, `saml`, `api_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    /// Whether a second factor was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
}

/// Ties an event to others of the same request or trace.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Identifier of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Identifier of the business operation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Identifier of the event or command that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Request {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why somebody acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Justification {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Ticket or case number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Such as `consent`, `contract`, `legal obligation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
}

impl Actor {
    /// Annals itself, for its own facts.
    pub fn annals() -> Self {
        Self {
            actor_type: ActorType::System,
            id: Some("annals".into()),
            name: Some("Annals".into()),
            email: None,
            roles: Vec::new(),
            alt_ids: BTreeMap::new(),
        }
    }

    /// Whether it is a person, whose data is sealed under a key of their own.
    pub fn is_person(&self) -> bool {
        self.actor_type == ActorType::User && self.id.is_some()
    }
}
