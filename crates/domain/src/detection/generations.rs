//! A map of bounded size that forgets what was not touched for longest, of whoever holds most.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::CELLS_MAX;

/// Cells after which the young map of a tenant becomes an old one: so many are forgotten at once, at most.
const GENERATION: usize = CELLS_MAX / 8;
/// So much is free after some was forgotten, so that it is seldom done.
const ROOM: usize = CELLS_MAX / 64;

/// How many cells an entry takes beside the one of its key.
pub(super) trait Cells {
    fn cells(&self) -> usize;
}

/// Entries by tenant and key. When there are too many, the tenant that holds most forgets some: one with
/// very many keys does not make others forget theirs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Generations<V> {
    of: HashMap<u64, OfTenant<V>>,
    cells: usize,
}

/// What is touched goes to the young map. When that is full it becomes an old one, and the oldest is the
/// first to be forgotten. So forgetting costs nothing by the entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OfTenant<V> {
    young: HashMap<u64, V>,
    young_cells: usize,
    /// Newest first; at most eight, as all of them have no more cells than there may be.
    old: VecDeque<HashMap<u64, V>>,
    cells: usize,
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self { of: HashMap::new(), cells: 0 }
    }
}

impl<V> Default for OfTenant<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), young_cells: 0, old: VecDeque::new(), cells: 0 }
    }
}

impl<V: Cells + Default> Generations<V> {
    /// Does something with the entry of a tenant and a key, which is made when there is none.
    pub(super) fn with<R>(
        &mut self,
        (tenant, key): (u64, u64),
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let of = self.of.entry(tenant).or_default();
        let before = of.cells;
        let result = of.with(key, change);
        self.cells = (self.cells + of.cells).saturating_sub(before);
        if self.cells > CELLS_MAX {
            self.forget_some();
        }
        result
    }

    /// Whoever holds most forgets what was not touched for longest, then who holds most after them, until
    /// there is room for a while.
    fn forget_some(&mut self) {
        let mut order: Vec<(usize, u64)> =
            self.of.iter().map(|(tenant, of)| (of.cells, *tenant)).collect();
        order.sort_unstable_by(|one, other| other.cmp(one));
        for (before, tenant) in order {
            if self.cells + ROOM <= CELLS_MAX {
                break;
            }
            if let Some(of) = self.of.get_mut(&tenant) {
                of.forget_oldest();
                self.cells = (self.cells + of.cells).saturating_sub(before);
            }
        }
        self.of.retain(|_, of| of.cells > 0);
    }

    /// Cells in use.
    pub(super) fn cells(&self) -> usize {
        self.of.values().map(|of| of.old.iter().chain([&of.young]).map(cells).sum::<usize>()).sum()
    }
}

impl<V: Cells + Default> OfTenant<V> {
    fn with<R>(&mut self, key: u64, change: impl FnOnce(&mut V) -> R) -> R {
        if !self.young.contains_key(&key) {
            let known = self.old.iter_mut().find_map(|old| old.remove(&key));
            self.cells += usize::from(known.is_none());
            let entry = known.unwrap_or_default();
            self.young_cells += entry.cells() + 1;
            self.young.insert(key, entry);
        }
        let entry = self.young.entry(key).or_default();
        let before = entry.cells();
        let result = change(entry);
        let after = entry.cells();
        self.cells = (self.cells + after).saturating_sub(before);
        self.young_cells = (self.young_cells + after).saturating_sub(before);
        if self.young_cells >= GENERATION {
            self.old.push_front(std::mem::take(&mut self.young));
            self.young_cells = 0;
        }
        result
    }

    fn forget_oldest(&mut self) {
        let oldest = self.old.pop_back().unwrap_or_else(|| {
            self.young_cells = 0;
            std::mem::take(&mut self.young)
        });
        self.cells = self.cells.saturating_sub(cells(&oldest));
    }
}

fn cells<V: Cells>(entries: &HashMap<u64, V>) -> usize {
    entries.values().map(|entry| entry.cells() + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Count(usize);

    impl Cells for Count {
        fn cells(&self) -> usize {
            0
        }
    }

    fn touch(of: &mut Generations<Count>, tenant: u64, key: u64) -> usize {
        of.with((tenant, key), |count| {
            count.0 += 1;
            count.0
        })
    }

    #[test]
    fn one_tenant_with_very_many_keys_makes_no_other_forget() {
        let mut of = Generations::default();
        let theirs = 1_000;
        assert!((0..theirs).all(|key| touch(&mut of, 1, key) == 1));
        for key in 0..4 * CELLS_MAX as u64 {
            assert_eq!(touch(&mut of, 2, key), 1);
            assert!(of.cells <= CELLS_MAX);
        }
        assert_eq!(of.cells, of.cells(), "they are counted right");
        assert!((0..theirs).all(|key| touch(&mut of, 1, key) == 2), "nothing was forgotten");
        assert!(of.cells() > CELLS_MAX - 2 * GENERATION, "no more is forgotten than must be");
    }

    #[test]
    fn what_is_touched_stays_and_what_is_not_goes() {
        let mut of = Generations::default();
        touch(&mut of, 1, u64::MAX - 1);
        for key in 0..2 * CELLS_MAX as u64 {
            touch(&mut of, 1, key);
            touch(&mut of, 1, u64::MAX);
        }
        assert_eq!(touch(&mut of, 1, u64::MAX), 2 * CELLS_MAX + 1);
        assert_eq!(touch(&mut of, 1, u64::MAX - 1), 1);
    }

    #[test]
    fn very_many_tenants_are_no_more_than_may_be() {
        let mut of = Generations::default();
        assert!((0..2 * CELLS_MAX as u64).all(|tenant| touch(&mut of, tenant, 0) == 1));
        assert!((CELLS_MAX - ROOM..=CELLS_MAX).contains(&of.cells), "{}", of.cells);
        assert_eq!((of.cells, of.of.len()), (of.cells(), of.cells));
    }
}
