//! The filters that every address takes which finds events.

use super::super::model::{Parameter, query};

const TEXT: &str = r#"{"type":"string","minLength":1}"#;
const TEXTS: &str = r#"{"type":"array","items":{"type":"string","minLength":1}}"#;

pub(super) const FILTERS: &[Parameter] = &[
    query(
        "q",
        "A query, as docs/query-language.md explains.",
        r#"{"type":"string","maxLength":"limit:query.bytes_max"}"#,
        "\"type:user.password.* severity>=warning\"",
    ),
    query("user_id", "Id of who acted.", TEXTS, ""),
    query("actor", "Id, name or e-mail address of who acted.", TEXTS, ""),
    query("subject", "Whose account or data it was.", TEXTS, ""),
    query("type", "Type of the event.", TEXTS, ""),
    query("action", "The same as `type`.", TEXTS, ""),
    query("resource_type", "Kind of target.", TEXTS, ""),
    query("resource_id", "Id of a target.", TEXTS, ""),
    query(
        "severity",
        "How much attention it deserves.",
        r#"{"type":"array","items":{"type":"string","enum":"words:severity"}}"#,
        "",
    ),
    query(
        "outcome",
        "How it ended.",
        r#"{"type":"array","items":{"type":"string","enum":"words:outcome"}}"#,
        "",
    ),
    query("ip", "Address or network, such as `10.0.0.0/8`.", TEXTS, ""),
    query("session_id", "In which session.", TEXTS, ""),
    query("request_id", "In which request.", TEXTS, ""),
    query("from", "It happened then or later: a date, an instant, or `-P7D`.", TEXT, ""),
    query("to", "It happened before: a date, an instant, or `-P7D`.", TEXT, ""),
];

#[cfg(test)]
mod tests;
