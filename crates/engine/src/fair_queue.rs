//! A queue in which nobody waits for the backlog of another.
//!
//! Deficit round robin (Shreedhar and Varghese 1995): keys take turns. At its turn a key gets a
//! quantum of credit and takes out what its credit pays for; what it did not use it keeps for its
//! next turn, as long as something of it waits. So each key gets the same share of cost however
//! much it sends and however large its pieces are, and within a key the order is kept.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Items by key. Bounded by whoever fills it.
pub(crate) struct FairQueue<K, T> {
    lanes: HashMap<K, Lane<T>>,
    /// Keys of which something waits, each once; the first one's turn it is.
    turns: VecDeque<K>,
    quantum: u64,
    len: usize,
}

struct Lane<T> {
    items: VecDeque<(u64, T)>,
    credit: u64,
    /// Whether it got its quantum of this turn.
    paid: bool,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    /// An empty queue; `quantum` is the cost that a key may take out at each turn, at least 1.
    pub(crate) fn new(quantum: u64) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), quantum: quantum.max(1), len: 0 }
    }

    /// Puts an item behind those of its key.
    pub(crate) fn push(&mut self, key: K, cost: u64, item: T) {
        let lane = self.lanes.entry(key.clone()).or_insert_with(|| {
            self.turns.push_back(key);
            Lane { items: VecDeque::new(), credit: 0, paid: false }
        });
        lane.items.push_back((cost, item));
        self.len += 1;
    }

    /// Takes out whatever is next; something, if there is anything.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let mut passed_over = 0;
        loop {
            let key = self.turns.front()?;
            let lane = self.lanes.get_mut(key)?;
            if !std::mem::replace(&mut lane.paid, true) {
                lane.credit = lane.credit.saturating_add(self.quantum);
            }
            if lane.items.front().is_some_and(|(cost, _)| *cost <= lane.credit) {
                return self.take_first();
            }
            lane.paid = false;
            self.turns.rotate_left(1);
            passed_over += 1;
            if passed_over == self.turns.len() {
                self.pass_empty_rounds();
                passed_over = 0;
            }
        }
    }

    /// Takes an item out of its turn: whoever waited for it has left.
    pub(crate) fn remove(&mut self, key: &K, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let lane = self.lanes.get_mut(key)?;
        let index = lane.items.iter().position(|(_, item)| is_it(item))?;
        let (_, item) = lane.items.remove(index)?;
        self.len -= 1;
        if lane.items.is_empty() {
            self.lanes.remove(key);
            self.turns.retain(|other| other != key);
        }
        Some(item)
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many items of this key wait.
    pub(crate) fn len_of(&self, key: &K) -> usize {
        self.lanes.get(key).map_or(0, |lane| lane.items.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes out the first item of the key whose turn it is.
    fn take_first(&mut self) -> Option<T> {
        let key = self.turns.front()?;
        let lane = self.lanes.get_mut(key)?;
        let (cost, item) = lane.items.pop_front()?;
        lane.credit -= cost;
        self.len -= 1;
        if lane.items.is_empty() {
            // Credit is not saved up by those who have nothing to wait for.
            self.lanes.remove(key);
            self.turns.pop_front();
        }
        Some(item)
    }

    /// After a round in which no credit was enough: goes at once to the round in which one is, as
    /// an item may cost many thousand quanta.
    fn pass_empty_rounds(&mut self) {
        let missing = self.lanes.values().map(|lane| {
            let cost = lane.items.front().map_or(0, |(cost, _)| *cost);
            cost.saturating_sub(lane.credit).div_ceil(self.quantum)
        });
        let rounds = missing.min().unwrap_or(1).saturating_sub(1);
        let credit = rounds.saturating_mul(self.quantum);
        self.lanes.values_mut().for_each(|lane| lane.credit = lane.credit.saturating_add(credit));
    }
}

#[cfg(test)]
mod tests;
