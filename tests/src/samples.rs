//! Events as applications send them.

use serde_json::{Value, json};
use uuid::Uuid;

/// A fresh id.
pub fn id() -> String {
    Uuid::now_v7().to_string()
}

/// Somebody signs in.
pub fn login(user: &str) -> Value {
    json!({
        "id": id(),
        "type": "user.login.succeeded",
        "actor": { "id": user, "name": format!("Name of {user}") },
        "client": {
            "ip": "203.0.113.7",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        },
        "session": { "id": format!("session-of-{user}"), "auth_method": "password", "mfa": true },
        "metadata": { "method": "password" },
    })
}

/// Somebody fails to sign in.
pub fn failed_login(user: &str) -> Value {
    json!({
        "id": id(),
        "type": "user.login.failed",
        "actor": { "id": user },
        "outcome": { "status": "failure", "code": "BadPassword" },
        "client": { "ip": "198.51.100.23" },
    })
}

/// A password is changed: significant, so the person is told.
pub fn password_change(user: &str) -> Value {
    json!({
        "id": id(),
        "type": "user.password.changed",
        "actor": { "id": user, "name": format!("Name of {user}") },
        "metadata": { "method": "self_service" },
    })
}

/// A role is granted: the act must not happen unseen, so it is never spooled.
pub fn role_granted(user: &str) -> Value {
    json!({
        "id": id(),
        "type": "user.role.granted",
        "actor": { "id": "root" },
        "subject": { "id": user },
        "metadata": { "role": "auditor" },
    })
}

/// An invoice is looked at, by one person, about another.
pub fn invoice_viewed(actor: &str, subject: &str, invoice: &str) -> Value {
    json!({
        "id": id(),
        "type": "record.viewed",
        "actor": { "id": actor },
        "subject": { "id": subject },
        "targets": [{ "type": "invoice", "id": invoice }],
        "description": format!("opened {invoice} from the list"),
    })
}

/// The n-th event of a writer: the same content whenever it is made with the same id.
pub fn numbered(writer: &str, n: usize) -> Value {
    json!({
        "id": id(),
        "type": "order.placed",
        "actor": { "id": format!("{writer}-person-{}", n % 7) },
        "occurred_at": "2026-03-01T12:00:00Z",
        "outcome": if n.is_multiple_of(3) { "failure" } else { "success" },
        "metadata": { "writer": writer, "n": n },
    })
}
