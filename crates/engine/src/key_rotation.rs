//! Rotating a tenant's key while events are recorded and read.
//!
//! A rotation is one durable step: the tenant's key gets a new version, which wraps keys of persons from
//! then on. What older versions wrap is wrapped anew in the background, by comparing and setting, so that
//! a key which is destroyed meanwhile stays destroyed. When nothing is left the older versions are
//! retired. A rotation that was interrupted is finished by any node that uses the tenant's key.

mod finishing;

use std::sync::Arc;
use std::time::Duration;

use annals_domain::TenantId;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::key_ring::{KeyRing, KeyRingError, TENANT_KEY_LIFE};

/// Older versions are kept for so long at least: every node has read the tenant's key anew by then.
pub(crate) const RETIRE_GRACE: Duration = Duration::from_secs(10 * TENANT_KEY_LIFE.as_secs());
/// Tenants that wait to be finished; beyond that they are told again later.
const WAITING_MAX: usize = 64;
/// How often a rotation is tried because another node rotates the same key.
const ATTEMPTS: usize = 5;

/// Rotates the keys of tenants; cheap to clone.
#[derive(Clone)]
pub struct KeyRotation {
    ring: Arc<KeyRing>,
    unfinished: mpsc::Sender<TenantId>,
}

/// A tenant's key was rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The version that wraps keys of persons now.
    pub version: u32,
    /// All versions, the oldest first.
    pub versions: Vec<u32>,
}

impl KeyRotation {
    /// Begins to finish rotations in the background, until `stopping`. There is one a ring.
    pub(crate) fn start(
        ring: Arc<KeyRing>,
        retire_grace: Duration,
        stopping: CancellationToken,
    ) -> Self {
        let (unfinished, waiting) = mpsc::channel(WAITING_MAX);
        ring.tell_unfinished(unfinished.clone());
        tokio::spawn(finishing::work(Arc::clone(&ring), waiting, retire_grace, stopping));
        Self { ring, unfinished }
    }

    /// The versions of a tenant's key now.
    pub async fn versions(&self, tenant: &TenantId) -> Result<Rotated, KeyRingError> {
        let held = self.ring.newest_tenant_key(tenant).await?;
        Ok(Rotated { version: held.key.newest_version(), versions: held.key.versions().collect() })
    }

    /// Gives the tenant's key a new version, durably; the rest is done in the background.
    ///
    /// # Errors
    /// When the key has as many versions as it may have, or the store fails.
    pub async fn rotate(&self, tenant: &TenantId) -> Result<Rotated, KeyRingError> {
        for _ in 0..ATTEMPTS {
            let held = self.ring.newest_tenant_key(tenant).await?;
            let key = held.key.with_new_version(Timestamp::now())?;
            let rotated =
                Rotated { version: key.newest_version(), versions: key.versions().collect() };
            if self.ring.replace_tenant_key(tenant, &held, key).await? {
                info!(%tenant, version = rotated.version, "the key of a tenant was rotated");
                // With no room there, the next reading of the key tells.
                let _ = self.unfinished.try_send(tenant.clone());
                return Ok(rotated);
            }
        }
        Err(KeyRingError::Unsettled)
    }
}

#[cfg(test)]
mod tests;
