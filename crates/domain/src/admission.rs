//! From what a caller sent to an event, or to a list of what is wrong with it.

use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::event::{
    Actor, ActorType, Client, Event, JsonObject, Operation, Outcome, OutcomeStatus, Severity,
    Subject, Target,
};
use crate::identifiers::{EventId, TenantId};
use crate::input::{ActorInput, EventInput};
use crate::limits::EventLimits;
use crate::problem::{ErrorCode, FieldError};
use crate::time::DateTime;

mod changes;
mod check;

pub use changes::changes_between;

/// What admission needs to know beside the input.
pub struct Admission<'a> {
    /// Which types there are.
    pub catalogue: &'a Catalogue,
    /// How large things may be.
    pub limits: &'a EventLimits,
    /// Tenant of the caller's token.
    pub tenant: &'a TenantId,
    /// Who sends it, for events that name no source.
    pub source: &'a str,
    /// Now, by the server's clock.
    pub now: jiff::Timestamp,
    /// Id for an event that brings none.
    pub fresh_id: EventId,
    /// Whether types that the catalogue does not know are taken.
    pub unknown_types: UnknownTypes,
    /// Whether the caller is Annals itself and may write `annals.*` types.
    pub own_facts: bool,
}

/// What is done with types that the catalogue does not know.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownTypes {
    /// Recorded like any other.
    #[default]
    Accept,
    /// Refused.
    Reject,
    /// Refused as well, and kept apart until somebody has looked at it.
    Quarantine,
}

/// Checks an input, fills in what follows from the catalogue and from short names, and makes the
/// event. Reports everything that is wrong, not only the first.
pub fn admit(input: EventInput, admission: &Admission<'_>) -> Result<Event, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut event = assemble(input, admission, &mut errors);
    if let Some(event) = &mut event {
        check::check(event, admission, &mut errors);
    }
    match event {
        Some(event) if errors.is_empty() => Ok(event),
        _ => Err(errors),
    }
}

fn assemble(
    input: EventInput,
    admission: &Admission<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Event> {
    let received_at = DateTime::utc(admission.now);
    let mut required = |path: &str, what: &str| {
        errors.push(FieldError::new(path, ErrorCode::Required, what));
    };
    let Some(event_type) = input.event_type else {
        required("type", "is required: name what happened, such as `user.password.changed`");
        return None;
    };
    let entry = admission.catalogue.find(&event_type);
    let actor = match (input.actor, input.user_id) {
        (None, user_id) => ActorInput { id: user_id, ..ActorInput::default() },
        (Some(actor), None) => actor,
        (Some(mut actor), Some(user_id)) => {
            if actor.id.as_ref().is_some_and(|id| *id != user_id) {
                contradiction("user_id", "actor.id", errors);
            }
            actor.id = Some(user_id);
            actor
        }
    };
    let actor = complete_actor(actor, "actor", errors);
    let subject = match input.subject {
        None => own_subject(&actor),
        Some(subject) => match subject.id {
            Some(id) => Some(Subject { id, name: subject.name, alt_ids: subject.alt_ids }),
            None => {
                errors.push(FieldError::new(
                    "subject.id",
                    ErrorCode::Required,
                    "is required when a subject is given",
                ));
                None
            }
        },
    };
    let mut targets = input.targets;
    if input.resource_type.is_some() || input.resource_id.is_some() {
        match (targets.is_empty(), input.resource_type) {
            (true, Some(target_type)) => {
                targets.push(Target {
                    target_type,
                    id: input.resource_id,
                    name: None,
                    owner: None,
                });
            }
            (true, None) => errors.push(FieldError::new(
                "resource_type",
                ErrorCode::Required,
                "is required beside `resource_id`",
            )),
            (false, Some(_)) => contradiction("resource_type", "targets", errors),
            (false, None) => contradiction("resource_id", "targets", errors),
        }
    }
    let mut changes = input.changes;
    if input.before.is_some() || input.after.is_some() {
        if changes.is_empty() {
            let depth_max = admission.limits.metadata_depth_max;
            let before = input.before.unwrap_or(Value::Null);
            let after = input.after.unwrap_or(Value::Null);
            for (path, value) in [("before", &before), ("after", &after)] {
                check::check_depth_of(&path, value, depth_max, errors);
            }
            if errors.is_empty() {
                changes = changes_between(&before, &after, admission.limits.changes_max + 1);
            }
        } else {
            let short = if input.before.is_some() { "before" } else { "after" };
            contradiction(short, "changes", errors);
        }
    }
    let mut client: Client = input.client.unwrap_or_default().into();
    merge("ip_address", "client.ip", &mut client.ip, input.ip_address, errors);
    merge("user_agent", "client.user_agent", &mut client.user_agent, input.user_agent, errors);
    let mut session = input.session;
    if let Some(id) = input.session_id {
        let session =
            session.get_or_insert(crate::event::Session { id: None, auth_method: None, mfa: None });
        merge("session_id", "session.id", &mut session.id, Some(id), errors);
    }
    let on_behalf_of = input
        .on_behalf_of
        .into_iter()
        .enumerate()
        .map(|(i, principal)| complete_actor(principal, &format!("on_behalf_of[{i}]"), errors))
        .collect();
    if input.tenant.as_ref().is_some_and(|tenant| tenant != admission.tenant) {
        errors.push(FieldError::new(
            "tenant",
            ErrorCode::Forbidden,
            "is not a tenant that this token may write to",
        ));
    }
    let outcome = input
        .outcome
        .map_or(Outcome { status: OutcomeStatus::Success, code: None, reason: None }, |outcome| {
            Outcome { status: outcome.status, code: outcome.code, reason: outcome.reason }
        });
    Some(Event {
        id: input.id.unwrap_or(admission.fresh_id),
        schema_version: input.schema_version.or(entry.map(|e| e.version)).unwrap_or(1),
        operation: input.operation.or(entry.map(|e| e.operation)).unwrap_or(Operation::Other),
        severity: input.severity.or(entry.map(|e| e.severity)).unwrap_or(Severity::Info),
        event_type,
        tenant: admission.tenant.clone(),
        source: input.source.unwrap_or_else(|| admission.source.to_owned()),
        environment: input.environment,
        app_version: input.app_version,
        occurred_at: input.occurred_at.unwrap_or(received_at),
        received_at,
        producer: input.producer,
        outcome,
        description: input.description,
        actor,
        on_behalf_of,
        subject,
        targets,
        changes,
        client,
        session,
        request: input.request.unwrap_or_default(),
        justification: input.justification,
        metadata: input.metadata,
        labels: input.labels,
    })
}

/// A person who acts on nobody else acts on their own account.
fn own_subject(actor: &Actor) -> Option<Subject> {
    if !actor.is_person() {
        return None;
    }
    let id = actor.id.clone()?;
    Some(Subject { id, name: actor.name.clone(), alt_ids: actor.alt_ids.clone() })
}

fn complete_actor(input: ActorInput, path: &str, errors: &mut Vec<FieldError>) -> Actor {
    let actor_type = input.actor_type.unwrap_or(match input.id {
        Some(_) => ActorType::User,
        None => ActorType::Anonymous,
    });
    if input.id.is_none() && actor_type != ActorType::Anonymous {
        errors.push(FieldError::new(
            format!("{path}.id"),
            ErrorCode::Required,
            format!("is required for an actor of type `{actor_type}`; only `anonymous` has none"),
        ));
    }
    Actor {
        actor_type,
        id: input.id,
        name: input.name,
        email: input.email,
        roles: input.roles,
        alt_ids: input.alt_ids,
    }
}

/// Takes a value from its short name, unless the long name says something else.
fn merge<T: PartialEq>(
    short: &str,
    long: &str,
    place: &mut Option<T>,
    value: Option<T>,
    errors: &mut Vec<FieldError>,
) {
    match (&*place, value) {
        (_, None) => {}
        (Some(held), Some(value)) if *held != value => contradiction(short, long, errors),
        (_, value) => *place = value,
    }
}

fn contradiction(short: &str, long: &str, errors: &mut Vec<FieldError>) {
    errors.push(FieldError::new(
        short,
        ErrorCode::Contradiction,
        format!("says something else than `{long}`; send one of them"),
    ));
}

/// Counts the keys of an object, all levels together.
fn keys_in(object: &JsonObject) -> usize {
    object.len() + object.values().map(keys_in_value).sum::<usize>()
}

fn keys_in_value(value: &Value) -> usize {
    match value {
        Value::Object(object) => keys_in(object),
        Value::Array(items) => items.iter().map(keys_in_value).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
