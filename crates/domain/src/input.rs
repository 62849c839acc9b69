//! What a caller sends, before it is checked.
//!
//! Field names are those of [`crate::event::Event`]; the short REST names (`user_id`, `action`,
//! `resource_type`, `resource_id`, `timestamp`, `ip_address`, `user_agent`, `before`, `after`,
//! `session_id`, `message`) are accepted beside them (requirements ).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{
    Actor, Change, Client, Device, Geo, JsonObject, Justification, Operation, OutcomeStatus,
    Producer, Request, Session, Severity, Target,
};
use crate::identifiers::{EventId, TenantId};
use crate::problem::{ErrorCode, FieldError};
use crate::time::DateTime;

/// An event as a caller sends it: everything but the type may be left out.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventInput {
    /// Made by the server (UUID v7) when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// Catalogue entry; required.
    #[serde(rename = "type", alias = "action")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Newest version of the entry when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<u32>,
    /// Only for callers that may write to several tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Defaults to the caller's name from the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Such as `production`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Version of the reporting application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Now when absent.
    #[serde(alias = "timestamp")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<DateTime>,
    /// Numbering by the producer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<Producer>,
    /// The catalogue's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The catalogue's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Success when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeInput>,
    /// Free text for people.
    #[serde(alias = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorInput>,
    /// Short for `actor.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// In whose name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<ActorInput>,
    /// Whose account or data; the actor when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectInput>,
    /// What was acted upon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Short for one target's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Short for one target's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// What changed; or `before` and `after`, from which it is computed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The whole object before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "crate::json::some_value_without_repeated_keys")]
    pub before: Option<Value>,
    /// The whole object after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "crate::json::some_value_without_repeated_keys")]
    pub after: Option<Value>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientInput>,
    /// Short for `client.ip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<IpAddr>,
    /// Short for `client.user_agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// In which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// Short for `session.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// In which request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// Further facts.
    #[serde(deserialize_with = "crate::json::object_without_repeated_keys")]
    #[serde(skip_serializing_if = "JsonObject::is_empty")]
    pub metadata: JsonObject,
    /// Short names and values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(deserialize_with = "crate::json::texts_without_repeated_keys")]
    pub labels: BTreeMap<String, String>,
}

/// `"outcome": "failure"` or `"outcome": {"status": "failure", "code": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeInput {
    /// How it ended; success when absent.
    pub status: OutcomeStatus,
    /// Machine-readable cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Cause for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An actor whose type may be left out: a person when an id is given, else anonymous.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActorInput {
    /// What kind of being.
    #[serde(rename = "type")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_type: Option<crate::event::ActorType>,
    /// Stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Roles held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Identifiers elsewhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(deserialize_with = "crate::json::texts_without_repeated_keys")]
    pub alt_ids: BTreeMap<String, String>,
}

/// A subject; the id is required.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectInput {
    /// Stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identifiers elsewhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(deserialize_with = "crate::json::texts_without_repeated_keys")]
    pub alt_ids: BTreeMap<String, String>,
}

/// Where the caller was.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientInput {
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Raw user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Device; read from the user agent when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// Place; looked up from the address when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
}

impl From<ClientInput> for Client {
    fn from(input: ClientInput) -> Self {
        Self { ip: input.ip, user_agent: input.user_agent, device: input.device, geo: input.geo }
    }
}

impl From<Actor> for ActorInput {
    fn from(actor: Actor) -> Self {
        Self {
            actor_type: Some(actor.actor_type),
            id: actor.id,
            name: actor.name,
            email: actor.email,
            roles: actor.roles,
            alt_ids: actor.alt_ids,
        }
    }
}

impl<'de> Deserialize<'de> for OutcomeInput {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OutcomeVisitor)
    }
}

struct OutcomeVisitor;

impl<'de> serde::de::Visitor<'de> for OutcomeVisitor {
    type Value = OutcomeInput;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an outcome: a status word, or an object with `status`, `code`, `reason`")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<OutcomeInput, E> {
        let status = OutcomeStatus::deserialize(serde::de::value::StrDeserializer::new(word))?;
        Ok(OutcomeInput { status, code: None, reason: None })
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<OutcomeInput, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            #[serde(default = "success")]
            status: OutcomeStatus,
            code: Option<String>,
            reason: Option<String>,
        }
        fn success() -> OutcomeStatus {
            OutcomeStatus::Success
        }
        let parts = Parts::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(OutcomeInput { status: parts.status, code: parts.code, reason: parts.reason })
    }
}

impl EventInput {
    /// What the caller sent, in one form whatever the order and names they chose: the same for
    /// the same content, so that sending twice can be told from reusing an id.
    ///
    /// Absent fields leave no trace, so fields that later versions add change nothing.
    pub fn canonical_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an input holds only text keys and JSON values")
    }

    /// Reads one JSON object.
    ///
    /// The caller has already bounded its size and depth ([`crate::json::check_depth`]).
    /// An error names the path of the field that is wrong.
    pub fn from_json(bytes: &[u8]) -> Result<Self, FieldError> {
        // The reader would also take a list, and its items for the fields in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(FieldError::new("", ErrorCode::Malformed, "is not a JSON object"));
        }
        // The plain reader is several times faster; the one that knows paths is for the rare error.
        serde_json::from_slice(bytes).or_else(|_| Self::from_json_telling_path(bytes))
    }

    fn from_json_telling_path(bytes: &[u8]) -> Result<Self, FieldError> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let input = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            // Where the reader stumbled between two fields, there is none to name.
            let path = match path.strip_suffix('?').unwrap_or(&path) {
                "." => "",
                path => path.strip_suffix('.').unwrap_or(path),
            };
            FieldError::malformed(path.to_owned(), &error.into_inner())
        })?;
        reader.end().map_err(|error| FieldError::malformed(String::new(), &error))?;
        Ok(input)
    }
}

#[cfg(test)]
mod tests;
