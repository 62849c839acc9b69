//! Which requests this node answers. A cluster may split its work: some nodes take events on,
//! others answer questions.

use annals_engine::{Role, Roles};

use crate::error::{ApiError, Code};

/// The names of a node's roles, as in its settings.
pub(crate) fn names(roles: Roles) -> Vec<&'static str> {
    Role::ALL.into_iter().filter(|role| roles.has(*role)).map(Role::name).collect()
}

/// Refuses what another node is there for.
pub(crate) fn require(roles: Roles, role: Role) -> Result<(), ApiError> {
    if roles.has(role) {
        return Ok(());
    }
    let what = match role {
        Role::Ingest => "take events on",
        Role::Query => "answer questions about events",
        Role::Project | Role::Deliver => "do this",
    };
    let message = format!(
        "this node does not {what}; its roles are {}. Ask a node with the role {role}",
        names(roles).join(", ")
    );
    Err(ApiError::new(Code::Unavailable, message))
}
