//! An event in the making: what a format's mapping has found in a line.

use std::collections::BTreeMap;
use std::net::IpAddr;

use annals_domain::event::{
    Actor, ActorType, Change, Client, JsonObject, Operation, Outcome, OutcomeStatus, Request,
    Session, Severity, Subject, Target,
};
use annals_domain::limits::EventLimits;
use annals_domain::time::DateTime;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::folding::{self, Breaks};

#[cfg(test)]
mod tests;

/// Says in the metadata that the log told no time, so that the event carries the time of its arrival.
pub(crate) const TIME_MISSING: &str = "time_missing";

/// An event as `POST /api/v1/logs` takes it, and what is needed to make its id.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Draft {
    /// The vendor's own id of the event.
    #[serde(skip)]
    pub(crate) vendor_id: Option<String>,
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) occurred_at: Option<DateTime>,
    pub(crate) operation: Operation,
    pub(crate) severity: Severity,
    pub(crate) outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) actor: Actor,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) on_behalf_of: Vec<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) targets: Vec<Target>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
    #[serde(skip_serializing_if = "Client::is_empty")]
    pub(crate) client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Session>,
    #[serde(skip_serializing_if = "Request::is_empty")]
    pub(crate) request: Request,
    /// Everything that found no place.
    pub(crate) metadata: JsonObject,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Draft {
    /// An event of which nothing is known but what happened, and in which system's log it stood.
    pub(crate) fn new(event_type: String, source: &str) -> Self {
        Self {
            vendor_id: None,
            event_type,
            source: source.to_owned(),
            occurred_at: None,
            operation: Operation::Other,
            severity: Severity::Info,
            outcome: outcome(OutcomeStatus::Success),
            description: None,
            actor: anonymous(),
            on_behalf_of: Vec::new(),
            subject: None,
            targets: Vec::new(),
            changes: Vec::new(),
            client: Client::default(),
            session: None,
            request: Request::default(),
            metadata: JsonObject::new(),
            labels: BTreeMap::new(),
        }
    }

    /// A failed or denied act deserves a second look where the log itself grades nothing.
    pub(crate) fn grade_by_outcome(&mut self) {
        self.severity = match self.outcome.status {
            OutcomeStatus::Failure | OutcomeStatus::Denied => Severity::Warning,
            _ => Severity::Info,
        };
    }

    /// The session, kept only if something is known about it.
    pub(crate) fn set_session(&mut self, session: Session) {
        let known = session.id.is_some() || session.auth_method.is_some() || session.mfa.is_some();
        self.session = known.then_some(session);
    }

    /// The event as JSON that keeps every limit, under its id.
    pub(crate) fn finish(mut self, id: Uuid, format: &str, limits: &EventLimits) -> JsonObject {
        self.labels.insert("imported_from".to_owned(), format.to_owned());
        if self.occurred_at.is_none() {
            self.metadata.insert(TIME_MISSING.to_owned(), true.into());
        }
        self.metadata.retain(|_, value| !is_nothing(value));
        self.move_what_is_too_long(limits);
        self.targets.truncate(limits.targets_max);
        self.changes.truncate(limits.changes_max);
        for change in &mut self.changes {
            folding::fold_deep(&mut change.before, limits.metadata_depth_max, limits);
            folding::fold_deep(&mut change.after, limits.metadata_depth_max, limits);
        }
        folding::fit_metadata(&mut self.metadata, limits);
        let mut event = match serde_json::to_value(&self) {
            Ok(Value::Object(event)) => event,
            _ => unreachable!("a draft is an object of values that JSON can hold"),
        };
        make_controls_visible(&mut event);
        event.insert("id".to_owned(), id.to_string().into());
        event
    }

    /// Texts longer than their place allows go to the metadata whole, which has no such limit:
    /// nobody hides from the log by sending an enormous user agent.
    fn move_what_is_too_long(&mut self, limits: &EventLimits) {
        let mut session = self.session.take();
        let (id, name, text) = (limits.id_bytes_max, limits.name_bytes_max, limits.text_bytes_max);
        let places = [
            ("description", text, &mut self.description),
            ("outcome_reason", text, &mut self.outcome.reason),
            ("outcome_code", name, &mut self.outcome.code),
            ("user_agent", limits.user_agent_bytes_max, &mut self.client.user_agent),
            ("actor_name", name, &mut self.actor.name),
            ("actor_email", name, &mut self.actor.email),
            ("request_id", id, &mut self.request.id),
            ("correlation_id", id, &mut self.request.correlation_id),
        ];
        let in_session = session.iter_mut().map(|session| ("session_id", id, &mut session.id));
        for (place, bytes_max, field) in places.into_iter().chain(in_session) {
            // Escaping makes a text longer, so it comes before measuring.
            let several_lines = ["description", "outcome_reason"].contains(&place);
            let breaks = if several_lines { Breaks::Kept } else { Breaks::Escaped };
            if let Some(escaped) = field.as_deref().and_then(|text| folding::escaped(text, breaks))
            {
                *field = Some(escaped);
            }
            if field.as_ref().is_some_and(|text| text.len() > bytes_max)
                && let Some(text) = field.take()
            {
                self.metadata.insert(format!("long_{place}"), text.into());
            }
        }
        self.session = session;
        if let Some(session) = self.session.take() {
            self.set_session(session);
        }
    }
}

/// `null`, and objects of which everything found a place.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn make_controls_visible(event: &mut JsonObject) {
    for (field, value) in event {
        match (field.as_str(), value) {
            ("metadata" | "changes" | "description", value) => {
                folding::escape_controls(value, Breaks::Kept);
            }
            ("outcome", Value::Object(outcome)) => {
                for (part, value) in outcome {
                    let breaks = if part == "reason" { Breaks::Kept } else { Breaks::Escaped };
                    folding::escape_controls(value, breaks);
                }
            }
            (_, value) => folding::escape_controls(value, Breaks::Escaped),
        }
    }
}

/// An outcome without code and reason.
pub(crate) fn outcome(status: OutcomeStatus) -> Outcome {
    Outcome { status, code: None, reason: None }
}

/// An actor by type and id.
pub(crate) fn actor(actor_type: ActorType, id: impl Into<String>) -> Actor {
    Actor { id: Some(id.into()), actor_type, ..anonymous() }
}

/// Nobody known.
pub(crate) fn anonymous() -> Actor {
    Actor {
        actor_type: ActorType::Anonymous,
        id: None,
        name: None,
        email: None,
        roles: Vec::new(),
        alt_ids: BTreeMap::new(),
    }
}

/// A target by type and id.
pub(crate) fn target(target_type: impl Into<String>, id: impl Into<String>) -> Target {
    Target { target_type: target_type.into(), id: Some(id.into()), name: None, owner: None }
}

/// A subject by id.
pub(crate) fn subject(id: impl Into<String>) -> Subject {
    Subject { id: id.into(), name: None, alt_ids: BTreeMap::new() }
}

/// A client of which the address and the user agent may be known.
pub(crate) fn client(ip: Option<IpAddr>, user_agent: Option<String>) -> Client {
    Client { ip, user_agent, ..Client::default() }
}

/// A change of the value called `name`; what was not there before was added, and so on.
pub(crate) fn change(name: &str, before: Value, after: Value) -> Change {
    use annals_domain::event::ChangeOperation::{Add, Remove, Replace};
    let op = match (&before, &after) {
        (Value::Null, _) => Add,
        (_, Value::Null) => Remove,
        _ => Replace,
    };
    let name = folding::escaped(name, Breaks::Escaped).unwrap_or_else(|| name.to_owned());
    let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    Change { path, op, before, after }
}
