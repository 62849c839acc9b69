//! Choices that a seed repeats.

use std::time::Duration;

/// Choices that can be repeated (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn moment(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.below(range.end - range.start))
    }

    /// Of so many nodes one, sometimes two, seldom all.
    pub(super) fn victims(&mut self, nodes: usize) -> Vec<usize> {
        let first = self.below(nodes as u64) as usize;
        let count = match self.below(8) {
            0 => nodes,
            1 | 2 => 2,
            _ => 1,
        };
        (first..first + count).map(|node| node % nodes).collect()
    }
}
