//! What is kept and what is forgotten: retention policies, legal holds, requests to erase a person, and the
//! ledger of the erased.
//!
//! Two people are needed where something could be lost: whoever asked does not agree with themselves, here as
//! well.

mod deciders;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{AccessEntry, Kept, text, time};
use crate::event::Event;
use crate::identifiers::{EventId, TenantId};
use crate::lifecycle::{
    Approval, ERASURES_MAX, ErasedKey, ErasingKey, Erasure, ErasureClearance, ErasureRefused,
    ErasureStatus, HOLDS_MAX, Hold, Holds, Judge, NoHold, Proposal, Proposals, RetentionNow,
    TenantPolicy,
};
use crate::query::QueryContext;
use crate::retention::RetentionPolicy;

/// Somebody wants another retention policy.
pub const POLICY_PROPOSED: &str = "annals.retention.policy_proposed";
/// A second person agreed.
pub const POLICY_APPROVED: &str = "annals.retention.policy_approved";
/// It was taken back or refused.
pub const POLICY_ENDED: &str = "annals.retention.policy_ended";
/// A legal hold was placed.
pub const HOLD_PLACED: &str = "annals.hold.placed";
/// A second person agreed that a hold is right.
pub const HOLD_APPROVED: &str = "annals.hold.approved";
/// Somebody wants a hold to end.
pub const HOLD_RELEASE_ASKED: &str = "annals.hold.release_asked";
/// A second person ended a hold.
pub const HOLD_RELEASED: &str = "annals.hold.released";
/// Somebody wants a person to be erased.
pub const ERASURE_REQUESTED: &str = "annals.erasure.requested";
/// A second person agreed.
pub const ERASURE_APPROVED: &str = "annals.erasure.approved";
/// It was refused or taken back.
pub const ERASURE_REFUSED: &str = "annals.erasure.refused";
/// A person is about to be erased; with what the ledger needs, which nobody can tell afterwards.
pub const ERASURE_STARTED: &str = "annals.erasure.started";
/// A person was erased.
pub const ERASURE_COMPLETED: &str = "annals.erasure.completed";

/// Holds that are over and still known, of a tenant.
const RELEASED_MAX: usize = 1000;

/// What is kept and forgotten of a tenant.
#[derive(Debug, Clone, Default)]
pub struct TenantLifecycle {
    proposals: Proposals,
    holds: BTreeMap<(Timestamp, EventId), Hold>,
    erasures: BTreeMap<(Timestamp, EventId), Erasure>,
    ledger: BTreeMap<EventId, ErasedKey>,
}

impl TenantLifecycle {
    /// Proposals of policies, and which one is in force.
    pub fn proposals(&self) -> &Proposals {
        &self.proposals
    }

    /// Legal holds, newest first, also those that are over.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().rev()
    }

    /// The hold of an event.
    pub fn hold(&self, event: EventId) -> Option<&Hold> {
        self.holds.values().find(|hold| hold.event == event)
    }

    /// Whether one more hold can be placed.
    pub fn takes_hold(&self) -> bool {
        self.holds.values().filter(|hold| hold.is_in_force()).count() < HOLDS_MAX
    }

    /// Judges the tenant's events at a time, by the policy and the holds that are in force then. `context` has
    /// limits that let through whatever query was let through when a hold was placed.
    pub fn judge<'a>(
        &self,
        installation: &'a RetentionPolicy,
        now: impl Into<RetentionNow>,
        context: &QueryContext<'_>,
    ) -> Judge<'a> {
        let RetentionNow { expiry, policy } = now.into();
        let (policy, holds) = (self.proposals.policy(policy), Holds::of(self.holds(), context));
        Judge { installation, policy, holds, now: expiry }
    }

    /// Requests to erase a person, newest first.
    pub fn erasures(&self) -> impl Iterator<Item = &Erasure> {
        self.erasures.values().rev()
    }

    /// The request of an event.
    pub fn erasure(&self, event: EventId) -> Option<&Erasure> {
        self.erasures.values().find(|erasure| erasure.event == event)
    }

    /// The request for a person that is still open, if there is one.
    pub fn open_erasure(&self, person: &str) -> Option<&Erasure> {
        self.erasures().find(|one| one.is_open() && one.person.as_deref() == Some(person))
    }

    /// Whether one more request can be kept.
    pub fn takes_erasure(&self) -> bool {
        self.erasures.values().filter(|one| one.is_open()).count() < ERASURES_MAX
    }

    /// Keys that were destroyed, in order of their events.
    pub fn ledger(&self) -> impl Iterator<Item = &ErasedKey> {
        self.ledger.values()
    }

    /// That no hold in force covers anything of a person; `covers` looks for each.
    ///
    /// # Errors
    /// Whatever `covers` fails with; and the holds that do.
    pub fn no_hold<E>(
        &self,
        person: &str,
        mut covers: impl FnMut(&Hold) -> Result<bool, E>,
    ) -> Result<Result<NoHold, ErasureRefused>, E> {
        let (mut looked_at, mut held) = (Vec::new(), Vec::new());
        for hold in self.holds().filter(|hold| hold.is_in_force()) {
            looked_at.push(hold.event);
            if covers(hold)? {
                held.push(hold.event);
            }
        }
        Ok(match held.is_empty() {
            true => Ok(NoHold { person: person.to_owned(), looked_at }),
            false => Err(ErasureRefused::Held(held)),
        })
    }

    /// Lets a request be carried out that a second person approved, when no hold stands in the way.
    pub fn clear_erasure(
        &self,
        tenant: &TenantId,
        request: EventId,
        no_hold: &NoHold,
    ) -> Result<ErasureClearance, ErasureRefused> {
        let erasure = self.erasure(request).ok_or(ErasureRefused::Unknown)?;
        let Some(person) = &erasure.person else { return Err(ErasureRefused::NotApproved) };
        if erasure.status() != ErasureStatus::Approved {
            return Err(ErasureRefused::NotApproved);
        }
        let mut in_force = self.holds().filter(|hold| hold.is_in_force());
        if *person != no_hold.person || !in_force.all(|one| no_hold.looked_at.contains(&one.event))
        {
            return Err(ErasureRefused::LookAgain);
        }
        Ok(ErasureClearance { request, tenant: tenant.clone(), person: person.clone() })
    }

    /// All of it.
    pub(super) fn entries(&self) -> Vec<AccessEntry> {
        let proposals = self.proposals.iter().cloned().map(AccessEntry::RetentionProposal);
        let holds = self.holds.values().cloned().map(AccessEntry::Hold);
        let erasures = self.erasures.values().cloned().map(AccessEntry::Erasure);
        let ledger = self.ledger.values().cloned().map(AccessEntry::ErasedKey);
        proposals.chain(holds).chain(erasures).chain(ledger).collect()
    }

    pub(super) fn keep_proposal(&mut self, proposal: Proposal) -> Vec<EventId> {
        self.proposals.keep(proposal)
    }

    pub(super) fn keep_hold(&mut self, hold: Hold) {
        self.holds.insert((hold.placed.at, hold.event), hold);
    }

    pub(super) fn keep_erasure(&mut self, erasure: Erasure) {
        self.erasures.insert((erasure.requested.at, erasure.event), erasure);
    }

    pub(super) fn keep_erased(&mut self, erased: ErasedKey) {
        self.ledger.insert(erased.event, erased);
    }

    pub(super) fn apply(&mut self, event: &Event) -> Kept {
        let decided = Approval {
            by: event.actor.id.clone().unwrap_or_default(),
            at: event.received_at.timestamp,
        };
        match event.event_type.as_str() {
            POLICY_PROPOSED => self.proposed(event, decided),
            POLICY_APPROVED => self.policy_approved(event, decided),
            POLICY_ENDED => self.policy_ended(event, decided),
            HOLD_PLACED => self.hold_placed(event, decided),
            HOLD_APPROVED | HOLD_RELEASE_ASKED | HOLD_RELEASED => self.hold_changed(event, decided),
            ERASURE_REQUESTED => self.erasure_requested(event, decided),
            ERASURE_APPROVED | ERASURE_REFUSED => self.erasure_decided(event, decided),
            ERASURE_STARTED => self.erasure_started(event),
            ERASURE_COMPLETED => self.erasure_completed(event),
            _ => Kept::default(),
        }
    }

    fn proposed(&mut self, event: &Event, proposed: Approval) -> Kept {
        let rules = event.metadata.get("rules").cloned().unwrap_or_default();
        let policy = serde_json::from_value(rules).ok().and_then(|r| TenantPolicy::new(r).ok());
        let Some(policy) = policy else { return Kept::default() };
        let shortens = event.metadata.get("shortens").and_then(serde_json::Value::as_bool);
        let shortens = shortens.unwrap_or(true);
        // What would have events go earlier comes into force by nobody's word alone.
        let effective_at = time(event, "effective_at").filter(|_| !shortens);
        let (approved, ended) = (None, None);
        let event = event.id;
        self.put(Proposal { event, policy, shortens, proposed, approved, effective_at, ended })
    }

    fn policy_approved(&mut self, event: &Event, approved: Approval) -> Kept {
        let Some(proposal) = named(event).and_then(|id| self.proposals.find(id)) else {
            return Kept::default();
        };
        let is_open = proposal.effective_at.is_none() && proposal.ended.is_none();
        if !is_open || proposal.proposed.is_by_the_same(&approved) {
            return Kept::default();
        }
        let effective_at = Some(time(event, "effective_at").unwrap_or(Timestamp::MAX));
        let approved = Some(approved);
        self.put(Proposal { approved, effective_at, ..proposal.clone() })
    }

    fn policy_ended(&mut self, event: &Event, ended: Approval) -> Kept {
        let Some(proposal) = named(event).and_then(|id| self.proposals.find(id)) else {
            return Kept::default();
        };
        // Policies come into force by the time that retention goes by, which may be behind the wall clock.
        // Events of before that was told have the wall clock alone.
        let as_of = time(event, "as_of").unwrap_or(ended.at);
        let in_force = self.proposals.in_force(as_of).map(|one| one.event);
        if proposal.ended.is_some() || in_force == Some(proposal.event) {
            return Kept::default();
        }
        self.put(Proposal { ended: Some(ended), ..proposal.clone() })
    }

    fn put(&mut self, proposal: Proposal) -> Kept {
        let removed = self.keep_proposal(proposal.clone()).into_iter().map(proposal_name);
        let removed = removed.collect();
        Kept { put: vec![AccessEntry::RetentionProposal(proposal)], removed }
    }

    fn hold_placed(&mut self, event: &Event, placed: Approval) -> Kept {
        let (Some(matter), Some(query)) = (text(event, "matter"), text(event, "query")) else {
            return Kept::default();
        };
        let (matter, query) = (matter.to_owned(), query.to_owned());
        let (approved, release_asked, released) = (None, None, None);
        let event = event.id;
        let hold = Hold { event, matter, query, placed, approved, release_asked, released };
        self.put_hold(hold)
    }

    fn hold_changed(&mut self, event: &Event, decided: Approval) -> Kept {
        let Some(hold) = named(event).and_then(|id| self.hold(id)) else { return Kept::default() };
        let is_other = |first: &Approval| !first.is_by_the_same(&decided);
        let decides = || Some(decided.clone());
        let mut hold = hold.clone();
        match event.event_type.as_str() {
            _ if !hold.is_in_force() => return Kept::default(),
            HOLD_APPROVED if hold.approved.is_none() && is_other(&hold.placed) => {
                hold.approved = decides();
            }
            HOLD_RELEASE_ASKED if hold.release_asked.is_none() => hold.release_asked = decides(),
            HOLD_RELEASED if hold.release_asked.as_ref().is_some_and(is_other) => {
                hold.released = decides();
            }
            _ => return Kept::default(),
        }
        self.put_hold(hold)
    }

    /// The oldest that is over makes way; one in force never does.
    fn put_hold(&mut self, hold: Hold) -> Kept {
        self.keep_hold(hold.clone());
        let over = self.holds.values().filter(|hold| !hold.is_in_force());
        let places: Vec<_> = over.map(|hold| (hold.placed.at, hold.event)).collect();
        let too_many = places.len().saturating_sub(RELEASED_MAX);
        let removed = places.into_iter().take(too_many).filter_map(|at| self.holds.remove(&at));
        let removed = removed.map(|hold| AccessEntry::Hold(hold).name()).collect();
        Kept { put: vec![AccessEntry::Hold(hold)], removed }
    }

    fn erasure_requested(&mut self, event: &Event, requested: Approval) -> Kept {
        // Who was erased since is not known here any more.
        let person = event.subject.as_ref().map(|subject| subject.id.clone());
        let erasure = Erasure {
            event: event.id,
            person,
            requested,
            approved: None,
            refused: None,
            started: None,
            completed_at: None,
            completed: None,
        };
        self.put_erasure(erasure)
    }

    fn erasure_decided(&mut self, event: &Event, decided: Approval) -> Kept {
        let found = named(event).and_then(|id| self.erasure(id));
        let Some(erasure) = found.filter(|one| one.is_open()) else { return Kept::default() };
        let mut erasure = erasure.clone();
        match event.event_type.as_str() {
            // What has begun is not undone by a word.
            ERASURE_REFUSED if erasure.started.is_none() => erasure.refused = Some(decided),
            ERASURE_APPROVED
                if erasure.approved.is_none() && !erasure.requested.is_by_the_same(&decided) =>
            {
                erasure.approved = Some(decided);
            }
            _ => return Kept::default(),
        }
        self.put_erasure(erasure)
    }

    fn erasure_started(&mut self, event: &Event) -> Kept {
        let (Some(started), Some(about)) = (key_of(event), named(event)) else {
            return Kept::default();
        };
        let found = self.erasure(about).filter(|one| one.status() == ErasureStatus::Approved);
        let Some(erasure) = found.filter(|one| one.started.is_none()) else {
            return Kept::default();
        };
        self.put_erasure(Erasure { started: Some(started), ..erasure.clone() })
    }

    /// What was done was done, whatever was known of the request.
    fn erasure_completed(&mut self, event: &Event) -> Kept {
        let at = event.received_at.timestamp;
        let mut kept = Kept::default();
        if let Some(ErasingKey { person, key_check: Some(key_check) }) = key_of(event) {
            let erased = ErasedKey { event: event.id, person, key_check, at };
            self.keep_erased(erased.clone());
            kept.put.push(AccessEntry::ErasedKey(erased));
        }
        let Some(erasure) = named(event).and_then(|id| self.erasure(id)) else { return kept };
        let (completed_at, completed) = (Some(at), Some(event.id));
        let erasure = Erasure { person: None, completed_at, completed, ..erasure.clone() };
        let Kept { put, removed } = self.put_erasure(erasure);
        kept.put.extend(put);
        Kept { removed, ..kept }
    }

    fn put_erasure(&mut self, erasure: Erasure) -> Kept {
        self.keep_erasure(erasure.clone());
        let mut removed = Vec::new();
        if self.erasures.len() > ERASURES_MAX {
            let oldest = self.erasures.iter().find(|(_, one)| !one.is_open());
            if let Some(place) = oldest.map(|(place, _)| *place) {
                let gone = self.erasures.remove(&place).map(AccessEntry::Erasure);
                removed.extend(gone.map(|entry| entry.name()));
            }
        }
        Kept { put: vec![AccessEntry::Erasure(erasure)], removed }
    }
}

/// Name of the entry of a proposal.
pub(super) fn proposal_name(event: EventId) -> String {
    format!("retention_proposal/{event}")
}

/// Which key an event says is destroyed.
fn key_of(event: &Event) -> Option<ErasingKey> {
    let person = text(event, "person")?.to_owned();
    Some(ErasingKey { person, key_check: text(event, "key_check").map(str::to_owned) })
}

/// The event that another one is about.
fn named(event: &Event) -> Option<EventId> {
    text(event, "about")?.parse().ok().map(EventId)
}

#[cfg(test)]
mod tests;
