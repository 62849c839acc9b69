//! Whom a rule tells.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest name of a role or person in an audience, bytes.
const NAME_BYTES_MAX: usize = 256;

/// What the ids of roles begin with.
const ROLE_INBOX: &str = "role:";

/// Somebody whom a rule tells. Written `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>`
/// or `endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// Whose account or data it is.
    Subject,
    /// Who acted, if it was a person.
    Actor,
    /// The inbox of a role of the tenant.
    Role(String),
    /// This person.
    Person(String),
    /// This endpoint of the tenant.
    Endpoint(Uuid),
    /// Every endpoint of the tenant.
    Endpoints,
}

/// The text names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names nobody; write `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>` or \
     `endpoints`"
)]
pub struct InvalidAudience(pub String);

/// The id of the pseudo person whose inbox is that of a role.
pub fn role_inbox(role: &str) -> String {
    format!("{ROLE_INBOX}{role}")
}

/// Whether a rule can tell the inbox of a role of this name.
pub fn is_role_name(name: &str) -> bool {
    let spelt = |c: char| !c.is_control() && !c.is_whitespace() && c != ':';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(spelt)
}

/// Whether an id is that of such a pseudo person, so that nobody may go by it.
pub fn is_role_inbox(id: &str) -> bool {
    id.starts_with(ROLE_INBOX)
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject => f.write_str("subject"),
            Self::Actor => f.write_str("actor"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Endpoint(id) => write!(f, "endpoint:{id}"),
            Self::Endpoints => f.write_str("endpoints"),
        }
    }
}

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        let invalid = || InvalidAudience(text.chars().take(80).collect());
        let named =
            |name: &str| (1..=NAME_BYTES_MAX).contains(&name.len()).then(|| name.to_owned());
        match text.split_once(':') {
            None if text == "subject" => Ok(Self::Subject),
            None if text == "actor" => Ok(Self::Actor),
            None if text == "endpoints" => Ok(Self::Endpoints),
            Some(("role", name)) => named(name).map(Self::Role).ok_or_else(invalid),
            Some(("person", id)) => named(id).map(Self::Person).ok_or_else(invalid),
            Some(("endpoint", id)) => id.parse().map(Self::Endpoint).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Audience {
    type Error = InvalidAudience;

    fn try_from(text: String) -> Result<Self, InvalidAudience> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.to_string()
    }
}
