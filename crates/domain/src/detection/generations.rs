//! A map of bounded size that forgets what was not touched for longest.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::CELLS_MAX;

/// How many cells an entry takes beside the one of its key.
pub(super) trait Cells {
    fn cells(&self) -> usize;
}

/// Two maps: what is touched goes to the young one, and when that holds half of what may be kept, the
/// old one is forgotten and the young one becomes old. So forgetting costs nothing by the entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Generations<V> {
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
    young_cells: usize,
    old_cells: usize,
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_cells: 0, old_cells: 0 }
    }
}

impl<V: Cells + Default> Generations<V> {
    /// Does something with an entry, which is made when there is none.
    pub(super) fn with<R>(&mut self, key: u64, change: impl FnOnce(&mut V) -> R) -> R {
        if !self.young.contains_key(&key) {
            let entry = self.old.remove(&key);
            let cells = entry.as_ref().map_or(0, |entry| entry.cells() + 1);
            self.old_cells -= cells.min(self.old_cells);
            let entry = entry.unwrap_or_default();
            self.young_cells += entry.cells() + 1;
            self.young.insert(key, entry);
        }
        let entry = self.young.entry(key).or_default();
        let before = entry.cells();
        let result = change(entry);
        self.young_cells = (self.young_cells + entry.cells()).saturating_sub(before);
        if self.young_cells >= CELLS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.old_cells = std::mem::take(&mut self.young_cells);
        }
        result
    }

    /// Cells in use.
    pub(super) fn cells(&self) -> usize {
        let of = |map: &HashMap<u64, V>| map.values().map(|entry| entry.cells() + 1).sum::<usize>();
        of(&self.young) + of(&self.old)
    }
}
