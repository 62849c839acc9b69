//! Every limit and rule that an assembled event must keep.
//!
//! Nearly every event keeps them all, and this is on the path of every event: paths are passed as
//! things to display and become text only for a field that is refused.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{Admission, UnknownTypes, keys_in};
use crate::event::{Actor, Event};
use crate::limits::EventLimits;
use crate::problem::{ErrorCode, FieldError};

/// Earliest `occurred_at`: 1970-01-01T00:00:00Z.
const EARLIEST: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// A field's path, not yet written.
type Path<'a> = &'a dyn fmt::Display;

pub(super) fn check(event: &mut Event, admission: &Admission<'_>, errors: &mut Vec<FieldError>) {
    let mut checker = Checker { limits: admission.limits, errors };
    checker.event(event);
    checker.time(event, admission.now);
    checker.catalogue(event, admission);
}

/// Refuses a value nested deeper than `depth_max`.
pub(super) fn check_depth_of(
    path: Path<'_>,
    value: &Value,
    depth_max: usize,
    errors: &mut Vec<FieldError>,
) {
    if depth(value) > depth_max {
        errors.push(FieldError::new(
            path.to_string(),
            ErrorCode::TooLarge,
            format!("is nested deeper than {depth_max} levels"),
        ));
    }
}

/// The reader has already bounded the depth of the whole event, so this recursion is shallow.
fn depth(value: &Value) -> usize {
    match value {
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether a closer look is needed: control characters are bytes below a space, DEL, and pairs that
/// begin with `C2`. The bytes alone are looked through several at a time.
fn may_hold_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' || byte == 0x7f || byte == 0xc2)
}

struct Checker<'a> {
    limits: &'a EventLimits,
    errors: &'a mut Vec<FieldError>,
}

impl Checker<'_> {
    fn refuse(&mut self, path: Path<'_>, code: ErrorCode, message: impl Into<String>) {
        self.errors.push(FieldError::new(path.to_string(), code, message));
    }

    fn event(&mut self, event: &Event) {
        let limits = self.limits;
        self.name(&"type", &event.event_type, limits.type_bytes_max);
        if event.event_type.is_empty() {
            self.refuse(&"type", ErrorCode::Required, "must not be empty");
        }
        self.name(&"source", &event.source, limits.name_bytes_max);
        self.optional(&"environment", &event.environment, limits.name_bytes_max);
        self.optional(&"app_version", &event.app_version, limits.name_bytes_max);
        if let Some(producer) = &event.producer {
            self.name(&"producer.id", &producer.id, limits.id_bytes_max);
        }
        self.text(&"description", &event.description);
        self.optional(&"outcome.code", &event.outcome.code, limits.name_bytes_max);
        self.text(&"outcome.reason", &event.outcome.reason);
        self.actor(&"actor", &event.actor);
        self.count(&"on_behalf_of", event.on_behalf_of.len(), limits.on_behalf_of_max);
        for (i, principal) in event.on_behalf_of.iter().enumerate() {
            self.actor(&format_args!("on_behalf_of[{i}]"), principal);
        }
        if let Some(subject) = &event.subject {
            // An actor who is their own subject is complained of once.
            if event.actor.id.as_ref() != Some(&subject.id) {
                self.id(&"subject.id", &subject.id);
            }
            self.optional(&"subject.name", &subject.name, limits.name_bytes_max);
            self.map(&"subject.alt_ids", &subject.alt_ids, limits.alt_ids_max);
        }
        self.count(&"targets", event.targets.len(), limits.targets_max);
        for (i, target) in event.targets.iter().enumerate() {
            if target.target_type.is_empty() {
                self.refuse(
                    &format_args!("targets[{i}].type"),
                    ErrorCode::Required,
                    "must not be empty",
                );
            }
            self.name(
                &format_args!("targets[{i}].type"),
                &target.target_type,
                limits.name_bytes_max,
            );
            self.optional(&format_args!("targets[{i}].id"), &target.id, limits.id_bytes_max);
            self.optional(&format_args!("targets[{i}].name"), &target.name, limits.name_bytes_max);
            self.optional(&format_args!("targets[{i}].owner"), &target.owner, limits.id_bytes_max);
        }
        self.changes(event);
        self.client(event);
        self.context(event);
        self.metadata(event);
        self.map(&"labels", &event.labels, limits.labels_max);
    }

    fn changes(&mut self, event: &Event) {
        self.count(&"changes", event.changes.len(), self.limits.changes_max);
        for (i, change) in event.changes.iter().enumerate() {
            self.name(&format_args!("changes[{i}].path"), &change.path, self.limits.name_bytes_max);
            for (name, value) in [("before", &change.before), ("after", &change.after)] {
                let path: Path<'_> = &format_args!("changes[{i}].{name}");
                check_depth_of(path, value, self.limits.metadata_depth_max, self.errors);
                self.value(path, value);
            }
        }
    }

    fn client(&mut self, event: &Event) {
        let limits = self.limits;
        let client = &event.client;
        self.optional(&"client.user_agent", &client.user_agent, limits.user_agent_bytes_max);
        if let Some(device) = &client.device {
            self.optional(&"client.device.name", &device.name, limits.name_bytes_max);
            self.optional(&"client.device.type", &device.device_type, limits.name_bytes_max);
            self.optional(&"client.device.os", &device.os, limits.name_bytes_max);
            self.optional(&"client.device.browser", &device.browser, limits.name_bytes_max);
        }
        if let Some(geo) = &client.geo {
            self.optional(&"client.geo.country", &geo.country, limits.name_bytes_max);
            self.optional(&"client.geo.region", &geo.region, limits.name_bytes_max);
            self.optional(&"client.geo.city", &geo.city, limits.name_bytes_max);
        }
    }

    fn context(&mut self, event: &Event) {
        let limits = self.limits;
        if let Some(session) = &event.session {
            self.optional(&"session.id", &session.id, limits.id_bytes_max);
            self.optional(&"session.auth_method", &session.auth_method, limits.name_bytes_max);
        }
        let request = &event.request;
        self.optional(&"request.id", &request.id, limits.id_bytes_max);
        self.optional(&"request.correlation_id", &request.correlation_id, limits.id_bytes_max);
        self.optional(&"request.causation_id", &request.causation_id, limits.id_bytes_max);
        self.optional(&"request.traceparent", &request.traceparent, limits.id_bytes_max);
        if let Some(justification) = &event.justification {
            self.text(&"justification.reason", &justification.reason);
            let name_max = limits.name_bytes_max;
            self.optional(&"justification.ticket", &justification.ticket, name_max);
            self.optional(&"justification.legal_basis", &justification.legal_basis, name_max);
        }
    }

    fn metadata(&mut self, event: &Event) {
        let keys = keys_in(&event.metadata);
        if keys > self.limits.metadata_keys_max {
            let max = self.limits.metadata_keys_max;
            self.refuse(
                &"metadata",
                ErrorCode::TooLarge,
                format!("has {keys} keys; at most {max}"),
            );
        }
        let depth_max = self.limits.metadata_depth_max;
        for (key, value) in &event.metadata {
            let path: Path<'_> = &format_args!("metadata.{key}");
            // The object itself is the first level.
            check_depth_of(path, value, depth_max.saturating_sub(1), self.errors);
            self.key(&"metadata", key);
            self.value(path, value);
        }
    }

    fn actor(&mut self, path: Path<'_>, actor: &Actor) {
        let limits = self.limits;
        if let Some(id) = &actor.id {
            self.id(&format_args!("{path}.id"), id);
        }
        self.optional(&format_args!("{path}.name"), &actor.name, limits.name_bytes_max);
        self.optional(&format_args!("{path}.email"), &actor.email, limits.name_bytes_max);
        self.count(&format_args!("{path}.roles"), actor.roles.len(), limits.roles_max);
        for (i, role) in actor.roles.iter().enumerate() {
            self.name(&format_args!("{path}.roles[{i}]"), role, limits.name_bytes_max);
        }
        self.map(&format_args!("{path}.alt_ids"), &actor.alt_ids, limits.alt_ids_max);
    }

    fn id(&mut self, path: Path<'_>, id: &str) {
        if id.is_empty() {
            self.refuse(path, ErrorCode::Required, "must not be empty");
        }
        self.name(path, id, self.limits.id_bytes_max);
    }

    fn optional(&mut self, path: Path<'_>, value: &Option<String>, bytes_max: usize) {
        if let Some(value) = value {
            self.name(path, value, bytes_max);
        }
    }

    /// One line of text.
    fn name(&mut self, path: Path<'_>, value: &str, bytes_max: usize) {
        self.length(path, value, bytes_max);
        if may_hold_control(value) && value.chars().any(char::is_control) {
            self.refuse(path, ErrorCode::ControlCharacter, "must not hold control characters");
        }
    }

    /// Text of several lines.
    fn text(&mut self, path: Path<'_>, value: &Option<String>) {
        if let Some(value) = value {
            self.length(path, value, self.limits.text_bytes_max);
            self.lines(path, value);
        }
    }

    fn lines(&mut self, path: Path<'_>, value: &str) {
        let unwanted = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if may_hold_control(value) && value.chars().any(unwanted) {
            self.refuse(
                path,
                ErrorCode::ControlCharacter,
                "must not hold control characters other than line breaks and tabs",
            );
        }
    }

    fn length(&mut self, path: Path<'_>, value: &str, bytes_max: usize) {
        if value.len() > bytes_max {
            let bytes = value.len();
            let message = format!("is {bytes} bytes long; at most {bytes_max}");
            self.refuse(path, ErrorCode::TooLarge, message);
        }
    }

    fn count(&mut self, path: Path<'_>, count: usize, max: usize) {
        if count > max {
            self.refuse(path, ErrorCode::TooLarge, format!("has {count} items; at most {max}"));
        }
    }

    fn map(&mut self, path: Path<'_>, map: &BTreeMap<String, String>, max: usize) {
        self.count(path, map.len(), max);
        for (key, value) in map {
            self.key(path, key);
            self.name(&format_args!("{path}.{key}"), value, self.limits.name_bytes_max);
        }
    }

    fn key(&mut self, path: Path<'_>, key: &str) {
        if key.is_empty() || key.len() > self.limits.name_bytes_max {
            let max = self.limits.name_bytes_max;
            self.refuse(
                path,
                ErrorCode::TooLarge,
                format!("has a key that is not 1 to {max} bytes"),
            );
        }
        if may_hold_control(key) && key.chars().any(char::is_control) {
            self.refuse(path, ErrorCode::ControlCharacter, "has a key with control characters");
        }
    }

    /// Text anywhere inside a JSON value.
    fn value(&mut self, path: Path<'_>, value: &Value) {
        match value {
            Value::String(text) => self.lines(path, text),
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(&format_args!("{path}[{i}]"), item);
                }
            }
            Value::Object(object) => {
                for (key, value) in object {
                    self.key(path, key);
                    self.value(&format_args!("{path}.{key}"), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn time(&mut self, event: &Event, now: jiff::Timestamp) {
        let occurred = event.occurred_at.timestamp;
        let seconds_ahead = occurred.as_second() - now.as_second();
        if occurred < EARLIEST {
            self.refuse(&"occurred_at", ErrorCode::OutOfRange, "lies before 1970");
        } else if seconds_ahead > self.limits.future_seconds_max {
            let max = self.limits.future_seconds_max;
            let message =
                format!("lies {seconds_ahead} s in the future; at most {max}: check the clock");
            self.refuse(&"occurred_at", ErrorCode::OutOfRange, message);
        }
    }

    fn catalogue(&mut self, event: &mut Event, admission: &Admission<'_>) {
        if event.event_type.starts_with("annals.") && !admission.own_facts {
            self.refuse(
                &"type",
                ErrorCode::Reserved,
                "types that begin with `annals.` are Annals' own facts; choose another name",
            );
        }
        if event.schema_version == 0 {
            self.refuse(&"schema_version", ErrorCode::OutOfRange, "begins at 1");
        }
        let Some(entry) = admission.catalogue.find(&event.event_type) else {
            if admission.unknown_types != UnknownTypes::Accept {
                self.refuse(
                    &"type",
                    ErrorCode::UnknownType,
                    "is not in the catalogue, and this installation takes only known types",
                );
            }
            return;
        };
        for key in &entry.forbidden {
            if event.metadata.contains_key(key) {
                self.refuse(
                    &format_args!("metadata.{key}"),
                    ErrorCode::Schema,
                    "must not be sent with this type",
                );
            }
        }
        if event.schema_version > entry.version {
            let newest = entry.version;
            self.refuse(
                &"schema_version",
                ErrorCode::OutOfRange,
                format!("is newer than the catalogue's, {newest}"),
            );
        }
        let schema = entry.schema_of(event.schema_version).and_then(Value::as_object);
        if schema.is_some_and(|schema| schema.len() > 1) {
            // The validator wants a value; lending the object is cheaper than copying it.
            let metadata = Value::Object(std::mem::take(&mut event.metadata));
            let version = event.schema_version;
            let problems = admission.catalogue.check_metadata(&entry.name, version, &metadata);
            for (path, message) in problems {
                self.refuse(&path, ErrorCode::Schema, message);
            }
            if let Value::Object(metadata) = metadata {
                event.metadata = metadata;
            }
        }
    }
}
