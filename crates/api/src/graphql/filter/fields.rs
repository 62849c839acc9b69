//! Which facts each field of the typed filter asks for.

use super::{AuditEventFilter, PathFilter, StringFilter};

/// Conditions on texts, each with the paths of which any may pass.
pub(super) fn texts(filter: &mut AuditEventFilter) -> Vec<(&'static [&'static str], StringFilter)> {
    let all: [(&'static [&'static str], &mut Option<Box<StringFilter>>); 43] = [
        (&["id"], &mut filter.id),
        (&["type"], &mut filter.event_type),
        (&["source"], &mut filter.source),
        (&["tenant"], &mut filter.tenant),
        (&["environment"], &mut filter.environment),
        (&["app_version"], &mut filter.app_version),
        (&["producer.id"], &mut filter.producer_id),
        (&["outcome.code"], &mut filter.outcome_code),
        (&["actor.id", "actor.name", "actor.email"], &mut filter.actor),
        (&["actor.id"], &mut filter.actor_id),
        (&["actor.name"], &mut filter.actor_name),
        (&["actor.email"], &mut filter.actor_email),
        (&["actor.role"], &mut filter.actor_role),
        (&["on_behalf_of.id"], &mut filter.on_behalf_of_id),
        (&["on_behalf_of.name"], &mut filter.on_behalf_of_name),
        (&["on_behalf_of.email"], &mut filter.on_behalf_of_email),
        (&["on_behalf_of.role"], &mut filter.on_behalf_of_role),
        (&["subject.id", "subject.name"], &mut filter.subject),
        (&["subject.id"], &mut filter.subject_id),
        (&["subject.name"], &mut filter.subject_name),
        (&["actor.id", "subject.id"], &mut filter.user_id),
        (&["target.id", "target.name"], &mut filter.target),
        (&["target.type"], &mut filter.target_type),
        (&["target.id"], &mut filter.target_id),
        (&["target.name"], &mut filter.target_name),
        (&["target.owner"], &mut filter.target_owner),
        (&["changes.path"], &mut filter.change_path),
        (&["client.user_agent"], &mut filter.user_agent),
        (&["client.device"], &mut filter.device),
        (&["client.device_type"], &mut filter.device_type),
        (&["client.os"], &mut filter.os),
        (&["client.browser"], &mut filter.browser),
        (&["client.country"], &mut filter.country),
        (&["client.region"], &mut filter.region),
        (&["client.city"], &mut filter.city),
        (&["session.id"], &mut filter.session_id),
        (&["session.auth_method"], &mut filter.auth_method),
        (&["request.id"], &mut filter.request_id),
        (&["request.correlation_id"], &mut filter.correlation_id),
        (&["request.causation_id"], &mut filter.causation_id),
        (&["request.trace_id"], &mut filter.trace_id),
        (&["justification.ticket"], &mut filter.ticket),
        (&["justification.legal_basis"], &mut filter.legal_basis),
    ];
    all.into_iter().filter_map(|(paths, test)| Some((paths, *test.take()?))).collect()
}

/// Conditions on values by their key, each with the path that the key stands behind.
pub(super) fn by_key(filter: &mut AuditEventFilter) -> Vec<(&'static str, Vec<PathFilter>)> {
    let all = [
        ("metadata", &mut filter.metadata),
        ("labels", &mut filter.labels),
        ("actor.alt_ids", &mut filter.actor_alt_ids),
        ("on_behalf_of.alt_ids", &mut filter.on_behalf_of_alt_ids),
        ("subject.alt_ids", &mut filter.subject_alt_ids),
    ];
    all.into_iter().filter_map(|(path, tests)| Some((path, tests.take()?))).collect()
}

/// Conditions on fields that have one of a few words.
pub(super) fn words(filter: &mut AuditEventFilter) -> Vec<(&'static str, Vec<&'static str>)> {
    use annals_domain::event;
    let mut all = Vec::new();
    if let Some(any) = filter.operation.take() {
        let word = |one| event::Operation::from(one).as_str();
        all.push(("operation", any.into_iter().map(word).collect()));
    }
    if let Some(any) = filter.outcome.take() {
        let word = |one| event::OutcomeStatus::from(one).as_str();
        all.push(("outcome", any.into_iter().map(word).collect()));
    }
    if let Some(any) = filter.actor_type.take() {
        let word = |one| event::ActorType::from(one).as_str();
        all.push(("actor.type", any.into_iter().map(word).collect()));
    }
    if let Some(any) = filter.on_behalf_of_type.take() {
        let word = |one| event::ActorType::from(one).as_str();
        all.push(("on_behalf_of.type", any.into_iter().map(word).collect()));
    }
    if let Some(any) = filter.change_operation.take() {
        let word = |one| event::ChangeOperation::from(one).as_str();
        all.push(("changes.op", any.into_iter().map(word).collect()));
    }
    all
}
