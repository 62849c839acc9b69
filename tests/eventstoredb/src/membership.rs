//! Who is in the cluster, who lives, who leads. One answer for all nodes: they never disagree.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::refusal::Refusal;

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) address: SocketAddr,
    pub(crate) alive: bool,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Member>,
    leader: Option<usize>,
}

/// All nodes of a cluster, of a single one too.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    state: Mutex<State>,
}

impl Membership {
    /// Takes in a node that does not run yet; returns its number.
    pub(crate) fn join(&self, address: SocketAddr) -> usize {
        let mut state = self.lock();
        state.members.push(Member { id: Uuid::new_v4(), address, alive: false });
        state.members.len() - 1
    }

    /// A node came to life: it leads if nobody does.
    pub(crate) fn revived(&self, node: usize) {
        let mut state = self.lock();
        state.members[node].alive = true;
        state.leader = state.leader.or(Some(node));
    }

    /// A node died: if it led, the first that lives leads now.
    pub(crate) fn died(&self, node: usize) {
        let mut state = self.lock();
        state.members[node].alive = false;
        if state.leader == Some(node) {
            state.leader = state.members.iter().position(|member| member.alive);
        }
    }

    /// Makes a living node the leader; `None` leaves the cluster without one.
    pub(crate) fn elect(&self, node: Option<usize>) {
        let mut state = self.lock();
        state.leader = node.filter(|node| state.members[*node].alive);
    }

    pub(crate) fn leader(&self) -> Option<usize> {
        self.lock().leader
    }

    /// Members, each with whether it leads.
    pub(crate) fn members(&self) -> Vec<(Member, bool)> {
        let state = self.lock();
        let leads = |number| state.leader == Some(number);
        let members = state.members.iter().cloned().enumerate();
        members.map(|(number, member)| (member, leads(number))).collect()
    }

    /// Refuses on any node but the leader, telling who leads.
    pub(crate) fn must_lead(&self, node: usize) -> Result<(), Refusal> {
        let state = self.lock();
        match state.leader {
            Some(leader) if leader == node => Ok(()),
            Some(leader) => Err(Refusal::NotLeader(state.members[leader].address)),
            None => Err(Refusal::NoLeader),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
