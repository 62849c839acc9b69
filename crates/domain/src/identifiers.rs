//! Identifiers, each its own type so that one cannot be passed for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies an event for ever; made by the caller, so that sending twice stores once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// An organisation or application space; nothing crosses from one to another.
///
/// Lower-case letters, digits, `-` and `_`, at most 63, beginning with a letter or digit: safe in
/// stream names, paths and index terms without escaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(Arc<str>);

/// The name cannot be a tenant's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a tenant name: use 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit"
)]
pub struct InvalidTenant(pub String);

impl TenantId {
    /// Checks the form of `name`.
    pub fn new(name: &str) -> Result<Self, InvalidTenant> {
        let well_formed = (1..=63).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
            && name.as_bytes()[0].is_ascii_alphanumeric();
        if well_formed {
            Ok(Self(name.into()))
        } else {
            Err(InvalidTenant(name.chars().take(80).collect()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // What was sent is not repeated: complaints about events are logged, their contents never.
        Self::new(&name).map_err(|_| {
            serde::de::Error::custom(
                "not a tenant name: use 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit",
            )
        })
    }
}

/// A stream of the event log: one person, one service, one tenant's own facts, or the system's.
///
/// Holds a pseudonym, never personal data (DESIGN 5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The stream of a person, by pseudonym.
    pub fn person(tenant: &TenantId, pseudonym: &str) -> Self {
        Self(format!("person-{tenant}.{pseudonym}").into())
    }

    /// The stream of a source whose events concern no person.
    pub fn service(tenant: &TenantId, pseudonym: &str) -> Self {
        Self(format!("service-{tenant}.{pseudonym}").into())
    }

    /// Annals' own facts about a tenant.
    pub fn tenant(tenant: &TenantId) -> Self {
        Self(format!("system-{tenant}").into())
    }

    /// A name read back from a log.
    pub fn from_stored(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Place of a record in the whole log; total, rising, never used twice, greater than 0. Whether places
/// follow each other without gaps depends on the log.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first record.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of a record in its stream, without gaps. The first is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
