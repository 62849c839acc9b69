//! Tokens that hold no longer although their time has not come.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccessEntry, AccessRules, Kept, text};
use crate::event::Event;
use crate::identifiers::EventId;

/// How many revocations of a tenant are kept.
pub const REVOCATIONS_MAX: usize = 100_000;

/// A revocation: tokens that were issued before it are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Of what.
    pub what: Revoked,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The event that tells of it, with the reason.
    pub event: EventId,
}

/// What was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// One token, by its `jti`.
    Token(String),
    /// All tokens of a person or service, by their `sub`.
    Subject(String),
    /// All tokens of the tenant.
    All,
}

/// A token, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct RevokedToken<'a> {
    /// Its `jti`.
    pub id: Option<&'a str>,
    /// Its `sub`.
    pub subject: &'a str,
    /// Its `iat`, seconds since 1970.
    pub issued_at: Option<i64>,
}

impl Revoked {
    /// What an event revokes. What can no longer be read may have been anything.
    fn of(event: &Event) -> Self {
        let token = text(event, "token_id").map(|id| Self::Token(id.to_owned()));
        let subject = || text(event, "subject").map(|id| Self::Subject(id.to_owned()));
        token.or_else(subject).unwrap_or(Self::All)
    }
}

impl Revocation {
    /// Whether a token of that issue is older than this. The clock of tokens has whole seconds: one
    /// of the same second counts as older, and one that does not say when it was issued, too.
    fn refuses(&self, issued_at: Option<i64>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at <= self.at.as_second())
    }

    /// Whether no token can be left that it refuses.
    fn is_past(&self, now: Timestamp, rules: AccessRules) -> bool {
        // Clocks differ, and whole seconds were cut.
        const SPARE: SignedDuration = SignedDuration::from_mins(10);
        rules
            .token_lifetime_max
            .is_some_and(|lifetime| now.duration_since(self.at) > lifetime + SPARE)
    }
}

/// The revocations of a tenant: for each token, subject and for all the newest.
#[derive(Debug, Clone, Default)]
pub(super) struct Revocations {
    in_order: BTreeMap<(Timestamp, EventId), Revocation>,
    places: HashMap<Revoked, (Timestamp, EventId)>,
}

impl Revocations {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Revocation> {
        self.in_order.values().rev()
    }

    pub(super) fn keep(&mut self, revocation: Revocation) {
        let place = (revocation.at, revocation.event);
        self.places.insert(revocation.what.clone(), place);
        self.in_order.insert(place, revocation);
    }

    pub(super) fn refuse(&self, token: &RevokedToken<'_>) -> bool {
        if self.in_order.is_empty() {
            return false;
        }
        if token.id.is_some_and(|id| self.find(&Revoked::Token(id.to_owned())).is_some()) {
            return true;
        }
        let of_subject = self.find(&Revoked::Subject(token.subject.to_owned()));
        let of_all = self.find(&Revoked::All);
        of_subject.into_iter().chain(of_all).any(|revoked| revoked.refuses(token.issued_at))
    }

    /// All tokens can be revoked always: whoever is in a hurry must not be told that there is no room.
    pub(super) fn takes(&self, what: &Revoked, now: Timestamp, rules: AccessRules) -> bool {
        *what == Revoked::All
            || self.in_order.len() < REVOCATIONS_MAX
            || self.find(what).is_some()
            || self.in_order.values().next().is_some_and(|oldest| oldest.is_past(now, rules))
    }

    pub(super) fn add(&mut self, event: &Event, rules: AccessRules) -> Kept {
        let (what, at) = (Revoked::of(event), event.received_at.timestamp);
        if !self.takes(&what, at, rules) {
            return Kept::default();
        }
        let revocation = Revocation { by: event.actor.id.clone(), at, event: event.id, what };
        if self.find(&revocation.what).is_some_and(|held| held.at > at) {
            return Kept::default();
        }
        let mut removed = self.drop_past(at, rules);
        if let Some(replaced) = self.places.get(&revocation.what).copied() {
            removed.extend(self.remove(replaced));
        }
        if revocation.what == Revoked::All {
            removed.extend(self.drop_subjects(at));
        }
        self.keep(revocation.clone());
        Kept { put: vec![AccessEntry::Revocation(revocation)], removed }
    }

    fn find(&self, what: &Revoked) -> Option<&Revocation> {
        self.in_order.get(self.places.get(what)?)
    }

    fn remove(&mut self, place: (Timestamp, EventId)) -> Option<String> {
        let revocation = self.in_order.remove(&place)?;
        self.places.remove(&revocation.what);
        Some(AccessEntry::Revocation(revocation).name())
    }

    fn drop_past(&mut self, now: Timestamp, rules: AccessRules) -> Vec<String> {
        let past = self.in_order.iter().take_while(|(_, held)| held.is_past(now, rules));
        let past: Vec<_> = past.map(|(place, _)| *place).collect();
        past.into_iter().filter_map(|place| self.remove(place)).collect()
    }

    /// Those of single persons say nothing more once all were revoked after them.
    fn drop_subjects(&mut self, at: Timestamp) -> Vec<String> {
        let said = |held: &Revocation| matches!(held.what, Revoked::Subject(_)) && held.at <= at;
        let said = self.in_order.iter().filter(|(_, held)| said(held));
        let said: Vec<_> = said.map(|(place, _)| *place).collect();
        said.into_iter().filter_map(|place| self.remove(place)).collect()
    }
}
