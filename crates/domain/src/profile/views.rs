//! Who looked at what concerns a person: how often, when, and for what.
//!
//! Somebody looks by an event that reports a reading or an export, has somebody else as its subject or
//! as the owner of a target, and did not fail. Annals' own traces of readers are such events, too.

use std::collections::BTreeMap;

use super::{Seen, add};
use crate::event::{ActorType, Event, Operation, OutcomeStatus};
use crate::identifiers::Position;

/// Of a longer purpose the beginning is kept.
pub const PURPOSE_BYTES_MAX: usize = 500;

/// Why an access concerns a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// It is about their account or data; the event is theirs.
    Subject,
    /// They own what was looked at. The event may be about somebody else, and is not theirs to read.
    Owner,
}

impl Concern {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Subject, Self::Owner];
}

/// Somebody who looked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Viewer {
    /// What kind of being.
    pub actor_type: ActorType,
    /// Which, within the tenant; empty when nobody is known, as after somebody was erased.
    pub id: String,
}

impl Viewer {
    /// Stands for all of whom nothing is known.
    pub fn nobody() -> Self {
        Self { actor_type: ActorType::Anonymous, id: String::new() }
    }
}

/// What is known of somebody's looking at one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Views {
    /// Newest display name, with the position it was seen at.
    pub name: Option<(Position, String)>,
    /// When, and how often.
    pub seen: Seen,
    /// How often data left the system.
    pub exports: u64,
    /// For what, as far as that was said and the event is the person's own.
    pub purposes: BTreeMap<String, Seen>,
}

impl Views {
    /// Both together, whichever came first.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        self.name = self.name.max(other.name);
        self.seen = self.seen.plus(other.seen);
        self.exports += other.exports;
        for (purpose, seen) in other.purposes {
            add(&mut self.purposes, purpose, seen);
        }
        self
    }
}

/// What an event says of whoever acted as a viewer of somebody.
pub(super) fn views_of(event: &Event, position: Position, concern: Concern) -> Views {
    let seen = Seen::once(event.occurred_at.timestamp);
    // What the event says beside that may be about its subject, who is somebody else.
    let told = (concern == Concern::Subject).then_some(event);
    let name = told.and_then(|event| event.actor.name.clone());
    let purpose = told.and_then(purpose_of).map(|purpose| {
        let end = purpose.floor_char_boundary(PURPOSE_BYTES_MAX);
        (purpose[..end].to_owned(), seen)
    });
    Views {
        name: name.map(|name| (position, name)),
        seen,
        exports: u64::from(event.operation == Operation::Export),
        purposes: purpose.into_iter().collect(),
    }
}

/// Whom an event shows to somebody else, each once.
pub(super) fn viewed_in(event: &Event) -> impl Iterator<Item = (Concern, &str)> {
    let looks = matches!(event.operation, Operation::Read | Operation::Export);
    let looks = looks && took_place(event);
    let viewer = event.actor.id.as_deref().filter(|_| event.actor.is_person());
    let subject = event.subject.as_ref().filter(|_| looks).map(|subject| subject.id.as_str());
    let targets = if looks { event.targets.as_slice() } else { &[] };
    let owner = |index: usize| targets[index].owner.as_deref();
    let owners = (0..targets.len())
        .filter(move |index| (0..*index).all(|before| owner(before) != owner(*index)))
        .filter_map(owner)
        .filter(move |owner| Some(*owner) != subject);
    let viewed = subject.map(|subject| (Concern::Subject, subject)).into_iter();
    let viewed = viewed.chain(owners.map(|owner| (Concern::Owner, owner)));
    viewed.filter(move |(_, person)| viewer != Some(*person) && !person.is_empty())
}

/// Whether it may have been done, all or some of it.
pub(super) fn took_place(event: &Event) -> bool {
    !matches!(event.outcome.status, OutcomeStatus::Failure | OutcomeStatus::Denied)
}

/// For what somebody looked: what the event gives as its reason, or what the reader of the log said.
/// What applications call a purpose in their metadata may be anything.
fn purpose_of(event: &Event) -> Option<&str> {
    let justification = event.justification.as_ref();
    let given = justification.and_then(|why| {
        [&why.reason, &why.legal_basis, &why.ticket].into_iter().find_map(Option::as_deref)
    });
    let own = event.event_type.starts_with("annals.");
    let told = || event.metadata.get("purpose").filter(|_| own).and_then(|told| told.as_str());
    given.or_else(told).map(str::trim).filter(|purpose| !purpose.is_empty())
}

#[cfg(test)]
mod tests;
