//! Who may do what.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// Somebody who may call the server.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The password to log in with.
    pub password: String,
    /// Whether nothing is forbidden to them.
    pub admin: bool,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Returns an ordinary user.
    pub fn new(name: &str, password: &str) -> Self {
        Self { name: name.to_owned(), password: password.to_owned(), admin: false }
    }

    /// Returns a user of the group `$admins`.
    pub fn admin(name: &str, password: &str) -> Self {
        Self { admin: true, ..Self::new(name, password) }
    }
}

/// What can be done to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    /// To read its events.
    Read,
    /// To append to it.
    Write,
    /// To delete or tombstone it.
    Delete,
    /// To read its metadata.
    ReadMetadata,
    /// To change its metadata.
    WriteMetadata,
}

const KEYS: [(&str, Right); 5] = [
    ("$r", Right::Read),
    ("$w", Right::Write),
    ("$d", Right::Delete),
    ("$mr", Right::ReadMetadata),
    ("$mw", Right::WriteMetadata),
];

/// Who has which right; a right that is not named falls to the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Acl {
    rights: BTreeMap<Right, Vec<String>>,
}

impl Acl {
    /// Reads an access list. Each right names one role or a list of them.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let map = json.as_object()?;
        let mut rights = BTreeMap::new();
        for (key, right) in KEYS {
            let roles = match map.get(key) {
                None => continue,
                Some(Value::String(role)) => vec![role.clone()],
                Some(Value::Array(roles)) => roles
                    .iter()
                    .map(|role| role.as_str().map(str::to_owned))
                    .collect::<Option<_>>()?,
                Some(_) => return None,
            };
            rights.insert(right, roles);
        }
        Some(Self { rights })
    }

    /// Who has the right, if the list says.
    pub(crate) fn roles(&self, right: Right) -> Option<&[String]> {
        self.rights.get(&right).map(Vec::as_slice)
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The server knows no users and lets everyone do everything.
    Unchecked,
    User {
        name: String,
        admin: bool,
    },
}

impl Caller {
    /// Whether one of the roles is the caller's.
    pub(crate) fn is_one_of(&self, roles: &[String]) -> bool {
        match self {
            Self::Unchecked | Self::User { admin: true, .. } => true,
            Self::User { name, .. } => roles.iter().any(|role| role == name || role == "$all"),
        }
    }
}

/// Finds out who calls.
pub(crate) fn authenticate(users: &[User], headers: &MetadataMap) -> Result<Caller, Status> {
    if users.is_empty() {
        return Ok(Caller::Unchecked);
    }
    credentials(headers)
        .and_then(|(name, password)| {
            users.iter().find(|user| user.name == name && user.password == password)
        })
        .map(|user| Caller::User { name: user.name.clone(), admin: user.admin })
        .ok_or_else(|| Status::unauthenticated("Unauthenticated"))
}

fn credentials(headers: &MetadataMap) -> Option<(String, String)> {
    let encoded = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The stream whose list decides, and the right that is asked of it: `$$x` falls under `x`.
pub(crate) fn subject(stream: &str, right: Right) -> (&str, Right) {
    match stream.strip_prefix("$$") {
        None => (stream, right),
        Some(of) if matches!(right, Right::Read | Right::ReadMetadata) => (of, Right::ReadMetadata),
        Some(of) => (of, Right::WriteMetadata),
    }
}
