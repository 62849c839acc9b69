//! Roles as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grants::Grants;
use super::masks::{Mask, Masks};
use super::permission::Permission;
use crate::catalogue::Catalogue;
use crate::filter::Filter;
use crate::notification::is_role_name;
use crate::query::{self, QueryContext};

/// The roles that ship with Annals: `config/access.toml` as it was when the program was built.
pub const SHIPPED: &str = include_str!("../../../../config/access.toml");

/// How many roles a policy may have.
const ROLES_MAX: usize = 200;

/// A role, as `access.toml` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What it is for.
    pub title: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Which of the tenant's events it sees, as a query; empty: all. Only looked at with
    /// `read_tenant_events`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub events: String,
    /// What it does not see of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<Mask>,
    /// Of which inboxes of roles it reads the messages, reads and puts them away for all: the names that
    /// notification rules give after `role:`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inboxes: Vec<String>,
}

/// How many inboxes of roles one role may read.
const INBOXES_MAX: usize = 50;

/// Which roles there are.
#[derive(Debug, Clone)]
pub struct AccessPolicy {
    roles: BTreeMap<String, (Role, Filter)>,
}

/// What is wrong with an access policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not readable as roles.
    #[error("the access policy cannot be read")]
    Unreadable(#[from] Box<toml::de::Error>),
    /// Readable, but not right.
    #[error("role `{role}`: {problem}")]
    Wrong {
        /// Which role.
        role: String,
        /// What, and what would be right.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    roles: BTreeMap<String, Role>,
}

impl AccessPolicy {
    /// The policy that ships with Annals.
    pub fn shipped() -> Self {
        let limits = crate::limits::Limits::shipped();
        let context = QueryContext {
            limits: &limits.query,
            now: jiff::Timestamp::UNIX_EPOCH,
            catalogue: &Catalogue::default(),
        };
        Self::read(SHIPPED, &context).expect("the shipped access policy is checked by a test")
    }

    /// Reads roles, and the queries in them.
    ///
    /// # Errors
    /// Names the role that is wrong and says what would be right.
    pub fn read(text: &str, context: &QueryContext<'_>) -> Result<Self, PolicyError> {
        let file: PolicyFile = toml::from_str(text).map_err(Box::new)?;
        if file.roles.len() > ROLES_MAX {
            let problem = format!("there are more than {ROLES_MAX} roles");
            return Err(PolicyError::Wrong { role: "*".into(), problem });
        }
        let mut roles = BTreeMap::new();
        for (name, role) in file.roles {
            match checked(&name, &role, context) {
                Ok(filter) => roles.insert(name, (role, filter)),
                Err(problem) => return Err(PolicyError::Wrong { role: name, problem }),
            };
        }
        Ok(Self { roles })
    }

    /// Every role by name.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.roles.iter().map(|(name, (role, _))| (name.as_str(), role))
    }

    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name).map(|(role, _)| role)
    }

    /// Whether a role has this name, or reads the inbox of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.roles.contains_key(name)
            || self.roles.values().any(|(role, _)| role.inboxes.iter().any(|inbox| inbox == name))
    }

    /// What these roles come to. Names that are no role grant nothing.
    pub fn grants<'a>(&self, roles: impl IntoIterator<Item = &'a str>) -> Grants {
        let mut grants = Grants::default();
        for (role, filter) in roles.into_iter().filter_map(|name| self.roles.get(name)) {
            for permission in &role.permissions {
                match permission {
                    Permission::ReadTenantEvents => {
                        let masks: Masks = role.masks.iter().copied().collect();
                        grants.allow_reading(filter.clone(), masks);
                    }
                    permission => grants.allow(*permission),
                }
            }
            role.inboxes.iter().for_each(|name| grants.allow_inbox(name));
        }
        grants
    }
}

/// The role's filter, or what is wrong with the role.
fn checked(name: &str, role: &Role, context: &QueryContext<'_>) -> Result<Filter, String> {
    let well_formed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(well_formed) {
        return Err("a name has 1 to 64 of a-z, 0-9 and `_`".into());
    }
    if role.title.trim().is_empty() {
        return Err("`title` must say what the role is for".into());
    }
    if role.permissions.contains(&Permission::RelayEvents) {
        return Err("`relay_events` belongs to relay tokens alone".into());
    }
    let reads = role.permissions.contains(&Permission::ReadTenantEvents);
    let narrowed = !role.events.is_empty() || !role.masks.is_empty();
    if narrowed && !reads {
        return Err("`events` and `masks` say how `read_tenant_events` is meant; add it".into());
    }
    // A profile is made of all events of a person, whole.
    if role.permissions.contains(&Permission::ReadProfiles) && (narrowed || !reads) {
        return Err(
            "`read_profiles` shows what all events of a person come to: it goes only with \
                    `read_tenant_events`, without `events` and `masks`"
                .into(),
        );
    }
    if role.inboxes.len() > INBOXES_MAX || !role.inboxes.iter().all(|name| is_role_name(name)) {
        return Err(format!(
            "`inboxes` has up to {INBOXES_MAX} names, each without `role:` and as rules write it"
        ));
    }
    if !role.inboxes.is_empty() && !role.permissions.contains(&Permission::ReadOwnEvents) {
        return Err("`inboxes` goes only with `read_own_events`; add it".into());
    }
    query::parse(&role.events, context).map_err(|error| format!("`events`: {error}"))
}
