//! Who may hold how much of what there is: a decision over data, told the time.
//!
//! One tenant alone may hold three quarters; several share them evenly. What is left is for whoever
//! comes next, so that a tenant that begins finds room although others were there first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Who was refused counts as waiting for so long: about the time after which clients try again.
const WAITS_FOR: Duration = Duration::from_secs(2);
/// How many who wait are remembered at most.
const WAITING_MAX: usize = 10_000;

/// Why something was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// All of it is held.
    NoRoom,
    /// The asker holds their share.
    OverShare,
}

impl Refusal {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::OverShare => "over_share",
        }
    }
}

/// What is held of a total, by whom.
pub(super) struct Shares<K> {
    total: usize,
    /// What everyone may hold if there is room: one of the largest pieces.
    least: usize,
    held: usize,
    /// Everyone who holds something or waits.
    accounts: HashMap<K, Account>,
    /// Who was refused, and until when that counts, oldest first.
    waiting: VecDeque<(Instant, K)>,
    closed: bool,
}

#[derive(Default)]
struct Account {
    held: usize,
    waits_until: Option<Instant>,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    pub(super) fn new(total: usize, least: usize) -> Self {
        let (accounts, waiting) = (HashMap::new(), VecDeque::new());
        Self { total, least: least.min(total), held: 0, accounts, waiting, closed: false }
    }

    /// Takes an amount for somebody, or for the service itself, which has no share.
    pub(super) fn take(
        &mut self,
        who: Option<&K>,
        amount: usize,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.forget_those_who_left(now);
        let refusal = if self.closed || amount > self.total - self.held {
            Some(Refusal::NoRoom)
        } else {
            who.filter(|who| self.held_by(who) + amount > self.share_of(who))
                .map(|_| Refusal::OverShare)
        };
        if let Some(refusal) = refusal {
            if let Some(who) = who {
                self.note_waiting(who, now);
            }
            return Err(refusal);
        }
        self.held += amount;
        if let Some(who) = who {
            self.accounts.entry(who.clone()).or_default().held += amount;
        }
        Ok(())
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&mut self, who: Option<&K>, amount: usize) {
        self.held -= amount;
        let Some(who) = who else { return };
        if let Some(account) = self.accounts.get_mut(who) {
            account.held -= amount;
            if account.held == 0 && account.waits_until.is_none() {
                self.accounts.remove(who);
            }
        }
    }

    /// Gives nothing any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// What cannot be taken; all of it once this is closed.
    pub(super) fn taken(&self) -> usize {
        if self.closed { self.total } else { self.held }
    }

    /// How many hold something or wait.
    pub(super) fn active(&self) -> usize {
        self.accounts.len()
    }

    fn held_by(&self, who: &K) -> usize {
        self.accounts.get(who).map_or(0, |account| account.held)
    }

    fn share_of(&self, who: &K) -> usize {
        let active = self.accounts.len() + usize::from(!self.accounts.contains_key(who));
        (self.total / 4 * 3 / active.max(1)).max(self.least)
    }

    fn note_waiting(&mut self, who: &K, now: Instant) {
        if self.waiting.len() >= WAITING_MAX {
            return;
        }
        let account = self.accounts.entry(who.clone()).or_default();
        if account.waits_until.is_none() {
            let until = now + WAITS_FOR;
            account.waits_until = Some(until);
            self.waiting.push_back((until, who.clone()));
        }
    }

    fn forget_those_who_left(&mut self, now: Instant) {
        while self.waiting.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, who)) = self.waiting.pop_front() else { return };
            if let Some(account) = self.accounts.get_mut(&who) {
                account.waits_until = None;
                if account.held == 0 {
                    self.accounts.remove(&who);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
