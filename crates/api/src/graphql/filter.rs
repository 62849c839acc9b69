//! `AuditEventFilter`: a filter as typed input; it becomes the same tree as the query language.

mod lowering;

use async_graphql::InputObject;

pub(super) use lowering::lowered;

use super::scalars::{DateTime, Operation, OutcomeStatus, Severity};

/// Conditions that must all hold.
#[derive(InputObject, Default)]
pub(super) struct AuditEventFilter {
    /// All of these hold.
    and: Option<Vec<AuditEventFilter>>,
    /// At least one of these holds.
    or: Option<Vec<AuditEventFilter>>,
    /// This does not hold.
    not: Option<Box<AuditEventFilter>>,
    /// Catalogue entry.
    #[graphql(name = "type")]
    event_type: Option<StringFilter>,
    /// Reporting application.
    source: Option<StringFilter>,
    /// Identifier of who acted.
    actor_id: Option<StringFilter>,
    /// Name of who acted.
    actor_name: Option<StringFilter>,
    /// E-mail address of who acted.
    actor_email: Option<StringFilter>,
    /// Identifier of whose account or data it concerns.
    subject_id: Option<StringFilter>,
    /// Kind of thing acted upon.
    target_type: Option<StringFilter>,
    /// Identifier of the thing acted upon.
    target_id: Option<StringFilter>,
    /// Session.
    session_id: Option<StringFilter>,
    /// Request.
    request_id: Option<StringFilter>,
    /// Business operation.
    correlation_id: Option<StringFilter>,
    /// Address or network, such as `10.0.0.0/8`.
    ip: Option<String>,
    /// Country code.
    country: Option<StringFilter>,
    /// Any of these operations.
    operation: Option<Vec<Operation>>,
    /// Any of these outcomes.
    outcome: Option<Vec<OutcomeStatus>>,
    /// Severity.
    severity: Option<SeverityFilter>,
    /// When it happened.
    occurred_at: Option<DateTimeFilter>,
    /// When it was recorded.
    received_at: Option<DateTimeFilter>,
    /// Values inside `metadata`.
    metadata: Option<Vec<PathFilter>>,
    /// Labels.
    labels: Option<Vec<PathFilter>>,
    /// Words in any text of the event, one after the other.
    text: Option<String>,
}

/// Conditions on a text; all that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct StringFilter {
    /// Equals this.
    eq: Option<String>,
    /// Does not equal this.
    neq: Option<String>,
    /// Equals one of these.
    #[graphql(name = "in")]
    any_of: Option<Vec<String>>,
    /// Equals none of these.
    nin: Option<Vec<String>>,
    /// Begins with this.
    starts_with: Option<String>,
    /// Holds this.
    contains: Option<String>,
}

/// Conditions on a severity.
#[derive(InputObject)]
pub(super) struct SeverityFilter {
    /// One of these.
    #[graphql(name = "in")]
    any_of: Option<Vec<Severity>>,
    /// This or worse.
    gte: Option<Severity>,
}

/// Conditions on an instant.
#[derive(InputObject)]
pub(super) struct DateTimeFilter {
    /// At or after.
    gte: Option<DateTime>,
    /// Before.
    lt: Option<DateTime>,
}

/// A condition on a value by its path.
#[derive(InputObject)]
pub(super) struct PathFilter {
    /// Keys joined by dots.
    path: String,
    /// Conditions on its text.
    value: Option<StringFilter>,
    /// Greater than or equal to.
    gte: Option<f64>,
    /// Less than.
    lt: Option<f64>,
    /// Whether there is a value at all.
    exists: Option<bool>,
}

#[cfg(test)]
mod tests;
