//! Which parts of an event a role does not see.
//!
//! What is masked is shown as [`MASKED`]; where the form forbids that (an address, a date) it is left
//! out. Who does not see a field cannot ask for it either: by the answers to guesses it could be read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::event::{Actor, Change, Event};
use crate::filter::{Filter, Test};

/// Stands where a text was masked.
pub const MASKED: &str = "[masked]";

/// A class of fields that are hidden together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Names of people, and of what was acted upon, which may be people.
    Names,
    /// E-mail addresses and identifiers in other systems.
    Contact,
    /// Addresses, user agents, cities and regions.
    Network,
    /// Metadata that the catalogue calls personal.
    Personal,
    /// What people wrote: descriptions and reasons.
    Texts,
    /// Values before and after a change.
    Values,
}

impl Mask {
    /// Every class.
    pub const ALL: &'static [Self] =
        &[Self::Names, Self::Contact, Self::Network, Self::Personal, Self::Texts, Self::Values];

    /// The word for it in `access.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Contact => "contact",
            Self::Network => "network",
            Self::Personal => "personal",
            Self::Texts => "texts",
            Self::Values => "values",
        }
    }
}

/// A set of masks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Masks(u8);

impl FromIterator<Mask> for Masks {
    fn from_iter<I: IntoIterator<Item = Mask>>(masks: I) -> Self {
        Self(masks.into_iter().fold(0, |set, mask| set | 1 << mask as u8))
    }
}

impl Masks {
    /// Whether nothing is hidden.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this class is hidden.
    pub fn has(self, mask: Mask) -> bool {
        self.0 & 1 << mask as u8 != 0
    }

    /// What both hide.
    pub fn shared_with(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either hides.
    pub fn joined_with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Its classes.
    pub fn list(self) -> impl Iterator<Item = Mask> {
        Mask::ALL.iter().copied().filter(move |mask| self.has(*mask))
    }

    /// Whether the fact of that path is hidden, in events of any type.
    pub fn hides(self, path: &str, catalogue: &Catalogue) -> bool {
        let class = match path {
            "actor.name" | "subject.name" | "on_behalf_of.name" | "target.name" => Mask::Names,
            "actor.email" | "on_behalf_of.email" => Mask::Contact,
            "client.ip" | "client.user_agent" | "client.city" | "client.region" => Mask::Network,
            "description" | "outcome.reason" | "justification.reason" => Mask::Texts,
            path if path.contains(".alt_ids.") => Mask::Contact,
            path => match path.strip_prefix("metadata.") {
                Some(path) => {
                    return self.has(Mask::Personal) && personal_in(path, catalogue).is_some();
                }
                None => return false,
            },
        };
        self.has(class)
    }

    /// Whether not even the presence of the fact may be told: keys inside of what is hidden.
    fn hides_presence(self, path: &str, catalogue: &Catalogue) -> bool {
        let inside =
            |path: &str| personal_in(path, catalogue).is_some_and(|key| key.len() < path.len());
        self.has(Mask::Personal) && path.strip_prefix("metadata.").is_some_and(inside)
    }

    /// The first part of a question that asks for what is hidden. Words are looked for in all texts
    /// at once, so whoever does not see all of them cannot look for words.
    pub fn hidden_in(self, filter: &Filter, catalogue: &Catalogue) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        match filter {
            Filter::And(filters) | Filter::Or(filters) => {
                filters.iter().find_map(|filter| self.hidden_in(filter, catalogue))
            }
            Filter::Not(filter) => self.hidden_in(filter, catalogue),
            Filter::Field(field, Test::Exists) => {
                self.hides_presence(&field.0, catalogue).then(|| format!("`{}`", field.0))
            }
            Filter::Field(field, _) => {
                self.hides(&field.0, catalogue).then(|| format!("`{}`", field.0))
            }
            Filter::Text(_) | Filter::Near(_) => Some("words in texts".into()),
            Filter::All | Filter::Occurred(_) | Filter::Received(_) => None,
        }
    }

    /// Hides these classes in an event.
    pub fn apply(self, event: &mut Event, catalogue: &Catalogue) {
        if self.is_empty() {
            return;
        }
        self.apply_to_actor(&mut event.actor);
        event.on_behalf_of.iter_mut().for_each(|actor| self.apply_to_actor(actor));
        if let Some(subject) = &mut event.subject {
            self.text(Mask::Names, &mut subject.name);
            self.texts(Mask::Contact, subject.alt_ids.values_mut());
        }
        if self.has(Mask::Network) {
            event.client.ip = None;
            self.text(Mask::Network, &mut event.client.user_agent);
            if let Some(geo) = &mut event.client.geo {
                self.text(Mask::Network, &mut geo.region);
                self.text(Mask::Network, &mut geo.city);
            }
        }
        self.text(Mask::Texts, &mut event.description);
        self.text(Mask::Texts, &mut event.outcome.reason);
        if let Some(justification) = &mut event.justification {
            self.text(Mask::Texts, &mut justification.reason);
        }
        event.targets.iter_mut().for_each(|target| self.text(Mask::Names, &mut target.name));
        if self.has(Mask::Personal) {
            let entry = catalogue.find(&event.event_type);
            let is_personal = |key: &str| match entry {
                Some(entry) => entry.personal.iter().any(|known| known == key),
                // Nobody said which keys of the type are personal: those that are elsewhere.
                None => personal_in(key, catalogue).is_some(),
            };
            let hidden = event.metadata.iter_mut().filter(|(key, _)| is_personal(key));
            hidden.for_each(|(_, value)| *value = MASKED.into());
        }
        // Old and new values stand for what is hidden elsewhere, too: names, addresses.
        let hides_personal =
            [Mask::Names, Mask::Contact, Mask::Personal].into_iter().any(|mask| self.has(mask));
        for change in &mut event.changes {
            if self.has(Mask::Values) || (hides_personal && is_of_person(change, catalogue)) {
                hide(&mut change.before);
                hide(&mut change.after);
            }
        }
    }

    fn apply_to_actor(self, actor: &mut Actor) {
        self.text(Mask::Names, &mut actor.name);
        self.text(Mask::Contact, &mut actor.email);
        self.texts(Mask::Contact, actor.alt_ids.values_mut());
    }

    fn text(self, class: Mask, text: &mut Option<String>) {
        if let Some(text) = text.as_mut().filter(|_| self.has(class)) {
            *text = MASKED.into();
        }
    }

    fn texts<'a>(self, class: Mask, texts: impl Iterator<Item = &'a mut String>) {
        if self.has(class) {
            texts.for_each(|text| *text = MASKED.into());
        }
    }
}

/// The key that some type calls personal and that this path in the metadata is, or is inside of.
fn personal_in<'c>(path: &str, catalogue: &'c Catalogue) -> Option<&'c str> {
    let keys = catalogue.types().flat_map(|entry| &entry.personal);
    keys.map(String::as_str).find(|key| {
        path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether a change is of something personal, of a part of it, or of what holds it.
fn is_of_person(change: &Change, catalogue: &Catalogue) -> bool {
    let name_of = |step: &str| step.replace("~1", "/").replace("~0", "~");
    let mut names = change.path.split('/').map(name_of);
    names.any(|name| personal_in(&name, catalogue).is_some())
        || holds_personal(&change.before, catalogue)
        || holds_personal(&change.after, catalogue)
}

fn holds_personal(value: &Value, catalogue: &Catalogue) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| {
            personal_in(key, catalogue).is_some() || holds_personal(value, catalogue)
        }),
        Value::Array(items) => items.iter().any(|item| holds_personal(item, catalogue)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A value that is not there stays absent: that something was added is no secret.
fn hide(value: &mut Value) {
    if !value.is_null() {
        *value = MASKED.into();
    }
}
