//! `AuditEventFilter`: a filter as typed input; it becomes the same tree as the query language.

mod fields;
mod lowering;
mod values;

use async_graphql::{Enum, InputObject};

pub(super) use lowering::lowered;
pub(super) use values::{AddressFilter, DateTimeFilter, PathFilter, SeverityFilter, StringFilter};

use super::scalars::{ActorType, ChangeOperation, Operation, OutcomeStatus};

/// Conditions that must all hold.
//
// Conditions are boxed: a filter is read level by level on the stack, and each level holds all of them.
#[derive(InputObject, Default)]
pub(super) struct AuditEventFilter {
    /// All of these hold.
    and: Option<Vec<AuditEventFilter>>,
    /// At least one of these holds.
    or: Option<Vec<AuditEventFilter>>,
    /// This does not hold.
    not: Option<Box<AuditEventFilter>>,
    /// It belongs to any of these classes.
    is: Option<Vec<EventClass>>,
    /// Each of these fields has a value, named as the query language names them.
    has: Option<Vec<String>>,
    /// Words in any text of the event, one after the other.
    text: Option<String>,
    /// Severity.
    severity: Option<Box<SeverityFilter>>,
    /// When it happened.
    occurred_at: Option<Box<DateTimeFilter>>,
    /// When it was recorded.
    received_at: Option<Box<DateTimeFilter>>,
    /// Address or network, such as `10.0.0.0/8`.
    ip: Option<String>,
    /// Addresses and networks.
    client_ip: Option<Box<AddressFilter>>,
    /// Whether a second factor was used.
    mfa: Option<bool>,
    /// Any of these operations.
    operation: Option<Vec<Operation>>,
    /// Any of these outcomes.
    outcome: Option<Vec<OutcomeStatus>>,
    /// Any of these kinds of beings acted.
    actor_type: Option<Vec<ActorType>>,
    /// It was done in the name of any of these kinds of beings.
    on_behalf_of_type: Option<Vec<ActorType>>,
    /// Any of these happened to a value.
    change_operation: Option<Vec<ChangeOperation>>,
    /// Id of the event; `startsWith` takes its beginning.
    id: Option<Box<StringFilter>>,
    /// Catalogue entry.
    #[graphql(name = "type")]
    event_type: Option<Box<StringFilter>>,
    /// Reporting application.
    source: Option<Box<StringFilter>>,
    /// Whose log.
    tenant: Option<Box<StringFilter>>,
    /// Environment, such as production.
    environment: Option<Box<StringFilter>>,
    /// Version of the reporting application.
    app_version: Option<Box<StringFilter>>,
    /// Producing process.
    producer_id: Option<Box<StringFilter>>,
    /// Machine-readable cause of the outcome.
    outcome_code: Option<Box<StringFilter>>,
    /// Identifier, name or e-mail address of who acted.
    actor: Option<Box<StringFilter>>,
    /// Identifier of who acted.
    actor_id: Option<Box<StringFilter>>,
    /// Name of who acted.
    actor_name: Option<Box<StringFilter>>,
    /// E-mail address of who acted.
    actor_email: Option<Box<StringFilter>>,
    /// A role of who acted.
    actor_role: Option<Box<StringFilter>>,
    /// Identifier of somebody in whose name it was done.
    on_behalf_of_id: Option<Box<StringFilter>>,
    /// Name of somebody in whose name it was done.
    on_behalf_of_name: Option<Box<StringFilter>>,
    /// E-mail address of somebody in whose name it was done.
    on_behalf_of_email: Option<Box<StringFilter>>,
    /// A role of somebody in whose name it was done.
    on_behalf_of_role: Option<Box<StringFilter>>,
    /// Identifier or name of whose account or data it concerns.
    subject: Option<Box<StringFilter>>,
    /// Identifier of whose account or data it concerns.
    subject_id: Option<Box<StringFilter>>,
    /// Name of whose account or data it concerns.
    subject_name: Option<Box<StringFilter>>,
    /// Identifier of who acted or whose account it is.
    user_id: Option<Box<StringFilter>>,
    /// Identifier or name of the thing acted upon.
    target: Option<Box<StringFilter>>,
    /// Kind of thing acted upon.
    target_type: Option<Box<StringFilter>>,
    /// Identifier of the thing acted upon.
    target_id: Option<Box<StringFilter>>,
    /// Name of the thing acted upon.
    target_name: Option<Box<StringFilter>>,
    /// Identifier of the owner of the thing acted upon.
    target_owner: Option<Box<StringFilter>>,
    /// JSON pointer of what changed.
    change_path: Option<Box<StringFilter>>,
    /// Program it came from, as that calls itself.
    user_agent: Option<Box<StringFilter>>,
    /// Device it came from.
    device: Option<Box<StringFilter>>,
    /// Kind of device.
    device_type: Option<Box<StringFilter>>,
    /// Operating system.
    os: Option<Box<StringFilter>>,
    /// Browser or client program.
    browser: Option<Box<StringFilter>>,
    /// Country code.
    country: Option<Box<StringFilter>>,
    /// State or region.
    region: Option<Box<StringFilter>>,
    /// City.
    city: Option<Box<StringFilter>>,
    /// Session.
    session_id: Option<Box<StringFilter>>,
    /// How the session began.
    auth_method: Option<Box<StringFilter>>,
    /// Request.
    request_id: Option<Box<StringFilter>>,
    /// Business operation.
    correlation_id: Option<Box<StringFilter>>,
    /// Event or command that caused it.
    causation_id: Option<Box<StringFilter>>,
    /// Trace (W3C).
    trace_id: Option<Box<StringFilter>>,
    /// Ticket or case that asked for it.
    ticket: Option<Box<StringFilter>>,
    /// Legal basis.
    legal_basis: Option<Box<StringFilter>>,
    /// Values inside `metadata`.
    metadata: Option<Vec<PathFilter>>,
    /// Labels.
    labels: Option<Vec<PathFilter>>,
    /// Identifiers of who acted in other systems.
    actor_alt_ids: Option<Vec<PathFilter>>,
    /// Identifiers in other systems of somebody in whose name it was done.
    on_behalf_of_alt_ids: Option<Vec<PathFilter>>,
    /// Identifiers of the subject in other systems.
    subject_alt_ids: Option<Vec<PathFilter>>,
}

/// Classes of events, as `is:` has them.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventClass {
    /// The catalogue says that the subject is told.
    Significant,
    /// Failed or denied.
    Failed,
    /// Something was made, changed, removed, granted or revoked.
    Change,
}

#[cfg(test)]
mod tests;
