//! Between recording and erasing, by tenant: a key is destroyed while nothing is being sealed under it.
//!
//! Whoever records is inside from before the keys are looked up until the events are durable. Whoever
//! destroys keys waits until those inside have left, and holds up those who come until that is done. So
//! what was sealed under a destroyed key is in the log by then, or never will be, and what comes later is
//! sealed under another key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_domain::{Position, TenantId};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::recorder::RecordResult;

/// When more tenants are known, those that nobody uses are forgotten.
const TENANTS_MAX: usize = 10_000;

/// The gates of all tenants.
#[derive(Default)]
pub(crate) struct Gates {
    tenants: Mutex<HashMap<TenantId, Arc<RwLock<()>>>>,
    /// The newest position that was answered to anybody.
    newest: AtomicU64,
}

impl Gates {
    /// To be held while something is recorded.
    pub(crate) async fn enter(&self, tenant: &TenantId) -> OwnedRwLockReadGuard<()> {
        self.of(tenant).read_owned().await
    }

    /// To be held while keys are destroyed; none when somebody was inside for that long.
    pub(crate) async fn close(
        &self,
        tenant: &TenantId,
        patience: Duration,
    ) -> Option<OwnedRwLockWriteGuard<()>> {
        // Who waits in vain leaves the queue, and lets in those behind.
        tokio::time::timeout(patience, self.of(tenant).write_owned()).await.ok()
    }

    /// Notes where events came to lie.
    pub(crate) fn note(&self, results: &[RecordResult]) {
        let positions = results.iter().flatten().map(|receipt| receipt.get().position.0);
        if let Some(newest) = positions.max() {
            self.newest.fetch_max(newest, Ordering::AcqRel);
        }
    }

    /// Up to here events were recorded through this node.
    pub(crate) fn newest(&self) -> Position {
        Position(self.newest.load(Ordering::Acquire))
    }

    fn of(&self, tenant: &TenantId) -> Arc<RwLock<()>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = tenants.get(tenant) {
            return Arc::clone(gate);
        }
        if tenants.len() >= TENANTS_MAX {
            // Held by nobody else, and nobody can take hold of one while this is locked.
            tenants.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        Arc::clone(tenants.entry(tenant.clone()).or_default())
    }
}

#[cfg(test)]
mod tests;
