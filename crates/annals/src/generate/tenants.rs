//! Tenants that events are of: a few large ones and many small ones.

use super::random::{Random, Zipf, mix};

/// Draws tenants, with random numbers of its own: the events stay what they are without them.
pub(super) struct Tenants {
    random: Random,
    law: Zipf,
}

impl Tenants {
    pub(super) fn new(seed: u64, count: u64) -> Self {
        Self { random: Random::new(mix(seed ^ 0x7e4a)), law: Zipf::new(count.max(1)) }
    }

    /// Number of a tenant, from 1 on.
    pub(super) fn draw(&mut self) -> u64 {
        self.law.draw(&mut self.random) + 1
    }
}
