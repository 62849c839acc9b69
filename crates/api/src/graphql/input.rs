//! An event as GraphQL takes it; it becomes the same input as over REST.

mod conversion;

use async_graphql::{ID, InputObject};

use super::scalars::{
    ActorType, ChangeOperation, DateTime, Json, Operation, OutcomeStatus, Severity,
};

/// An event to record. Everything but the type may be left out.
#[derive(InputObject)]
pub(super) struct AuditEventInput {
    /// UUID, made by the caller so that sending twice stores once; version 7 is best.
    id: Option<ID>,
    /// Catalogue entry, such as `user.password.changed`.
    #[graphql(name = "type")]
    event_type: String,
    /// Version of the catalogue entry; the newest when absent.
    schema_version: Option<u32>,
    /// Reporting application; the caller when absent.
    source: Option<String>,
    /// Such as `production`.
    environment: Option<String>,
    /// Version of the application.
    app_version: Option<String>,
    /// When it happened; now when absent.
    occurred_at: Option<DateTime>,
    /// What kind of act; the catalogue's when absent.
    operation: Option<Operation>,
    /// How much attention it deserves; the catalogue's when absent.
    severity: Option<Severity>,
    /// How it ended; success when absent.
    outcome: Option<AuditOutcomeInput>,
    /// Free text for people.
    description: Option<String>,
    /// Who acted.
    actor: Option<AuditActorInput>,
    /// In whose name.
    on_behalf_of: Option<Vec<AuditActorInput>>,
    /// Whose account or data it concerns; the actor when absent.
    subject: Option<AuditSubjectInput>,
    /// What was acted upon.
    targets: Option<Vec<AuditTargetInput>>,
    /// What changed.
    changes: Option<Vec<AuditChangeInput>>,
    /// The whole object before; changes are computed.
    before: Option<Json>,
    /// The whole object after.
    after: Option<Json>,
    /// From where.
    client: Option<AuditClientInput>,
    /// In which sign-in session.
    session: Option<AuditSessionInput>,
    /// In which request.
    request: Option<AuditRequestInput>,
    /// Why.
    justification: Option<AuditJustificationInput>,
    /// Further facts, a JSON object.
    metadata: Option<Json>,
    /// Short names and values, a JSON object of texts.
    labels: Option<Json>,
}

/// How an act ended.
#[derive(InputObject)]
pub(super) struct AuditOutcomeInput {
    /// How it ended.
    status: OutcomeStatus,
    /// Machine-readable cause.
    code: Option<String>,
    /// Cause for people.
    reason: Option<String>,
}

/// Who acted.
#[derive(InputObject)]
pub(super) struct AuditActorInput {
    /// What kind of being; a person when an id is given.
    #[graphql(name = "type")]
    actor_type: Option<ActorType>,
    /// Stable identifier.
    id: Option<String>,
    /// Display name.
    name: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Roles held.
    roles: Option<Vec<String>>,
    /// Identifiers in other systems, a JSON object of texts.
    alt_ids: Option<Json>,
}

/// Whose account or data it concerns.
#[derive(InputObject)]
pub(super) struct AuditSubjectInput {
    /// Stable identifier.
    id: String,
    /// Display name.
    name: Option<String>,
    /// Identifiers in other systems, a JSON object of texts.
    alt_ids: Option<Json>,
}

/// What was acted upon.
#[derive(InputObject)]
pub(super) struct AuditTargetInput {
    /// Kind of thing.
    #[graphql(name = "type")]
    target_type: String,
    /// Which one.
    id: Option<String>,
    /// Display name.
    name: Option<String>,
    /// Identifier of its owner.
    owner: Option<String>,
}

/// One changed value.
#[derive(InputObject)]
pub(super) struct AuditChangeInput {
    /// JSON pointer.
    path: String,
    /// What happened to it.
    op: ChangeOperation,
    /// Value before.
    before: Option<Json>,
    /// Value after.
    after: Option<Json>,
}

/// From where somebody acted.
#[derive(InputObject)]
pub(super) struct AuditClientInput {
    /// Address.
    ip: Option<String>,
    /// Raw user agent; the device is read from it.
    user_agent: Option<String>,
    /// Country code; looked up from the address when absent.
    country: Option<String>,
    /// State or region.
    region: Option<String>,
    /// City.
    city: Option<String>,
}

/// A sign-in session.
#[derive(InputObject)]
pub(super) struct AuditSessionInput {
    /// Identifier.
    id: Option<String>,
    /// Such as `password`.
    auth_method: Option<String>,
    /// Whether a second factor was used.
    mfa: Option<bool>,
}

/// Ties an event to others.
#[derive(InputObject)]
pub(super) struct AuditRequestInput {
    /// Identifier of the request.
    id: Option<String>,
    /// Identifier of the business operation.
    correlation_id: Option<String>,
    /// Identifier of the cause.
    causation_id: Option<String>,
    /// W3C trace context.
    traceparent: Option<String>,
}

/// Why somebody acted.
#[derive(InputObject)]
pub(super) struct AuditJustificationInput {
    /// For people.
    reason: Option<String>,
    /// Ticket or case number.
    ticket: Option<String>,
    /// Such as `consent`.
    legal_basis: Option<String>,
}
