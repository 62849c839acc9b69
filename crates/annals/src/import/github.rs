//! GitHub audit log entries, of an organisation or an enterprise.

use annals_domain::event::{
    Actor, ActorType, Geo, JsonObject, Operation, Outcome, OutcomeStatus, Session, Subject, Target,
};
use serde_json::Value;

use super::draft::{self, Draft};
use super::fields::{self, take_text, text_at};
use super::{countries, names, operations, timestamps};

#[cfg(test)]
mod tests;

/// Maps one entry.
pub(crate) fn map(mut entry: JsonObject) -> Result<Draft, String> {
    let action = text_at(&entry, &["action"]).ok_or("has no `action`: no act is told")?;
    let mut draft = Draft::new(format!("github.{}", names::dotted(&action)), "github");
    draft.vendor_id = text_at(&entry, &["_document_id"]);
    draft.occurred_at = timestamps::take_first(
        &mut entry,
        &["@timestamp", "created_at", "at_sign_timestamp", "p_event_time"],
    );
    draft.operation = operation(&action, &entry);
    draft.outcome = outcome(&entry);
    draft.grade_by_outcome();
    draft.actor = actor(&mut entry);
    draft.subject = person_concerned(&mut entry, draft.actor.id.as_deref());
    draft.targets = targets(&mut entry);
    draft.changes = changes(&mut entry);
    draft.client =
        draft::client(fields::take_ip(&mut entry, "actor_ip"), take_text(&mut entry, "user_agent"));
    draft.client.geo = text_at(&entry, &["actor_location", "country_code"])
        .and_then(|country| countries::code(&country))
        .map(|country| Geo { country: Some(country), region: None, city: None });
    draft.request.id = take_text(&mut entry, "request_id");
    draft.set_session(Session {
        id: None,
        auth_method: take_text(&mut entry, "programmatic_access_type"),
        mfa: None,
    });
    draft.metadata = entry;
    Ok(draft)
}

fn operation(action: &str, entry: &JsonObject) -> Operation {
    // GitHub's `repo.access` is a change of visibility.
    if action == "repo.access" {
        return Operation::Update;
    }
    let told = match text_at(entry, &["operation_type"]).as_deref() {
        Some("create") => Some(Operation::Create),
        Some("access") => Some(Operation::Read),
        Some("modify" | "restore" | "transfer") => Some(Operation::Update),
        Some("remove") => Some(Operation::Delete),
        Some("authentication") => Some(Operation::Login),
        _ => None,
    };
    let verb = action.rsplit('.').next().unwrap_or(action);
    // The name is finer than GitHub's own five kinds: a grant is more than a modification.
    operations::named_by(&names::snake(verb)).or(told).unwrap_or(Operation::Other)
}

/// GitHub logs what was done; only workflow runs tell that something failed.
fn outcome(entry: &JsonObject) -> Outcome {
    let conclusion = text_at(entry, &["conclusion"]);
    let status = match conclusion.as_deref() {
        None | Some("success") => OutcomeStatus::Success,
        Some("failure" | "timed_out" | "startup_failure") => OutcomeStatus::Failure,
        Some(_) => OutcomeStatus::Unknown,
    };
    Outcome { status, code: conclusion, reason: None }
}

fn actor(entry: &mut JsonObject) -> Actor {
    let is_bot = entry.get("actor_is_bot").and_then(fields::is_true) == Some(true);
    let Some(login) = take_text(entry, "actor") else {
        return draft::anonymous();
    };
    let actor_type = match login.as_str() {
        "github" => ActorType::System,
        login if is_bot || login.ends_with("[bot]") => ActorType::Service,
        _ => ActorType::User,
    };
    let mut actor = draft::actor(actor_type, login.as_str());
    actor.name = Some(login);
    for (name, field) in [
        ("github_id", "actor_id"),
        ("external_name_id", "external_identity_nameid"),
        ("external_username", "external_identity_username"),
    ] {
        if let Some(id) = take_text(entry, field) {
            actor.email = actor.email.or_else(|| fields::email(&id));
            actor.alt_ids.insert(name.to_owned(), id);
        }
    }
    actor
}

/// `user` is the account that was acted on; often the actor's own.
fn person_concerned(entry: &mut JsonObject, actor: Option<&str>) -> Option<Subject> {
    let user = take_text(entry, "user")?;
    if Some(user.as_str()) == actor {
        return None;
    }
    let mut subject = draft::subject(user.as_str());
    subject.name = Some(user);
    if let Some(id) = take_text(entry, "user_id").filter(|id| id != "0") {
        subject.alt_ids.insert("github_id".to_owned(), id);
    }
    Some(subject)
}

fn targets(entry: &mut JsonObject) -> Vec<Target> {
    let mut targets = Vec::new();
    if let Some(id) = take_text(entry, "ruleset_id") {
        let mut ruleset = draft::target("ruleset", id);
        ruleset.name = take_text(entry, "ruleset_name");
        targets.push(ruleset);
    }
    let in_data = |field: &str| text_at(entry, &["data", field]);
    targets.extend(in_data("team").map(|team| draft::target("team", team)));
    targets.extend(in_data("hook_id").map(|hook| draft::target("hook", hook)));
    for (field, target_type) in [
        ("team", "team"),
        ("hook_id", "hook"),
        ("workflow_id", "workflow"),
        ("token_id", "token"),
        ("repo", "repository"),
        ("repository", "repository"),
        ("org", "organization"),
        ("business", "enterprise"),
    ] {
        let Some(id) = take_text(entry, field) else { continue };
        let target = draft::target(target_type, id);
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// `old_name` beside `name`, `ruleset_old_enforcement` beside `ruleset_enforcement`, and so on.
fn changes(entry: &mut JsonObject) -> Vec<annals_domain::event::Change> {
    let old_names: Vec<String> = entry
        .keys()
        .filter(|name| name.contains("old_") || name.starts_with("previous_"))
        .cloned()
        .collect();
    let mut changes = Vec::new();
    for old_name in old_names {
        let name = old_name.replacen("old_", "", 1).replacen("previous_", "", 1);
        let Some(after) = entry.get(&name).or_else(|| entry.get(&format!("new_{name}"))) else {
            continue;
        };
        let after = after.clone();
        let before = entry.remove(&old_name).unwrap_or(Value::Null);
        changes.push(draft::change(&name, before, after));
    }
    changes
}
