//! An event as GraphQL takes it; it becomes the same input as over REST.

use std::collections::BTreeMap;

use annals_domain::EventId;
use annals_domain::event::{self, JsonObject};
use annals_domain::input::{ActorInput, ClientInput, EventInput, OutcomeInput, SubjectInput};
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{ID, InputObject};
use serde_json::Value;

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

impl AuditEventInput {
    /// The same input as REST takes.
    pub(super) fn into_input(self) -> Result<EventInput, FieldError> {
        let id = self.id.map(|id| {
            let malformed = |_| FieldError::new("id", ErrorCode::Malformed, "is not a UUID");
            id.parse().map(EventId).map_err(malformed)
        });
        let actors = self.on_behalf_of.unwrap_or_default().into_iter().enumerate();
        Ok(EventInput {
            id: id.transpose()?,
            event_type: Some(self.event_type),
            schema_version: self.schema_version,
            source: self.source,
            environment: self.environment,
            app_version: self.app_version,
            occurred_at: self.occurred_at.map(|at| at.0),
            operation: self.operation.map(event::Operation::from),
            severity: self.severity.map(event::Severity::from),
            outcome: self.outcome.map(|outcome| OutcomeInput {
                status: outcome.status.into(),
                code: outcome.code,
                reason: outcome.reason,
            }),
            description: self.description,
            actor: self.actor.map(|actor| actor.into_input("actor")).transpose()?,
            on_behalf_of: actors
                .map(|(i, actor)| actor.into_input(&format!("onBehalfOf[{i}]")))
                .collect::<Result<_, _>>()?,
            subject: self.subject.map(AuditSubjectInput::into_input).transpose()?,
            targets: self.targets.unwrap_or_default().into_iter().map(event::Target::from).collect(),
            changes: self.changes.unwrap_or_default().into_iter().map(event::Change::from).collect(),
            before: self.before.map(|json| json.0),
            after: self.after.map(|json| json.0),
            client: self.client.map(AuditClientInput::into_input).transpose()?,
            session: self.session.map(|session| event::Session {
                id: session.id,
                auth_method: session.auth_method,
                mfa: session.mfa,
            }),
            request: self.request.map(|request| event::Request {
                id: request.id,
                correlation_id: request.correlation_id,
                causation_id: request.causation_id,
                traceparent: request.traceparent,
            }),
            justification: self.justification.map(|justification| event::Justification {
                reason: justification.reason,
                ticket: justification.ticket,
                legal_basis: justification.legal_basis,
            }),
            metadata: object("metadata", self.metadata)?,
            labels: texts("labels", self.labels)?,
            ..EventInput::default()
        })
    }
}

impl AuditActorInput {
    fn into_input(self, path: &str) -> Result<ActorInput, FieldError> {
        Ok(ActorInput {
            actor_type: self.actor_type.map(event::ActorType::from),
            id: self.id,
            name: self.name,
            email: self.email,
            roles: self.roles.unwrap_or_default(),
            alt_ids: texts(&format!("{path}.altIds"), self.alt_ids)?,
        })
    }
}

impl AuditSubjectInput {
    fn into_input(self) -> Result<SubjectInput, FieldError> {
        let alt_ids = texts("subject.altIds", self.alt_ids)?;
        Ok(SubjectInput { id: Some(self.id), name: self.name, alt_ids })
    }
}

impl AuditClientInput {
    fn into_input(self) -> Result<ClientInput, FieldError> {
        let ip = self.ip.map(|ip| {
            let malformed = |_| FieldError::new("client.ip", ErrorCode::Malformed, "is no address");
            ip.parse().map_err(malformed)
        });
        let geo = event::Geo { country: self.country, region: self.region, city: self.city };
        Ok(ClientInput {
            ip: ip.transpose()?,
            user_agent: self.user_agent,
            device: None,
            geo: (geo != event::Geo::default()).then_some(geo),
        })
    }
}

impl From<AuditTargetInput> for event::Target {
    fn from(target: AuditTargetInput) -> Self {
        let AuditTargetInput { target_type, id, name, owner } = target;
        Self { target_type, id, name, owner }
    }
}

impl From<AuditChangeInput> for event::Change {
    fn from(change: AuditChangeInput) -> Self {
        Self {
            path: change.path,
            op: change.op.into(),
            before: change.before.map_or(Value::Null, |json| json.0),
            after: change.after.map_or(Value::Null, |json| json.0),
        }
    }
}

fn object(path: &str, json: Option<Json>) -> Result<JsonObject, FieldError> {
    match json.map(|json| json.0) {
        None | Some(Value::Null) => Ok(JsonObject::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(FieldError::new(path, ErrorCode::Malformed, "must be a JSON object")),
    }
}

fn texts(path: &str, json: Option<Json>) -> Result<BTreeMap<String, String>, FieldError> {
    let text = |(key, value)| match value {
        Value::String(text) => Ok((key, text)),
        _ => Err(FieldError::new(path, ErrorCode::Malformed, "must hold texts only")),
    };
    object(path, json)?.into_iter().map(text).collect()
}
