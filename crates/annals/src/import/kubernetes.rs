//! Kubernetes API server audit events (`audit.k8s.io/v1`).

use annals_domain::event::{
    Actor, ActorType, JsonObject, Operation, Outcome, OutcomeStatus, Target,
};
use serde_json::Value;

use super::draft::{self, Draft};
use super::fields::{self, as_text, take_text, text_at};
use super::{names, timestamps};

#[cfg(test)]
mod tests;

/// Maps one audit event.
pub(crate) fn map(mut entry: JsonObject) -> Result<Draft, String> {
    let event_type = event_type(&entry)
        .ok_or("has neither `verb` nor `objectRef` nor `requestURI`: no act is told")?;
    let mut draft = Draft::new(event_type, "kubernetes");
    let audit_id = text_at(&entry, &["auditID"]);
    // One request is logged at several stages, all under one audit id.
    let stage = text_at(&entry, &["stage"]).unwrap_or_default();
    draft.vendor_id = audit_id.as_ref().map(|id| format!("{id}/{stage}"));
    draft.occurred_at = timestamps::take_first(
        &mut entry,
        &["requestReceivedTimestamp", "stageTimestamp", "timestamp", "p_event_time"],
    );
    draft.operation = operation(&entry);
    draft.outcome = outcome(&entry);
    draft.grade_by_outcome();
    draft.actor = take_user(&mut entry, "user").unwrap_or_else(draft::anonymous);
    draft.on_behalf_of = take_user(&mut entry, "impersonatedUser").into_iter().collect();
    draft.targets = targets(&entry);
    draft.client = draft::client(source_ip(&mut entry), take_text(&mut entry, "userAgent"));
    draft.request.id = audit_id;
    draft.metadata = entry;
    Ok(draft)
}

/// `kubernetes.pods.exec.create`; requests for a path that is no resource are `kubernetes.url.get`.
/// Pipelines that drop the verb leave at least what was requested: `kubernetes.pods.request`.
fn event_type(entry: &JsonObject) -> Option<String> {
    let verb = text_at(entry, &["verb"]);
    let resource = text_at(entry, &["objectRef", "resource"]);
    if verb.is_none() && resource.is_none() && text_at(entry, &["requestURI"]).is_none() {
        return None;
    }
    let subresource = text_at(entry, &["objectRef", "subresource"]);
    let words = [
        Some("kubernetes".to_owned()),
        Some(resource.unwrap_or_else(|| "url".to_owned())),
        subresource,
        Some(verb.unwrap_or_else(|| "request".to_owned())),
    ];
    let words: Vec<String> = words.into_iter().flatten().map(|word| names::snake(&word)).collect();
    Some(words.join("."))
}

fn operation(entry: &JsonObject) -> Operation {
    let resource = text_at(entry, &["objectRef", "resource"]).unwrap_or_default();
    let subresource = text_at(entry, &["objectRef", "subresource"]).unwrap_or_default();
    let runs = ["exec", "attach", "portforward", "proxy"].contains(&subresource.as_str());
    let binds = ["rolebindings", "clusterrolebindings"].contains(&resource.as_str());
    match text_at(entry, &["verb"]).as_deref() {
        Some("create" | "get" | "post" | "connect") if runs => Operation::Execute,
        Some("create") if binds || subresource == "token" => Operation::Grant,
        Some("delete" | "deletecollection") if binds => Operation::Revoke,
        Some("get" | "list" | "watch" | "head") => Operation::Read,
        Some("create" | "post") => Operation::Create,
        Some("update" | "patch" | "put") => Operation::Update,
        Some("delete" | "deletecollection") => Operation::Delete,
        Some("bind" | "escalate" | "approve") => Operation::Grant,
        _ => Operation::Other,
    }
}

fn outcome(entry: &JsonObject) -> Outcome {
    let code = text_at(entry, &["responseStatus", "code"]);
    let decision = text_at(entry, &["annotations", "authorization.k8s.io/decision"]);
    let status = match code.as_deref().and_then(|code| code.parse::<u16>().ok()) {
        Some(401 | 403) => OutcomeStatus::Denied,
        Some(400..) => OutcomeStatus::Failure,
        Some(_) => OutcomeStatus::Success,
        None if decision.as_deref() == Some("forbid") => OutcomeStatus::Denied,
        None if text_at(entry, &["stage"]).as_deref() == Some("Panic") => OutcomeStatus::Failure,
        None => OutcomeStatus::Unknown,
    };
    let reason = text_at(entry, &["responseStatus", "message"])
        .or_else(|| text_at(entry, &["responseStatus", "reason"]));
    Outcome { status, code, reason }
}

/// Takes a user; the fields without a place (`extra`) stay behind.
fn take_user(entry: &mut JsonObject, field: &str) -> Option<Actor> {
    let user = entry.get_mut(field)?.as_object_mut()?;
    let name = take_text(user, "username")?;
    let actor_type = kind_of_user(&name);
    let mut actor = match actor_type {
        ActorType::Anonymous => draft::anonymous(),
        actor_type => draft::actor(actor_type, name.as_str()),
    };
    actor.email = fields::email(&name);
    actor.name = Some(name);
    actor.alt_ids.extend(take_text(user, "uid").map(|uid| ("uid".to_owned(), uid)));
    let groups: Vec<String> =
        fields::list_at(user, &["groups"]).iter().filter_map(as_text).collect();
    if groups.len() <= 64 {
        user.remove("groups");
    }
    actor.roles = groups.into_iter().take(64).collect();
    Some(actor)
}

fn kind_of_user(name: &str) -> ActorType {
    match name.split_once(':') {
        Some(("system", "anonymous" | "unauthenticated")) => ActorType::Anonymous,
        Some(("system", rest)) if rest.starts_with("serviceaccount:") => ActorType::Service,
        Some(("system", _)) => ActorType::System,
        Some(("eks" | "aks" | "gke", _)) => ActorType::Service,
        _ => ActorType::User,
    }
}

fn targets(entry: &JsonObject) -> Vec<Target> {
    let text = |field: &str| text_at(entry, &["objectRef", field]);
    let Some(resource) = text("resource") else {
        return text_at(entry, &["requestURI"])
            .map(|uri| draft::target("url", uri))
            .into_iter()
            .collect();
    };
    let id = match (text("namespace"), text("name")) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        (namespace, name) => name.or(namespace.map(|namespace| format!("{namespace}/*"))),
    };
    vec![Target { target_type: resource, id, name: text("name"), owner: None }]
}

/// The first address; the list stays where it says more.
fn source_ip(entry: &mut JsonObject) -> Option<std::net::IpAddr> {
    let listed = fields::list_at(entry, &["sourceIPs"]);
    let ip = listed.iter().filter_map(Value::as_str).find_map(|text| text.trim().parse().ok());
    if ip.is_some() && listed.len() == 1 {
        entry.remove("sourceIPs");
    }
    ip
}
