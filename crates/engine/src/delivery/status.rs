//! Tells the rest of the process whether this node delivers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Whether this node takes part in delivering, and holds the lease. Clones tell the same.
#[derive(Debug, Clone, Default)]
pub struct DeliveryStatus {
    takes_part: bool,
    held_until: Arc<Mutex<Option<Instant>>>,
}

impl DeliveryStatus {
    pub(crate) fn new(takes_part: bool) -> Self {
        Self { takes_part, held_until: Arc::default() }
    }

    /// Whether this node has the role and a channel, so that it delivers when its turn comes.
    pub fn takes_part(&self) -> bool {
        self.takes_part
    }

    /// Whether this node is the one that delivers now.
    pub fn holds_lease(&self) -> bool {
        self.held_until().is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn set(&self, held_until: Option<Instant>) {
        *self.held_until() = held_until;
        metrics::gauge!("annals_lease_held").set(f64::from(u8::from(held_until.is_some())));
    }

    fn held_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
