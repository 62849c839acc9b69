//! Which parts of an event a role does not see.
//!
//! What is masked is shown as [`MASKED`]; where the form forbids that (an address, a date) it is left
//! out. Who does not see a field cannot ask for it either: by the answers to guesses it could be read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::event::{Actor, Event};
use crate::filter::{Filter, Test};

/// Stands where a text was masked.
pub const MASKED: &str = "[masked]";

/// A class of fields that are hidden together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Names of people.
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
            "actor.name" | "subject.name" | "on_behalf_of.name" => Mask::Names,
            "actor.email" | "on_behalf_of.email" => Mask::Contact,
            "client.ip" | "client.user_agent" | "client.city" | "client.region" => Mask::Network,
            "description" | "outcome.reason" | "justification.reason" => Mask::Texts,
            path if path.contains(".alt_ids.") => Mask::Contact,
            path => match path.strip_prefix("metadata.") {
                Some(key) => {
                    let key = key.split('.').next().unwrap_or(key);
                    return self.has(Mask::Personal)
                        && catalogue.types().any(|entry| entry.personal.iter().any(|k| k == key));
                }
                None => return false,
            },
        };
        self.has(class)
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
            Filter::Field(_, Test::Exists) => None,
            Filter::Field(field, _) => {
                self.hides(&field.0, catalogue).then(|| format!("`{}`", field.0))
            }
            Filter::Text(_) => Some("words in texts".into()),
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
        let entry = catalogue.find(&event.event_type);
        let personal = entry.map_or(&[][..], |entry| &entry.personal);
        let is_personal = |key: &str| personal.iter().any(|known| known == key);
        if self.has(Mask::Personal) {
            let hidden = event.metadata.iter_mut().filter(|(key, _)| is_personal(key));
            hidden.for_each(|(_, value)| *value = MASKED.into());
        }
        for change in &mut event.changes {
            let field = change.path.rsplit('/').next().unwrap_or_default();
            if self.has(Mask::Values) || (self.has(Mask::Personal) && is_personal(field)) {
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

/// A value that is not there stays absent: that something was added is no secret.
fn hide(value: &mut Value) {
    if !value.is_null() {
        *value = MASKED.into();
    }
}
