//! Limits of what is taken on, as data: `config/limits.toml`, served at `/api/v1/limits`.

use serde::{Deserialize, Serialize};

/// Every limit, with its unit in the name or the comment of `config/limits.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of one event.
    pub event: EventLimits,
    /// Of one request.
    pub request: RequestLimits,
    /// Of one query.
    pub query: QueryLimits,
}

/// Limits of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLimits {
    /// JSON of one event, bytes.
    pub bytes_max: usize,
    /// Nesting of the whole event as sent.
    pub json_depth_max: usize,
    /// Values of all kinds in the whole event as sent.
    pub json_values_max: usize,
    /// Nesting inside `metadata`, `changes`, `before` and `after`.
    pub metadata_depth_max: usize,
    /// Keys in `metadata`, all levels together.
    pub metadata_keys_max: usize,
    /// Identifiers: `actor.id`, `subject.id`, `session.id` …, bytes.
    pub id_bytes_max: usize,
    /// Names, addresses and other short text, bytes.
    pub name_bytes_max: usize,
    /// `type`, bytes.
    pub type_bytes_max: usize,
    /// `description`, `outcome.reason`, `justification.reason`, bytes.
    pub text_bytes_max: usize,
    /// `client.user_agent`, bytes.
    pub user_agent_bytes_max: usize,
    /// `targets`.
    pub targets_max: usize,
    /// `changes`, given or computed.
    pub changes_max: usize,
    /// `on_behalf_of`.
    pub on_behalf_of_max: usize,
    /// `roles` of an actor.
    pub roles_max: usize,
    /// `alt_ids` of an actor or subject.
    pub alt_ids_max: usize,
    /// `labels`.
    pub labels_max: usize,
    /// How far `occurred_at` may lie in the future, seconds.
    pub future_seconds_max: i64,
}

/// Limits of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLimits {
    /// Events in a bulk request.
    pub bulk_events_max: usize,
    /// Body of a bulk request, bytes.
    pub bulk_bytes_max: usize,
    /// Body of a GraphQL request, bytes.
    pub graphql_bytes_max: usize,
    /// A GraphQL document without its variables, bytes.
    pub graphql_document_bytes_max: usize,
    /// Body of a GraphQL request by a caller who may not record, and a message on a socket, bytes.
    pub graphql_reader_bytes_max: usize,
    /// Nesting of brackets in a GraphQL document.
    pub graphql_brackets_max: usize,
    /// Words, strings and signs in a GraphQL document.
    pub graphql_tokens_max: usize,
    /// Depth of fields in a GraphQL document.
    pub graphql_depth_max: usize,
    /// Complexity of a GraphQL document, and its fields with all fragments spread out.
    pub graphql_complexity_max: usize,
    /// Lists of fields within lists of fields, when asking for the schema.
    pub graphql_introspection_max: usize,
    /// Directives on one field.
    pub graphql_directives_max: usize,
    /// Fields with an alias in a GraphQL document.
    pub graphql_aliases_max: usize,
    /// Documents of one tenant that are known by their hash.
    pub graphql_persisted_max: usize,
    /// Bytes of these.
    pub graphql_persisted_bytes_max: usize,
    /// Bytes of events under way at once, all requests together.
    pub in_flight_bytes_max: usize,
    /// Events under way at once, all requests together.
    pub in_flight_events_max: usize,
    /// How long requests of a tenant that has many waiting may wait to be recorded before it is
    /// told to come again, milliseconds.
    pub recording_wait_ms_max: u64,
    /// Questions that wait for their turn, all tenants together.
    pub questions_waiting_max: usize,
    /// How long a question waits for its turn, milliseconds.
    pub questions_wait_ms_max: u64,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections of one address at once, or of one IPv6 network.
    pub peer_connections_max: usize,
    /// Operations on one WebSocket.
    pub socket_operations_max: usize,
    /// Sockets and event streams of GraphQL that one caller has open.
    pub sockets_per_caller_max: usize,
    /// Headers must have arrived after, seconds.
    pub header_seconds_max: u64,
    /// How long a connection may rest between two requests, seconds.
    pub idle_seconds_max: u64,
    /// A body must have arrived after, seconds.
    pub body_seconds_max: u64,
    /// How long the bytes of a body or of an answer may stand still, seconds.
    pub stall_seconds_max: u64,
    /// How slowly a body may come, bytes a second.
    pub body_bytes_per_second_min: u64,
    /// How slowly an answer may be taken, bytes a second.
    pub answer_bytes_per_second_min: u64,
}

/// Limits of one query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryLimits {
    /// Text of a query, bytes.
    pub bytes_max: usize,
    /// Nesting of parentheses and negations.
    pub depth_max: usize,
    /// Conditions in one query.
    pub terms_max: usize,
    /// Letters and digits that stand before the `*` of `refund*`.
    pub prefix_letters_min: usize,
    /// Events on one page.
    pub page_max: usize,
    /// Events on a page when the caller names no number.
    pub page_default: usize,
    /// Matches counted before the count is given as `at least`.
    pub count_max: u64,
    /// How long a query waits for `min_position`, milliseconds.
    pub wait_ms_max: u64,
}

/// `config/limits.toml` as it was when the program was built.
pub const DEFAULT_LIMITS: &str = include_str!("../../../config/limits.toml");

impl Limits {
    /// The limits that ship with Annals.
    pub fn shipped() -> Self {
        toml::from_str(DEFAULT_LIMITS).expect("config/limits.toml is checked by a test")
    }
}

#[cfg(test)]
mod tests;
