//! The texts that words are looked for in, each with its name and its place: the same as
//! [`crate::facts::texts_of`] gives, in the same order and within the same bounds.

use serde_json::Value;

use super::pointer::Pointer;
use crate::event::{Actor, Event};
use crate::text::{TEXT_BYTES_MAX, TEXTS_MAX};

/// Calls `each` with field, place and text.
pub(super) fn each_text(event: &Event, each: &mut dyn FnMut(&str, Pointer<'_>, &str)) {
    let mut texts = Bounded { each, texts: 0, bytes: 0 };
    let fixed = Pointer::fixed;
    texts.optional("description", fixed("/description"), &event.description);
    actor(&mut texts, ACTOR, fixed("/actor"), &event.actor);
    for (number, principal) in event.on_behalf_of.iter().enumerate() {
        let list = fixed("/on_behalf_of");
        actor(&mut texts, ON_BEHALF_OF, list.item(number), principal);
    }
    texts.optional("outcome.code", fixed("/outcome/code"), &event.outcome.code);
    texts.optional("outcome.reason", fixed("/outcome/reason"), &event.outcome.reason);
    texts.optional("client.user_agent", fixed("/client/user_agent"), &event.client.user_agent);
    let targets = fixed("/targets");
    for (number, target) in event.targets.iter().enumerate() {
        let place = targets.item(number);
        texts.optional("target.id", place.then("/id"), &target.id);
        texts.optional("target.name", place.then("/name"), &target.name);
    }
    if let Some(why) = &event.justification {
        texts.optional("justification.reason", fixed("/justification/reason"), &why.reason);
        texts.optional("justification.ticket", fixed("/justification/ticket"), &why.ticket);
    }
    if let Some(subject) = &event.subject {
        texts.optional("subject.name", fixed("/subject/name"), &subject.name);
        if event.actor.id.as_ref() != Some(&subject.id) {
            texts.push("subject.id", fixed("/subject/id"), &subject.id);
        }
    }
    texts.push("type", fixed("/type"), &event.event_type);
    for (number, target) in event.targets.iter().enumerate() {
        texts.push("target.type", targets.item(number).then("/type"), &target.target_type);
    }
    let labels = fixed("/labels");
    for (key, value) in &event.labels {
        texts.push(&format!("labels.{key}"), labels.key(key), value);
    }
    let changes = fixed("/changes");
    for (number, change) in event.changes.iter().enumerate() {
        let place = changes.item(number);
        texts.push("changes.path", place.then("/path"), &change.path);
        texts.inside(&mut "changes.before".into(), place.then("/before"), &change.before);
        texts.inside(&mut "changes.after".into(), place.then("/after"), &change.after);
    }
    let metadata = fixed("/metadata");
    for (key, value) in &event.metadata {
        texts.inside(&mut format!("metadata.{key}"), metadata.key(key), value);
    }
}

/// What the texts of an actor are called.
type ActorFields = [&'static str; 3];
const ACTOR: ActorFields = ["actor.id", "actor.name", "actor.email"];
const ON_BEHALF_OF: ActorFields = ["on_behalf_of.id", "on_behalf_of.name", "on_behalf_of.email"];

fn actor(texts: &mut Bounded<'_>, fields: ActorFields, place: Pointer<'_>, actor: &Actor) {
    let [id, name, email] = fields;
    texts.optional(id, place.then("/id"), &actor.id);
    texts.optional(name, place.then("/name"), &actor.name);
    texts.optional(email, place.then("/email"), &actor.email);
}

/// Passes texts on as far as words are looked for.
struct Bounded<'e> {
    each: &'e mut dyn FnMut(&str, Pointer<'_>, &str),
    texts: usize,
    bytes: usize,
}

impl Bounded<'_> {
    fn push(&mut self, field: &str, place: Pointer<'_>, text: &str) {
        let room = TEXT_BYTES_MAX - self.bytes;
        if text.is_empty() || room == 0 || self.texts == TEXTS_MAX {
            return;
        }
        let text = &text[..text.floor_char_boundary(room)];
        self.bytes += text.len();
        self.texts += 1;
        (self.each)(field, place, text);
    }

    fn optional(&mut self, field: &str, place: Pointer<'_>, text: &Option<String>) {
        if let Some(text) = text {
            self.push(field, place, text);
        }
    }

    /// The texts of a JSON value. Keys are part of the field's name, items of a list are not.
    fn inside(&mut self, field: &mut String, place: Pointer<'_>, value: &Value) {
        match value {
            Value::String(text) => self.push(field, place, text),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.inside(field, place.item(number), item);
                }
            }
            Value::Object(object) => {
                let length = field.len();
                for (key, value) in object {
                    field.push('.');
                    field.push_str(key);
                    self.inside(field, place.key(key), value);
                    field.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
