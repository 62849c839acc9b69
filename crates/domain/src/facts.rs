//! An event as a flat list of path and value: all that a filter can see of it.
//!
//! The index writes these facts down and the in-memory evaluation reads them; because both take
//! them from here, they agree.

use std::net::IpAddr;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::event::{Actor, Event, JsonObject};
use crate::text::Texts;

/// One value of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact<'a> {
    /// Text compared as it is.
    Exact(&'a str),
    /// Text compared after [`fold`].
    Folded(&'a str),
    /// A number; also comparable as the text that JSON writes for it.
    Number(f64),
    /// `true` or `false`, comparable as that text.
    Flag(bool),
    /// An address, IPv4 in its own form.
    Address(IpAddr),
    /// There, but without a value to compare (`null`, `{}` …).
    Present,
}

/// Receives the facts of an event, one by one.
pub trait FactSink {
    /// `path` is only valid during the call.
    fn fact(&mut self, path: &str, fact: Fact<'_>);
}

impl<F: FnMut(&str, Fact<'_>)> FactSink for F {
    fn fact(&mut self, path: &str, fact: Fact<'_>) {
        self(path, fact);
    }
}

/// How many values inside `metadata` are facts; the rest can only be read.
pub const VALUES_MAX: usize = 512;
/// Longer values are not comparable as a whole, only by their words.
pub const VALUE_BYTES_MAX: usize = 1024;

/// Text without regard to case, so that `Ann` and `ANN` are found alike.
///
/// Identifiers are never folded: `Ann` and `ann` are two people.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends `text`, folded.
pub fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        folded.extend(text.bytes().map(|byte| byte.to_ascii_lowercase() as char));
        return;
    }
    // Letter by letter, so that a part of a text folds as it does in the whole: in Greek the last
    // letter of a word has a form of its own, and a pattern ends where the text may go on.
    let mut lower = String::with_capacity(text.len() + 4);
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ς' => lower.push('σ'),
            'ß' => lower.push_str("ss"),
            c => lower.push(c),
        }
    }
    // An accent is the same whether it was written with its letter or behind it.
    folded.extend(lower.nfc());
}

/// The number that `text` writes: decimal, perhaps with an exponent, finite.
pub fn number_of(text: &str) -> Option<f64> {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    // `parse` alone would also take `inf` and `nan`.
    if !text.bytes().all(plain) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The text of a number, as patterns see it: `100` whether JSON said `100` or `100.0`.
pub fn number_text(number: f64) -> String {
    // Up to here every whole number has a double of its own, and the plain form stays short.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.abs() <= WHOLE_MAX { format!("{}", number + 0.0) } else { format!("{number:e}") }
}

/// Whether values of the field are compared after [`fold`].
pub fn is_folded(field: &str) -> bool {
    const EXACT: &[&str] = &[
        "id",
        "tenant",
        "source",
        "actor.id",
        "subject.id",
        "target.id",
        "target.owner",
        "on_behalf_of.id",
        "session.id",
        "request.id",
        "request.correlation_id",
        "request.causation_id",
        "request.trace_id",
        "producer.id",
    ];
    !(EXACT.contains(&field)
        || field.starts_with("actor.alt_ids.")
        || field.starts_with("subject.alt_ids.")
        || field.starts_with("on_behalf_of.alt_ids."))
}

/// Tells `sink` every fact of the event.
pub fn facts_of(event: &Event, sink: &mut impl FactSink) {
    use Fact::{Address, Exact, Flag, Folded, Number, Present};
    let mut text = |path: &str, value: &Option<String>| {
        if let Some(value) = value {
            let fact = if is_folded(path) { Folded(value) } else { Exact(value) };
            sink.fact(path, bounded(fact));
        }
    };
    text("environment", &event.environment);
    text("app_version", &event.app_version);
    text("outcome.code", &event.outcome.code);
    if let Some(geo) = &event.client.geo {
        text("client.country", &geo.country);
        text("client.region", &geo.region);
        text("client.city", &geo.city);
    }
    if let Some(device) = &event.client.device {
        text("client.device", &device.name);
        text("client.device_type", &device.device_type);
        text("client.os", &device.os);
        text("client.browser", &device.browser);
    }
    if let Some(session) = &event.session {
        text("session.id", &session.id);
        text("session.auth_method", &session.auth_method);
    }
    text("request.id", &event.request.id);
    text("request.correlation_id", &event.request.correlation_id);
    text("request.causation_id", &event.request.causation_id);
    if let Some(justification) = &event.justification {
        text("justification.ticket", &justification.ticket);
        text("justification.legal_basis", &justification.legal_basis);
    }
    for target in &event.targets {
        text("target.id", &target.id);
        text("target.name", &target.name);
        text("target.owner", &target.owner);
    }
    if let Some(trace) = event.request.traceparent.as_deref().and_then(|t| t.split('-').nth(1)) {
        sink.fact("request.trace_id", bounded(Exact(trace)));
    }
    sink.fact("id", Exact(event.id.0.hyphenated().encode_lower(&mut Uuid::encode_buffer())));
    sink.fact("tenant", Exact(event.tenant.as_str()));
    sink.fact("type", Folded(&event.event_type));
    sink.fact("source", bounded(Exact(&event.source)));
    sink.fact("operation", Folded(event.operation.as_str()));
    sink.fact("severity", Folded(event.severity.as_str()));
    sink.fact("severity_rank", Number(f64::from(event.severity as u8)));
    sink.fact("outcome", Folded(event.outcome.status.as_str()));
    actor_facts("actor", &event.actor, sink);
    for principal in &event.on_behalf_of {
        actor_facts("on_behalf_of", principal, sink);
    }
    if let Some(subject) = &event.subject {
        sink.fact("subject.id", bounded(Exact(&subject.id)));
        if let Some(name) = &subject.name {
            sink.fact("subject.name", bounded(Folded(name)));
        }
        for (key, value) in &subject.alt_ids {
            sink.fact(&format!("subject.alt_ids.{key}"), bounded(Exact(value)));
        }
    }
    for target in &event.targets {
        sink.fact("target.type", bounded(Folded(&target.target_type)));
    }
    for change in &event.changes {
        sink.fact("changes.path", bounded(Folded(&change.path)));
        sink.fact("changes.op", Folded(change.op.as_str()));
    }
    if let Some(ip) = event.client.ip {
        sink.fact("client.ip", Address(ip.to_canonical()));
    }
    if let Some(user_agent) = &event.client.user_agent {
        sink.fact("client.user_agent", bounded(Folded(user_agent)));
    }
    if let Some(mfa) = event.session.as_ref().and_then(|s| s.mfa) {
        sink.fact("session.mfa", Flag(mfa));
    }
    if let Some(producer) = &event.producer {
        sink.fact("producer.id", bounded(Exact(&producer.id)));
    }
    // Free text is found by its words only; that there is some can be asked for.
    let reason = event.justification.as_ref().and_then(|j| j.reason.as_ref());
    for (path, text) in [
        ("description", event.description.as_ref()),
        ("outcome.reason", event.outcome.reason.as_ref()),
        ("justification.reason", reason),
    ] {
        if text.is_some() {
            sink.fact(path, Present);
        }
    }
    for (key, value) in &event.labels {
        sink.fact(&format!("labels.{key}"), bounded(Folded(value)));
    }
    let mut left = VALUES_MAX;
    object_facts(&mut String::from("metadata"), &event.metadata, &mut left, sink);
}

fn actor_facts(prefix: &str, actor: &Actor, sink: &mut impl FactSink) {
    let mut path = String::with_capacity(32);
    let mut tell = |name: &str, fact: Fact<'_>| {
        path.clear();
        path.push_str(prefix);
        path.push('.');
        path.push_str(name);
        sink.fact(&path, bounded(fact));
    };
    tell("type", Fact::Folded(actor.actor_type.as_str()));
    if let Some(id) = &actor.id {
        tell("id", Fact::Exact(id));
    }
    if let Some(name) = &actor.name {
        tell("name", Fact::Folded(name));
    }
    if let Some(email) = &actor.email {
        tell("email", Fact::Folded(email));
    }
    for role in &actor.roles {
        tell("role", Fact::Folded(role));
    }
    for (key, value) in &actor.alt_ids {
        tell(&format!("alt_ids.{key}"), Fact::Exact(value));
    }
}

fn object_facts(
    path: &mut String,
    object: &JsonObject,
    left: &mut usize,
    sink: &mut impl FactSink,
) {
    for (key, value) in object {
        let length = path.len();
        path.push('.');
        path.push_str(key);
        value_facts(path, value, left, sink);
        path.truncate(length);
    }
}

fn value_facts(path: &mut String, value: &Value, left: &mut usize, sink: &mut impl FactSink) {
    if *left == 0 {
        return;
    }
    match value {
        Value::Object(object) if !object.is_empty() => object_facts(path, object, left, sink),
        // The items of a list are values of the same path: `metadata.tag:a` finds `["a", "b"]`.
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                value_facts(path, item, left, sink);
            }
        }
        _ => {
            *left -= 1;
            sink.fact(path, leaf(value));
        }
    }
}

/// The value of what holds no others.
pub(crate) fn leaf(value: &Value) -> Fact<'_> {
    match value {
        Value::String(text) => bounded(Fact::Folded(text)),
        Value::Number(number) => number.as_f64().map_or(Fact::Present, Fact::Number),
        Value::Bool(flag) => Fact::Flag(*flag),
        Value::Null | Value::Array(_) | Value::Object(_) => Fact::Present,
    }
}

/// Too long a value is only known to be there.
pub(crate) fn bounded(fact: Fact<'_>) -> Fact<'_> {
    match fact {
        Fact::Exact(text) | Fact::Folded(text) if text.len() > VALUE_BYTES_MAX => Fact::Present,
        fact => fact,
    }
}

/// The texts of an event that words are looked for in, each a run of its own.
pub fn texts_of<'a>(event: &'a Event, texts: &mut Texts<'a>) {
    let mut add = |text: &'a Option<String>| {
        if let Some(text) = text {
            texts.push(text);
        }
    };
    add(&event.description);
    add(&event.actor.id);
    add(&event.actor.name);
    add(&event.actor.email);
    for principal in &event.on_behalf_of {
        add(&principal.id);
        add(&principal.name);
        add(&principal.email);
    }
    add(&event.outcome.code);
    add(&event.outcome.reason);
    add(&event.client.user_agent);
    for target in &event.targets {
        add(&target.id);
        add(&target.name);
    }
    if let Some(justification) = &event.justification {
        add(&justification.reason);
        add(&justification.ticket);
    }
    if let Some(subject) = &event.subject {
        add(&subject.name);
        // Mostly the actor's, which is a text already.
        if event.actor.id.as_ref() != Some(&subject.id) {
            texts.push(&subject.id);
        }
    }
    texts.push(&event.event_type);
    for target in &event.targets {
        texts.push(&target.target_type);
    }
    for value in event.labels.values() {
        texts.push(value);
    }
    for change in &event.changes {
        texts.push(&change.path);
        value_texts(&change.before, texts);
        value_texts(&change.after, texts);
    }
    for value in event.metadata.values() {
        value_texts(value, texts);
    }
}

fn value_texts<'a>(value: &'a Value, texts: &mut Texts<'a>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| value_texts(item, texts)),
        Value::Object(object) => object.values().for_each(|value| value_texts(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
