//! What kind of act an action's name tells of.

use annals_domain::event::Operation;

#[cfg(test)]
mod tests;

/// Verbs, each with what it means when nothing else is known.
const VERBS: &[(Operation, &[&str])] = &[
    (Operation::Login, &["login", "signin", "assume", "sso", "auth", "authenticate"]),
    (Operation::Logout, &["logout", "signout"]),
    (
        Operation::Read,
        &[
            "get", "list", "describe", "head", "batch", "search", "lookup", "query", "scan",
            "view", "viewed", "show", "access", "preview", "clone", "fetch", "watch", "select",
            "read",
        ],
    ),
    (Operation::Export, &["export", "download", "takeout"]),
    (Operation::Grant, &["grant", "authorize", "share", "promote", "assign"]),
    (Operation::Revoke, &["revoke", "unassign", "demote", "unshare"]),
    (
        Operation::Create,
        &[
            "create", "created", "add", "register", "allocate", "copy", "restore", "upload",
            "generate", "insert", "fork", "publish", "enroll", "invite", "import",
        ],
    ),
    (
        Operation::Delete,
        &[
            "delete",
            "deleted",
            "remove",
            "removed",
            "terminate",
            "deregister",
            "release",
            "destroy",
            "destroyed",
            "trash",
            "purge",
            "cancel",
            "schedule",
        ],
    ),
    (
        Operation::Execute,
        &[
            "run",
            "invoke",
            "send",
            "execute",
            "start",
            "stop",
            "reboot",
            "failover",
            "complete",
            "completed",
            "delivery",
            "exec",
        ],
    ),
    (
        Operation::Update,
        &[
            "update",
            "updated",
            "put",
            "modify",
            "set",
            "change",
            "edit",
            "rename",
            "reset",
            "enable",
            "enabled",
            "disable",
            "disabled",
            "attach",
            "detach",
            "associate",
            "disassociate",
            "replace",
            "tag",
            "untag",
            "move",
            "transfer",
            "archive",
            "archived",
            "suspend",
            "lock",
            "unlock",
            "activate",
            "deactivate",
            "push",
            "merge",
            "override",
            "dismiss",
            "leave",
            "rotate",
        ],
    ),
];

/// Words for rights: giving one is a grant, taking one away is a revocation.
const RIGHTS: &[&str] = &[
    "permission",
    "permissions",
    "policy",
    "privilege",
    "privileges",
    "role",
    "member",
    "user",
    "ingress",
    "egress",
    "access",
    "collaborator",
    "admin",
    "maintainer",
];

/// The operation that an action's words name; the leftmost verb decides.
pub(crate) fn named_by(snake_name: &str) -> Option<Operation> {
    let words: Vec<&str> = snake_name.split(['_', '.']).collect();
    let (at, operation) = words
        .iter()
        .enumerate()
        .find_map(|(i, word)| verb(word).map(|operation| (i, operation)))?;
    let about_rights = words[at + 1..].iter().any(|word| RIGHTS.contains(word));
    Some(match words[at] {
        "add" | "attach" | "invite" if about_rights => Operation::Grant,
        "remove" | "detach" if about_rights => Operation::Revoke,
        _ => operation,
    })
}

fn verb(word: &str) -> Option<Operation> {
    VERBS.iter().find(|(_, verbs)| verbs.contains(&word)).map(|(operation, _)| *operation)
}
