//! Changes of a tenant's retention policy: what would have events go earlier needs a second person, and
//! time to look at it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hold::Approval;
use super::policy::TenantPolicy;
use crate::identifiers::EventId;

/// Proposals of a tenant that are kept, the newest; the one in force always is.
pub const PROPOSALS_MAX: usize = 200;

/// A policy that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The event that tells of it, with the reason; its name.
    pub event: EventId,
    /// The rules.
    pub policy: TenantPolicy,
    /// Whether some events would go earlier.
    pub shortens: bool,
    /// Who wants it, and since when.
    pub proposed: Approval,
    /// Who agreed, and when; nobody has to when nothing goes earlier.
    #[serde(default)]
    pub approved: Option<Approval>,
    /// When it comes into force; none: it needs somebody to agree first.
    #[serde(default)]
    pub effective_at: Option<Timestamp>,
    /// Who took it back or refused it, and when.
    #[serde(default)]
    pub ended: Option<Approval>,
}

/// How a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// A second person has to agree.
    Proposed,
    /// It comes into force later.
    Approved,
    /// It is the policy.
    InForce,
    /// It was the policy, or a newer one came before it was.
    Superseded,
    /// It was taken back or refused.
    Ended,
}

impl Proposal {
    /// When it was settled that it comes into force.
    fn settled_at(&self) -> Option<Timestamp> {
        match (self.ended.is_some(), self.effective_at) {
            (false, Some(_)) => {
                Some(self.approved.as_ref().map_or(self.proposed.at, |approved| approved.at))
            }
            _ => None,
        }
    }
}

/// The proposals of a tenant, in order of their events.
#[derive(Debug, Clone, Default)]
pub struct Proposals {
    in_order: BTreeMap<(Timestamp, EventId), Proposal>,
}

impl Proposals {
    /// Newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Proposal> {
        self.in_order.values().rev()
    }

    /// The proposal of an event.
    pub fn find(&self, event: EventId) -> Option<&Proposal> {
        self.in_order.values().find(|proposal| proposal.event == event)
    }

    /// The proposal that is the policy; of two the one that was settled later, so that an older one whose
    /// delay ends afterwards does not come back.
    pub fn in_force(&self, now: Timestamp) -> Option<&Proposal> {
        let settled = self.in_order.values().filter_map(|one| Some((one.settled_at()?, one)));
        let in_force = settled.filter(|(_, one)| one.effective_at.is_some_and(|at| at <= now));
        in_force.max_by_key(|(at, one)| (*at, one.event)).map(|(_, one)| one)
    }

    /// The policy; without a proposal in force it has no rules.
    pub fn policy(&self, now: Timestamp) -> TenantPolicy {
        self.in_force(now).map(|one| one.policy.clone()).unwrap_or_default()
    }

    /// How a proposal stands.
    pub fn status(&self, proposal: &Proposal, now: Timestamp) -> ProposalStatus {
        if proposal.ended.is_some() {
            return ProposalStatus::Ended;
        }
        let Some(settled) = proposal.settled_at() else { return ProposalStatus::Proposed };
        let is_in_force = self.in_force(now).is_some_and(|one| one.event == proposal.event);
        let is_newer = |other: &Proposal| {
            let place = other.settled_at().map(|at| (at, other.event));
            place > Some((settled, proposal.event))
                && other.effective_at.is_some_and(|at| at <= now)
        };
        match () {
            () if is_in_force => ProposalStatus::InForce,
            () if self.in_order.values().any(is_newer) => ProposalStatus::Superseded,
            () => ProposalStatus::Approved,
        }
    }

    /// Puts a proposal, or takes the place of the one of that event. Answers which are kept no longer.
    pub(crate) fn keep(&mut self, proposal: Proposal) -> Vec<EventId> {
        let now = proposal.proposed.at;
        self.in_order.insert((now, proposal.event), proposal);
        let mut removed = Vec::new();
        while self.in_order.len() > PROPOSALS_MAX {
            let in_force = self.in_force(now).map(|one| one.event);
            let oldest = self.in_order.values().find(|one| Some(one.event) != in_force);
            let Some(place) = oldest.map(|one| (one.proposed.at, one.event)) else { break };
            self.in_order.remove(&place);
            removed.push(place.1);
        }
        removed
    }
}
