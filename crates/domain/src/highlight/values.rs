//! The values that conditions on fields look at, each with its place in the event: those that
//! [`crate::facts::facts_of`] tells, which a test holds them against.

use serde_json::Value;

use super::pointer::Pointer;
use crate::event::{Actor, Client, Event, Request};
use crate::facts::{Fact, VALUES_MAX, bounded, is_folded, leaf};

/// Receives field, place and value.
type Each<'e> = &'e mut dyn FnMut(&str, Pointer<'_>, Fact<'_>);

/// Calls `each` with every value that can be compared, and where it stands.
pub(super) fn each_value(event: &Event, each: Each<'_>) {
    let fixed = Pointer::fixed;
    own_values(event, each);
    actor_values("actor", fixed("/actor"), &event.actor, each);
    let principals = fixed("/on_behalf_of");
    for (number, principal) in event.on_behalf_of.iter().enumerate() {
        actor_values("on_behalf_of", principals.item(number), principal, each);
    }
    if let Some(subject) = &event.subject {
        text("subject.id", fixed("/subject/id"), &subject.id, each);
        optional("subject.name", fixed("/subject/name"), &subject.name, each);
        let ids = fixed("/subject/alt_ids");
        for (key, value) in &subject.alt_ids {
            text(&format!("subject.alt_ids.{key}"), ids.key(key), value, each);
        }
    }
    let targets = fixed("/targets");
    for (number, target) in event.targets.iter().enumerate() {
        let place = targets.item(number);
        text("target.type", place.then("/type"), &target.target_type, each);
        optional("target.id", place.then("/id"), &target.id, each);
        optional("target.name", place.then("/name"), &target.name, each);
        optional("target.owner", place.then("/owner"), &target.owner, each);
    }
    let changes = fixed("/changes");
    for (number, change) in event.changes.iter().enumerate() {
        let place = changes.item(number);
        text("changes.path", place.then("/path"), &change.path, each);
        text("changes.op", place.then("/op"), change.op.as_str(), each);
    }
    let labels = fixed("/labels");
    for (key, value) in &event.labels {
        text(&format!("labels.{key}"), labels.key(key), value, each);
    }
    let (metadata, mut left) = (fixed("/metadata"), VALUES_MAX);
    for (key, value) in &event.metadata {
        inside(&mut format!("metadata.{key}"), metadata.key(key), value, &mut left, each);
    }
}

/// What stands at the event itself, and is there once at most.
fn own_values(event: &Event, each: Each<'_>) {
    let fixed = Pointer::fixed;
    text("id", fixed("/id"), &event.id.to_string(), each);
    text("tenant", fixed("/tenant"), event.tenant.as_str(), each);
    text("type", fixed("/type"), &event.event_type, each);
    text("source", fixed("/source"), &event.source, each);
    optional("environment", fixed("/environment"), &event.environment, each);
    optional("app_version", fixed("/app_version"), &event.app_version, each);
    text("operation", fixed("/operation"), event.operation.as_str(), each);
    text("severity", fixed("/severity"), event.severity.as_str(), each);
    let rank = Fact::Number(f64::from(event.severity as u8));
    each("severity_rank", fixed("/severity"), rank);
    text("outcome", fixed("/outcome/status"), event.outcome.status.as_str(), each);
    optional("outcome.code", fixed("/outcome/code"), &event.outcome.code, each);
    client_values(&event.client, each);
    request_values(&event.request, each);
    if let Some(session) = &event.session {
        optional("session.id", fixed("/session/id"), &session.id, each);
        let method = &session.auth_method;
        optional("session.auth_method", fixed("/session/auth_method"), method, each);
        if let Some(mfa) = session.mfa {
            each("session.mfa", fixed("/session/mfa"), Fact::Flag(mfa));
        }
    }
    if let Some(why) = &event.justification {
        optional("justification.ticket", fixed("/justification/ticket"), &why.ticket, each);
        let basis = &why.legal_basis;
        optional("justification.legal_basis", fixed("/justification/legal_basis"), basis, each);
    }
    if let Some(producer) = &event.producer {
        text("producer.id", fixed("/producer/id"), &producer.id, each);
    }
}

fn client_values(client: &Client, each: Each<'_>) {
    let fixed = Pointer::fixed;
    if let Some(ip) = client.ip {
        each("client.ip", fixed("/client/ip"), Fact::Address(ip.to_canonical()));
    }
    optional("client.user_agent", fixed("/client/user_agent"), &client.user_agent, each);
    if let Some(geo) = &client.geo {
        optional("client.country", fixed("/client/geo/country"), &geo.country, each);
        optional("client.region", fixed("/client/geo/region"), &geo.region, each);
        optional("client.city", fixed("/client/geo/city"), &geo.city, each);
    }
    if let Some(device) = &client.device {
        optional("client.device", fixed("/client/device/name"), &device.name, each);
        optional("client.device_type", fixed("/client/device/type"), &device.device_type, each);
        optional("client.os", fixed("/client/device/os"), &device.os, each);
        optional("client.browser", fixed("/client/device/browser"), &device.browser, each);
    }
}

fn request_values(request: &Request, each: Each<'_>) {
    let fixed = Pointer::fixed;
    optional("request.id", fixed("/request/id"), &request.id, each);
    let (correlation, causation) = (&request.correlation_id, &request.causation_id);
    optional("request.correlation_id", fixed("/request/correlation_id"), correlation, each);
    optional("request.causation_id", fixed("/request/causation_id"), causation, each);
    if let Some(trace) = request.traceparent.as_deref().and_then(|all| all.split('-').nth(1)) {
        text("request.trace_id", fixed("/request/traceparent"), trace, each);
    }
}

fn actor_values(prefix: &str, place: Pointer<'_>, actor: &Actor, each: Each<'_>) {
    let field = |name: &str| format!("{prefix}.{name}");
    text(&field("type"), place.then("/type"), actor.actor_type.as_str(), each);
    optional(&field("id"), place.then("/id"), &actor.id, each);
    optional(&field("name"), place.then("/name"), &actor.name, each);
    optional(&field("email"), place.then("/email"), &actor.email, each);
    let (roles, ids) = (place.then("/roles"), place.then("/alt_ids"));
    for (number, role) in actor.roles.iter().enumerate() {
        text(&field("role"), roles.item(number), role, each);
    }
    for (key, value) in &actor.alt_ids {
        text(&field(&format!("alt_ids.{key}")), ids.key(key), value, each);
    }
}

fn optional(field: &str, place: Pointer<'_>, value: &Option<String>, each: Each<'_>) {
    if let Some(value) = value {
        text(field, place, value, each);
    }
}

fn text(field: &str, place: Pointer<'_>, value: &str, each: Each<'_>) {
    let fact = if is_folded(field) { Fact::Folded(value) } else { Fact::Exact(value) };
    each(field, place, bounded(fact));
}

/// The values inside of a JSON value. Keys are part of the field's name, items of a list are not.
fn inside(field: &mut String, place: Pointer<'_>, value: &Value, left: &mut usize, each: Each<'_>) {
    if *left == 0 {
        return;
    }
    match value {
        Value::Object(object) if !object.is_empty() => {
            let length = field.len();
            for (key, value) in object {
                field.push('.');
                field.push_str(key);
                inside(field, place.key(key), value, left, each);
                field.truncate(length);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                inside(field, place.item(number), item, left, each);
            }
        }
        value => {
            *left -= 1;
            each(field, place, leaf(value));
        }
    }
}
