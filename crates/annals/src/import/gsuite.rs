//! Google Workspace activity reports (Admin SDK Reports API, `admin#reports#activity`).
//!
//! Google's own form holds a list of events with lists of named parameters; many pipelines flatten
//! it to one event with an object of parameters. Both are read.

use annals_domain::event::{
    Actor, ActorType, Change, JsonObject, Operation, Outcome, OutcomeStatus, Severity, Subject,
    Target,
};
use serde_json::Value;

use super::draft::{self, Draft};
use super::fields::{self, as_text, take_text, text_at, value_at};
use super::{countries, names, operations, timestamps};

mod activity;
#[cfg(test)]
mod tests;

/// Parameters that name what was acted upon: kind of thing, its id, its name.
const NAMING_PARAMETERS: &[(&str, &str, &str)] = &[
    ("calendar", "calendar_id", ""),
    ("application", "APP_ID", "APPLICATION_NAME"),
    ("application", "client_id", "app_name"),
    ("domain", "DOMAIN_NAME", ""),
    ("domain", "target_domain", ""),
    ("group", "GROUP_EMAIL", ""),
    ("group", "group_email", ""),
    ("setting", "SETTING_NAME", ""),
    ("org_unit", "ORG_UNIT_NAME", ""),
    ("role", "ROLE_ID", "ROLE_NAME"),
    ("device", "DEVICE_ID", "DEVICE_MODEL"),
    ("device", "device_id", "device_model"),
    ("user", "target_user", ""),
    ("user", "new_owner", ""),
    ("user", "grantee_email", ""),
];

/// Maps one activity to its events.
pub(crate) fn map(line: JsonObject) -> Result<Vec<Draft>, String> {
    activity::events_of(line).into_iter().map(map_event).collect()
}

fn map_event(mut event: JsonObject) -> Result<Draft, String> {
    let name = text_at(&event, &["name"])
        .or_else(|| text_at(&event, &["type"]))
        .ok_or("has neither `name` nor `type`: no act is told")?;
    let application = text_at(&event, &["id", "applicationName"]);
    let snake_name = names::snake(&name);
    let application = application.map_or_else(|| "unknown".to_owned(), |name| names::snake(&name));
    let mut draft = Draft::new(format!("gsuite.{application}.{snake_name}"), "gsuite");
    draft.vendor_id = text_at(&event, &["id", "uniqueQualifier"]);
    draft.occurred_at = time(&mut event);
    draft.operation = operations::named_by(&snake_name).unwrap_or(Operation::Other);
    draft.outcome = outcome(&event, &snake_name);
    draft.severity = severity(&event, draft.outcome.status);
    draft.actor = actor(&mut event);
    draft.subject = person_concerned(&event);
    draft.targets = targets(&event);
    draft.changes = changes(&event);
    draft.client = draft::client(
        fields::take_ip(&mut event, "ipAddress"),
        text_at(&event, &["parameters", "user_agent"]),
    );
    draft.client.geo = text_at(&event, &["networkInfo", "regionCode"])
        .and_then(|country| countries::code(&country))
        .map(|country| annals_domain::event::Geo {
            country: Some(country),
            region: None,
            city: None,
        });
    draft.set_session(annals_domain::event::Session {
        id: None,
        auth_method: text_at(&event, &["parameters", "login_type"]),
        mfa: value_at(&event, &["parameters", "is_second_factor"]).and_then(fields::is_true),
    });
    draft.metadata = event;
    Ok(draft)
}

fn time(event: &mut JsonObject) -> Option<annals_domain::time::DateTime> {
    let told = event
        .get_mut("id")
        .and_then(Value::as_object_mut)
        .and_then(|id| timestamps::take_first(id, &["time"]));
    told.or_else(|| timestamps::take_first(event, &["p_event_time"]))
}

fn outcome(event: &JsonObject, name: &str) -> Outcome {
    let told = value_at(event, &["parameters", "event_info", "success"]).and_then(fields::is_true);
    let words: Vec<&str> = name.split('_').collect();
    let says = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let status = match told {
        Some(true) => OutcomeStatus::Success,
        Some(false) => OutcomeStatus::Failure,
        None if says(&["failure", "failed"]) => OutcomeStatus::Failure,
        None if says(&["blocked", "denied"]) => OutcomeStatus::Denied,
        None => OutcomeStatus::Success,
    };
    let code = text_at(event, &["parameters", "login_failure_type"]);
    Outcome { status, code, reason: None }
}

/// Google grades nothing; its own warnings and suspicions are more than information.
fn severity(event: &JsonObject, outcome: OutcomeStatus) -> Severity {
    let suspicious =
        value_at(event, &["parameters", "is_suspicious"]).and_then(fields::is_true) == Some(true);
    let compromised = text_at(event, &["parameters", "DEVICE_COMPROMISED_STATE"]).as_deref()
        == Some("COMPROMISED");
    let warns = text_at(event, &["type"]).as_deref() == Some("account_warning");
    let failed = matches!(outcome, OutcomeStatus::Failure | OutcomeStatus::Denied);
    if warns || suspicious || compromised || failed { Severity::Warning } else { Severity::Info }
}

/// The e-mail address is the id: other fields name people by it too, and the profile id is often
/// missing.
fn actor(event: &mut JsonObject) -> Actor {
    let Some(mut parts) = fields::take_object(event, "actor") else {
        return draft::anonymous();
    };
    let address = take_text(&mut parts, "email");
    let profile = take_text(&mut parts, "profileId");
    let key = take_text(&mut parts, "key");
    let caller = text_at(&parts, &["callerType"]);
    let id = address.clone().or_else(|| profile.clone()).or(key);
    let actor_type = match caller.as_deref() {
        None | Some("USER") => ActorType::User,
        Some(_) => ActorType::Service,
    };
    if caller.as_deref() == Some("USER") {
        parts.remove("callerType");
    }
    event.insert("actor".to_owned(), Value::Object(parts));
    let Some(id) = id else { return draft::anonymous() };
    let mut actor = draft::actor(actor_type, id);
    actor.email = address.as_deref().and_then(fields::email);
    actor.alt_ids.extend(profile.map(|profile| ("profile_id".to_owned(), profile)));
    actor
}

/// The account that an administrator or Google itself acted on.
fn person_concerned(event: &JsonObject) -> Option<Subject> {
    let address = ["affected_email_address", "USER_EMAIL"]
        .iter()
        .find_map(|name| text_at(event, &["parameters", name]))?;
    Some(draft::subject(address))
}

fn targets(event: &JsonObject) -> Vec<Target> {
    let text = |name: &str| text_at(event, &["parameters", name]);
    let message = |name: &str| text_at(event, &["parameters", "message_info", name]);
    let doc_type = text("doc_type").unwrap_or_else(|| "document".to_owned());
    let document = Target {
        target_type: doc_type,
        id: text("doc_id"),
        name: text("doc_title"),
        owner: text("owner"),
    };
    let mail = Target {
        target_type: "message".to_owned(),
        id: message("rfc2822_message_id"),
        name: message("subject"),
        owner: None,
    };
    let others = NAMING_PARAMETERS.iter().map(|(target_type, id, name)| Target {
        target_type: (*target_type).to_owned(),
        id: text(id),
        name: text(name),
        owner: None,
    });
    let named = |target: &Target| target.id.is_some() || target.name.is_some();
    [document, mail].into_iter().chain(others).filter(named).collect()
}

fn changes(event: &JsonObject) -> Vec<Change> {
    let value = |name: &str| value_at(event, &["parameters", name]).map(unwrapped);
    let setting = text_at(event, &["parameters", "SETTING_NAME"]);
    let mut changes = Vec::new();
    for (old, new, name) in [
        ("OLD_VALUE", "NEW_VALUE", setting.as_deref().unwrap_or("value")),
        ("old_value", "new_value", "value"),
        ("old_visibility", "visibility", "visibility"),
    ] {
        // A visibility alone is the present state, not a change.
        let (before, after) = (value(old), value(new));
        let changed = before.is_some() || (after.is_some() && name != "visibility");
        if changed && before != after {
            changes.push(draft::change(
                name,
                before.unwrap_or(Value::Null),
                after.unwrap_or(Value::Null),
            ));
        }
    }
    changes
}

/// Google writes single values as lists of one.
fn unwrapped(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => items[0].clone(),
        value => as_text(value).map_or_else(|| value.clone(), Value::String),
    }
}
