//! Emergency access: everything may be seen for a short time, for a stated reason, before a witness.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccessEntry, Kept, text, time};
use crate::event::Event;
use crate::identifiers::EventId;

/// Longer is not granted at once.
pub const BREAK_GLASS_MINUTES_MAX: i64 = 60;
/// How often a person may open it within 24 hours.
pub const BREAK_GLASS_A_DAY_MAX: usize = 5;
/// How many are kept of a tenant, the newest.
const KEPT_MAX: usize = 1000;

/// Emergency access of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// The event that opened it, with the reason; its name.
    pub event: EventId,
    /// Who may see everything.
    pub person: String,
    /// Who was told.
    pub witness: Option<String>,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was closed before that.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
}

/// Why emergency access is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BreakGlassRefused {
    /// It is open already.
    #[error("your emergency access is open already; close it before you open another")]
    IsOpen,
    /// Too often.
    #[error("you have opened emergency access {BREAK_GLASS_A_DAY_MAX} times within 24 hours")]
    TooOften,
}

impl BreakGlass {
    /// Whether it is open at that time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && now < self.until
    }
}

/// The emergency accesses of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct BreakGlasses {
    in_order: BTreeMap<(Timestamp, EventId), BreakGlass>,
}

impl BreakGlasses {
    pub(super) fn iter(&self) -> impl Iterator<Item = &BreakGlass> {
        self.in_order.values().rev()
    }

    pub(super) fn keep(&mut self, opened: BreakGlass) {
        self.in_order.insert((opened.opened_at, opened.event), opened);
    }

    pub(super) fn open_of(&self, person: &str, now: Timestamp) -> Option<&BreakGlass> {
        self.iter().find(|opened| opened.person == person && opened.is_open(now))
    }

    pub(super) fn may_open(&self, person: &str, now: Timestamp) -> Result<(), BreakGlassRefused> {
        if self.open_of(person, now).is_some() {
            return Err(BreakGlassRefused::IsOpen);
        }
        let day = SignedDuration::from_hours(24);
        let lately = |opened: &&BreakGlass| now.duration_since(opened.opened_at) < day;
        let count = self.iter().take_while(lately).filter(|opened| opened.person == person).count();
        if count < BREAK_GLASS_A_DAY_MAX { Ok(()) } else { Err(BreakGlassRefused::TooOften) }
    }

    pub(super) fn opened(&mut self, event: &Event) -> Kept {
        let Some(opened) = opened_of(event) else { return Kept::default() };
        if self.may_open(&opened.person, opened.opened_at).is_err() {
            return Kept::default();
        }
        self.keep(opened.clone());
        let mut removed = Vec::new();
        while self.in_order.len() > KEPT_MAX {
            let Some((_, oldest)) = self.in_order.pop_first() else { break };
            removed.push(AccessEntry::BreakGlass(oldest).name());
        }
        Kept { put: vec![AccessEntry::BreakGlass(opened)], removed }
    }

    pub(super) fn closed(&mut self, event: &Event) -> Kept {
        let named = text(event, "break_glass").unwrap_or_default();
        let found = self.in_order.values_mut().find(|opened| opened.event.to_string() == named);
        match found {
            Some(opened) if opened.closed_at.is_none() => {
                opened.closed_at = Some(event.received_at.timestamp);
                Kept::put(AccessEntry::BreakGlass(opened.clone()))
            }
            _ => Kept::default(),
        }
    }
}

/// What an event opened; nothing when it cannot be: no longer than allowed, and not alone.
fn opened_of(event: &Event) -> Option<BreakGlass> {
    let (person, opened_at) = (event.actor.id.clone()?, event.received_at.timestamp);
    let witness = event.subject.as_ref().map(|subject| subject.id.clone());
    if witness.as_ref().is_none_or(|witness| *witness == person) {
        return None;
    }
    let longest = opened_at + SignedDuration::from_mins(BREAK_GLASS_MINUTES_MAX);
    let until = time(event, "until")?.min(longest);
    Some(BreakGlass { event: event.id, person, witness, opened_at, until, closed_at: None })
}
