//! Okta System Log entries: <https://developer.okta.com/docs/reference/api/system-log/>

use annals_domain::event::{
    Actor, ActorType, Client, Device, Geo, JsonObject, Operation, Outcome, OutcomeStatus, Session,
    Severity, Subject, Target,
};
use serde_json::Value;

use super::draft::{self, Draft};
use super::fields::{self, known, take_text, text_at};
use super::{countries, names, operations, timestamps};

#[cfg(test)]
mod tests;

/// Okta's own spelling of the fields that are read here.
const FIELDS: &[&str] = &[
    "actor",
    "authenticationContext",
    "client",
    "debugContext",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "request",
    "securityContext",
    "severity",
    "target",
    "transaction",
    "uuid",
    "version",
];

/// Maps one entry.
pub(crate) fn map(mut entry: JsonObject) -> Result<Draft, String> {
    fields::respell(&mut entry, FIELDS);
    let event_type = text_at(&entry, &["eventType"]).ok_or("has no `eventType`: no act is told")?;
    let mut draft = Draft::new(format!("okta.{}", names::dotted(&event_type)), "okta");
    draft.vendor_id = text_at(&entry, &["uuid"]);
    draft.occurred_at = timestamps::take_first(&mut entry, &["published", "p_event_time"]);
    draft.operation = operation(&event_type);
    draft.outcome = outcome(&mut entry);
    match text_at(&entry, &["severity"]).and_then(|word| severity(&word)) {
        Some(severity) => draft.severity = severity,
        None => draft.grade_by_outcome(),
    }
    draft.description = take_text(&mut entry, "displayMessage");
    draft.actor = actor(&mut entry);
    draft.subject = person_concerned(&entry, draft.actor.id.as_deref());
    draft.changes = changes(&entry);
    draft.targets = targets(&mut entry);
    draft.client = client(&mut entry);
    draft.set_session(session(&entry));
    draft.request.id = text_at(&entry, &["debugContext", "debugData", "requestId"]);
    draft.request.correlation_id = text_at(&entry, &["transaction", "id"]);
    draft.metadata = entry;
    Ok(draft)
}

fn operation(event_type: &str) -> Operation {
    match event_type {
        "user.session.start" => return Operation::Login,
        "user.session.end" => return Operation::Logout,
        _ => {}
    }
    let name = names::dotted(event_type);
    let verb = name.rsplit('.').next().unwrap_or(&name);
    operations::named_by(verb).or_else(|| operations::named_by(&name)).unwrap_or(Operation::Other)
}

/// `CHALLENGE` is an answer half given: a further factor was asked for.
fn outcome(entry: &mut JsonObject) -> Outcome {
    let result = text_at(entry, &["outcome", "result"]);
    let reason = text_at(entry, &["outcome", "reason"]);
    let status = match result.as_deref() {
        Some("SUCCESS" | "ALLOW") => OutcomeStatus::Success,
        Some("FAILURE") => OutcomeStatus::Failure,
        Some("DENY" | "RATE_LIMIT") => OutcomeStatus::Denied,
        Some("CHALLENGE") => OutcomeStatus::Partial,
        _ => OutcomeStatus::Unknown,
    };
    if let Some(parts) = entry.get_mut("outcome").and_then(Value::as_object_mut) {
        parts.remove("result");
        parts.remove("reason");
    }
    Outcome { status, code: result, reason }
}

fn severity(word: &str) -> Option<Severity> {
    match word {
        "DEBUG" | "INFO" => Some(Severity::Info),
        "WARN" => Some(Severity::Warning),
        "ERROR" | "HIGH" => Some(Severity::Error),
        _ => None,
    }
}

fn actor(entry: &mut JsonObject) -> Actor {
    let text = |field: &str| known(text_at(entry, &["actor", field]));
    let login = text("alternateId");
    let Some(id) = text("id").or_else(|| login.clone()) else {
        return draft::anonymous();
    };
    let actor_type = match text("type").as_deref() {
        None | Some("User") => ActorType::User,
        Some("SystemPrincipal") => ActorType::System,
        Some("IP address") => ActorType::Anonymous,
        Some(_) => ActorType::Service,
    };
    let mut actor = draft::actor(actor_type, id);
    actor.name = text("displayName");
    actor.email = login.as_deref().and_then(fields::email);
    actor.alt_ids.extend(login.map(|login| ("login".to_owned(), login)));
    if let Some(parts) = entry.get_mut("actor").and_then(Value::as_object_mut) {
        for field in ["alternateId", "displayName", "id"] {
            parts.remove(field);
        }
        // The kind of account stays where it is more than "a person".
        if text_at(parts, &["type"]).as_deref() == Some("User") {
            parts.remove("type");
        }
    }
    actor
}

/// The first target that is a person other than the actor.
fn person_concerned(entry: &JsonObject, actor: Option<&str>) -> Option<Subject> {
    let user = fields::list_at(entry, &["target"])
        .iter()
        .filter_map(Value::as_object)
        .find(|target| text_at(target, &["type"]).as_deref() == Some("User"))?;
    let login = known(text_at(user, &["alternateId"]));
    let id = known(text_at(user, &["id"])).or_else(|| login.clone())?;
    if Some(id.as_str()) == actor {
        return None;
    }
    let mut subject = draft::subject(id);
    subject.name = known(text_at(user, &["displayName"]));
    subject.alt_ids.extend(login.map(|login| ("login".to_owned(), login)));
    Some(subject)
}

/// Every target; the list itself stays in the metadata where it says more than type, id and name.
fn targets(entry: &mut JsonObject) -> Vec<Target> {
    let listed = fields::list_at(entry, &["target"]);
    let mut says_more = listed.len() > 100;
    let mut targets = Vec::new();
    for target in listed {
        let Some(target) = target.as_object() else {
            says_more = true;
            continue;
        };
        says_more |= target.iter().any(|(field, value)| {
            !["type", "id", "displayName"].contains(&field.as_str()) && !value.is_null()
        });
        targets.push(Target {
            target_type: text_at(target, &["type"]).unwrap_or_else(|| "unknown".to_owned()),
            id: known(text_at(target, &["id"])),
            name: known(text_at(target, &["displayName"])),
            owner: None,
        });
    }
    if !says_more {
        entry.remove("target");
    }
    targets
}

/// `changeDetails: {from, to}` of each target, field by field.
fn changes(entry: &JsonObject) -> Vec<annals_domain::event::Change> {
    let mut changes = Vec::new();
    for target in fields::list_at(entry, &["target"]) {
        let Some(details) = target.get("changeDetails") else { continue };
        let nothing = Value::Null;
        let side = |name: &str| details.get(name).unwrap_or(&nothing);
        let room = 500 - changes.len().min(500);
        changes.extend(annals_domain::admission::changes_between(side("from"), side("to"), room));
    }
    changes
}

fn client(entry: &mut JsonObject) -> Client {
    let Some(mut parts) = fields::take_object(entry, "client") else {
        return Client::default();
    };
    let mut client = draft::client(
        fields::take_ip(&mut parts, "ipAddress"),
        text_at(&parts, &["userAgent", "rawUserAgent"]),
    );
    client.device = device(&parts);
    client.geo = geo(&parts);
    if let Some(agent) = parts.get_mut("userAgent").and_then(Value::as_object_mut) {
        agent.remove("rawUserAgent");
    }
    parts.retain(|_, value| !value.as_object().is_some_and(JsonObject::is_empty));
    entry.insert("client".to_owned(), Value::Object(parts));
    client
}

fn device(client: &JsonObject) -> Option<Device> {
    let device = Device {
        name: None,
        device_type: known(text_at(client, &["device"])).map(|kind| match kind.as_str() {
            "Computer" => "desktop".to_owned(),
            kind => kind.to_lowercase(),
        }),
        os: known(text_at(client, &["userAgent", "os"])),
        browser: known(text_at(client, &["userAgent", "browser"])),
    };
    (device != Device::default()).then_some(device)
}

fn geo(client: &JsonObject) -> Option<Geo> {
    let text = |field: &str| known(text_at(client, &["geographicalContext", field]));
    let geo = Geo {
        country: text("country").and_then(|country| countries::code(&country)),
        region: text("state"),
        city: text("city"),
    };
    (geo != Geo::default()).then_some(geo)
}

fn session(entry: &JsonObject) -> Session {
    let text = |field: &str| known(text_at(entry, &["authenticationContext", field]));
    Session {
        id: text("externalSessionId"),
        auth_method: text("credentialType").or_else(|| text("authenticationProvider")),
        mfa: None,
    }
}
