//! From the typed input to the one that REST reads.

use std::collections::BTreeMap;

use annals_domain::EventId;
use annals_domain::event::{self, JsonObject};
use annals_domain::input::{ActorInput, ClientInput, EventInput, OutcomeInput, SubjectInput};
use annals_domain::problem::{ErrorCode, FieldError};
use serde_json::Value;

use super::{
    AuditActorInput, AuditChangeInput, AuditClientInput, AuditEventInput, AuditSubjectInput,
    AuditTargetInput,
};
use crate::graphql::scalars::Json;

impl AuditEventInput {
    /// The same input as REST takes.
    pub(in crate::graphql) fn into_input(self) -> Result<EventInput, FieldError> {
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
            targets: self
                .targets
                .unwrap_or_default()
                .into_iter()
                .map(event::Target::from)
                .collect(),
            changes: self
                .changes
                .unwrap_or_default()
                .into_iter()
                .map(event::Change::from)
                .collect(),
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
