//! What a node does: several nodes may share one log and divide the work.

use std::fmt;

use serde::Deserialize;

/// One thing a node may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes events on and appends them.
    Ingest,
    /// Answers questions.
    Query,
    /// Keeps search index, profiles and inboxes by following the log.
    Project,
    /// Tells people outside; of all nodes with this role one does it at a time.
    Deliver,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Query, Self::Project, Self::Deliver];

    /// As it is written in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Project => "project",
            Self::Deliver => "deliver",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The roles of one node: a list such as `["ingest", "query", "project"]`, or the same as text with
/// commas, as an environment variable holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Roles(u8);

/// The roles of a node make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoles {
    /// There is no such role.
    #[error("`{0}` is no role of a node; the roles are `ingest`, `query`, `project` and `deliver`")]
    Unknown(String),
    /// There is none at all.
    #[error(
        "a node without a role does nothing; name at least one of `ingest`, `query`, `project` and \
         `deliver`"
    )]
    None,
    /// Questions cannot be answered without what a projection keeps.
    #[error(
        "the role `query` needs `project`: a node answers from the index that it keeps itself; add \
         `project`, or leave `query` out"
    )]
    QueryWithoutProject,
}

impl Roles {
    /// Checks that the roles go together.
    pub fn new(roles: &[Role]) -> Result<Self, InvalidRoles> {
        let roles = Self(roles.iter().fold(0, |bits, role| bits | role.bit()));
        match roles {
            Self(0) => Err(InvalidRoles::None),
            _ if roles.has(Role::Query) && !roles.has(Role::Project) => {
                Err(InvalidRoles::QueryWithoutProject)
            }
            _ => Ok(roles),
        }
    }

    /// Whether the node has this role.
    pub fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }
}

impl Default for Roles {
    /// All of them: one node that does everything.
    fn default() -> Self {
        Self(Role::ALL.iter().fold(0, |bits, role| bits | role.bit()))
    }
}

/// Roles as they are written in settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<String>),
    Text(String),
}

impl TryFrom<Written> for Roles {
    type Error = InvalidRoles;

    fn try_from(written: Written) -> Result<Self, InvalidRoles> {
        let names = match written {
            Written::List(names) => names,
            Written::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        };
        let named = names.iter().filter(|name| !name.is_empty()).map(|name| {
            let known = Role::ALL.into_iter().find(|role| role.name() == name);
            known.ok_or_else(|| InvalidRoles::Unknown(name.chars().take(40).collect()))
        });
        Self::new(&named.collect::<Result<Vec<Role>, InvalidRoles>>()?)
    }
}

#[cfg(test)]
mod tests;
