//! Saved views: questions that people keep, each for themselves or for everybody of the tenant.
//!
//! A view is saved as a whole, with a version one above the one that was seen: of two people who
//! change it at the same moment the first is heard, on every node the same one.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessEntry, Kept, text, texts};
use crate::event::Event;
use crate::filter::Order;
use crate::identifiers::EventId;

/// A view was made or changed.
pub const VIEW_SAVED: &str = "annals.view.saved";
/// A view was deleted.
pub const VIEW_DELETED: &str = "annals.view.deleted";
/// Somebody chose the view that a list begins with, or none.
pub const VIEW_DEFAULT_SET: &str = "annals.view.default_set";

/// Private views of one person.
pub const VIEWS_OF_PERSON_MAX: usize = 100;
/// Shared views of a tenant.
pub const VIEWS_SHARED_MAX: usize = 200;
/// Views of a tenant, all together.
pub const VIEWS_MAX: usize = 2000;
/// People of a tenant who chose a view to begin with.
const DEFAULTS_MAX: usize = 10_000;

/// A question that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// Which one; stays the same whatever is changed.
    pub id: String,
    /// Rises by one with every change, from 1.
    pub version: u64,
    /// What people call it.
    pub name: String,
    /// What it is good for.
    #[serde(default)]
    pub description: Option<String>,
    /// Conditions in the query language; empty: every event.
    pub query: String,
    /// In which order.
    pub order: ViewOrder,
    /// From when on, as the query language writes moments, such as `-P7D`.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when.
    #[serde(default)]
    pub to: Option<String>,
    /// Fields that are shown, in order; empty: as the reader likes.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Whether everybody of the tenant has it.
    pub shared: bool,
    /// Who made it.
    pub owner: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed the last time.
    pub updated_at: Timestamp,
    /// The event that tells of the last change.
    pub event: EventId,
}

/// The order of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewOrder {
    /// As recorded, newest first.
    #[default]
    Newest,
    /// As recorded, oldest first.
    Oldest,
    /// As they happened, newest first.
    OccurredNewest,
    /// As they happened, oldest first.
    OccurredOldest,
}

/// The view that lists of somebody begin with; of the tenant when nobody is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultView {
    /// Whose choice.
    pub person: Option<String>,
    /// Which view.
    pub view: String,
}

impl ViewOrder {
    /// Every order.
    pub const ALL: &'static [Self] =
        &[Self::Newest, Self::Oldest, Self::OccurredNewest, Self::OccurredOldest];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::OccurredNewest => "occurred_newest",
            Self::OccurredOldest => "occurred_oldest",
        }
    }

    /// The order that `word` means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|order| order.as_str() == word)
    }
}

impl From<ViewOrder> for Order {
    fn from(order: ViewOrder) -> Self {
        match order {
            ViewOrder::Newest => Self::RecordedNewest,
            ViewOrder::Oldest => Self::RecordedOldest,
            ViewOrder::OccurredNewest => Self::OccurredNewest,
            ViewOrder::OccurredOldest => Self::OccurredOldest,
        }
    }
}

impl SavedView {
    /// Whether that person may see it.
    pub fn is_seen_by(&self, person: &str) -> bool {
        self.shared || self.owner == person
    }

    /// All of its conditions in the query language.
    pub fn whole_query(&self) -> String {
        whole_query(&self.query, self.from.as_deref(), self.to.as_deref())
    }
}

/// Conditions and times in one query.
pub fn whole_query(query: &str, from: Option<&str>, to: Option<&str>) -> String {
    let query = query.trim();
    let mut parts = Vec::new();
    match (query, from.or(to)) {
        ("", _) => {}
        (query, None) => parts.push(query.to_owned()),
        (query, Some(_)) => parts.push(format!("({query})")),
    }
    parts.extend(from.map(|moment| format!("after:{moment}")));
    parts.extend(to.map(|moment| format!("before:{moment}")));
    parts.join(" ")
}

/// The views of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct SavedViews {
    by_id: BTreeMap<String, Arc<SavedView>>,
    /// By person; that of the tenant under none.
    defaults: BTreeMap<Option<String>, String>,
}

impl SavedViews {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<SavedView>> {
        self.by_id.values()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Arc<SavedView>> {
        self.by_id.get(id)
    }

    pub(super) fn defaults(&self) -> impl Iterator<Item = DefaultView> {
        let chosen = self.defaults.iter();
        chosen.map(|(person, view)| DefaultView { person: person.clone(), view: view.clone() })
    }

    pub(super) fn default_of(&self, person: Option<&str>) -> Option<&str> {
        self.defaults.get(&person.map(str::to_owned)).map(String::as_str)
    }

    pub(super) fn keep(&mut self, view: SavedView) {
        self.by_id.insert(view.id.clone(), Arc::new(view));
    }

    pub(super) fn keep_default(&mut self, DefaultView { person, view }: DefaultView) {
        self.defaults.insert(person, view);
    }

    /// Whether one more of that kind, of that person, can be kept.
    pub(super) fn takes(&self, owner: &str, shared: bool) -> bool {
        let like =
            |view: &&Arc<SavedView>| view.shared == shared && (shared || view.owner == owner);
        let max = if shared { VIEWS_SHARED_MAX } else { VIEWS_OF_PERSON_MAX };
        self.by_id.len() < VIEWS_MAX && self.by_id.values().filter(like).count() < max
    }

    pub(super) fn saved(&mut self, event: &Event) -> Kept {
        let Some(view) = self.view_of(event) else { return Kept::default() };
        let before = self.by_id.get(&view.id);
        let fits = match before {
            Some(before) if before.shared == view.shared => true,
            // It leaves the place that it had.
            Some(before) => {
                let (id, owner, shared) = (view.id.clone(), view.owner.clone(), view.shared);
                let before = before.clone();
                self.by_id.remove(&id);
                let fits = self.takes(&owner, shared);
                self.by_id.insert(id, before);
                fits
            }
            None => self.takes(&view.owner, view.shared),
        };
        if !fits {
            return Kept::default();
        }
        let hidden = !view.shared;
        let (id, owner) = (view.id.clone(), view.owner.clone());
        self.keep(view.clone());
        let kept = Kept::put(AccessEntry::SavedView(view));
        match hidden {
            // Nobody else begins with what they no longer see.
            true => Kept { removed: self.drop_defaults(&id, Some(&owner)), ..kept },
            false => kept,
        }
    }

    pub(super) fn deleted(&mut self, event: &Event) -> Kept {
        let view = text(event, "view").and_then(|id| self.by_id.remove(id));
        let Some(view) = view else { return Kept::default() };
        let mut removed = self.drop_defaults(&view.id, None);
        removed.push(view_name(&view.id));
        Kept { put: Vec::new(), removed }
    }

    pub(super) fn default_set(&mut self, event: &Event) -> Kept {
        let of_tenant = event.metadata.get("tenant").and_then(serde_json::Value::as_bool);
        let person = match of_tenant {
            Some(true) => None,
            _ => match &event.actor.id {
                Some(person) => Some(person.clone()),
                None => return Kept::default(),
            },
        };
        let Some(id) = text(event, "view") else {
            let had = self.defaults.remove(&person).is_some();
            let removed = had.then(|| default_name(person.as_deref())).into_iter().collect();
            return Kept { put: Vec::new(), removed };
        };
        let seen = self.by_id.get(id).is_some_and(|view| match &person {
            Some(person) => view.is_seen_by(person),
            None => view.shared,
        });
        let room = self.defaults.len() < DEFAULTS_MAX || self.defaults.contains_key(&person);
        if !seen || !room {
            return Kept::default();
        }
        let chosen = DefaultView { person, view: id.to_owned() };
        self.keep_default(chosen.clone());
        Kept::put(AccessEntry::DefaultView(chosen))
    }

    /// Forgets who begins with a view, but for one person; tells the names of the entries.
    fn drop_defaults(&mut self, view: &str, but: Option<&str>) -> Vec<String> {
        let gone = |person: &Option<String>, chosen: &String| {
            chosen == view && (but.is_none() || person.as_deref() != but)
        };
        let names = self.defaults.iter().filter(|(person, chosen)| gone(person, chosen));
        let names = names.map(|(person, _)| default_name(person.as_deref())).collect();
        self.defaults.retain(|person, chosen| !gone(person, chosen));
        names
    }

    /// The view as the event leaves it, if it may be changed so: by its owner, or shared before and
    /// after, and one version on.
    fn view_of(&self, event: &Event) -> Option<SavedView> {
        let id = text(event, "view")?.to_owned();
        let actor = event.actor.id.clone()?;
        let at = event.received_at.timestamp;
        let shared = event.metadata.get("shared").and_then(serde_json::Value::as_bool)?;
        let before = self.by_id.get(&id);
        let version = event.metadata.get("version").and_then(serde_json::Value::as_u64)?;
        if version != before.map_or(0, |before| before.version) + 1 {
            return None;
        }
        if before.is_some_and(|before| before.owner != actor && !(before.shared && shared)) {
            return None;
        }
        let own = |key: &str| text(event, key).map(str::to_owned);
        Some(SavedView {
            id,
            version,
            name: own("name")?,
            description: own("description"),
            query: own("query")?,
            order: text(event, "order").and_then(ViewOrder::from_word).unwrap_or_default(),
            from: own("from"),
            to: own("to"),
            fields: texts(event, "fields"),
            shared,
            owner: before.map_or(actor, |before| before.owner.clone()),
            created_at: before.map_or(at, |before| before.created_at),
            updated_at: at,
            event: event.id,
        })
    }
}

/// Tells the entry of a view apart.
pub(super) fn view_name(id: &str) -> String {
    format!("view/{id}")
}

/// Tells the entry of a choice apart.
pub(super) fn default_name(person: Option<&str>) -> String {
    match person {
        Some(person) => format!("default_view/of/{person}"),
        None => "default_view".into(),
    }
}

#[cfg(test)]
mod tests;
