//! Wrapping anew what older versions wrap, and retiring them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::TenantId;
use annals_ports::{KeyPage, Rewrapped};
use annals_record::KeyId;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::key_ring::{HeldKey, KeyRing, KeyRingError};
use crate::key_uses::{self, KeyUse};

/// Keys that are looked at in one step.
const BATCH: usize = 256;
/// Between two steps, so that recording goes first.
const PAUSE: Duration = Duration::from_millis(20);
/// Tenants that are finished at once.
const TENANTS_MAX: usize = 4;
/// How often a tenant is tried before it is left until its key is read again.
const ATTEMPTS: u32 = 5;
/// Between two attempts.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// What one look at all keys of a tenant came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pass {
    /// Keys that were wrapped anew.
    pub(super) rewrapped: usize,
    /// Keys that somebody else changed at the same moment: they are to be looked at again.
    pub(super) changing: usize,
    /// Keys that do not open.
    pub(super) damaged: usize,
}

/// Finishes the rotations of the tenants it is told of.
pub(super) async fn work(
    ring: Arc<KeyRing>,
    mut waiting: mpsc::Receiver<TenantId>,
    grace: Duration,
    stopping: CancellationToken,
) {
    let mut finishing = JoinSet::new();
    let mut underway = HashSet::<TenantId>::new();
    loop {
        let room = finishing.len() < TENANTS_MAX;
        tokio::select! {
            () = stopping.cancelled() => return,
            Some(done) = finishing.join_next(), if !finishing.is_empty() => match done {
                Ok(tenant) => drop(underway.remove(&tenant)),
                // Which one it was is not known: each may be begun again.
                Err(_) => underway.clear(),
            },
            tenant = waiting.recv(), if room => {
                let Some(tenant) = tenant else { return };
                if underway.insert(tenant.clone()) {
                    let ring = Arc::clone(&ring);
                    finishing.spawn(async move {
                        finish(&ring, &tenant, grace).await;
                        tenant
                    });
                }
            }
        }
    }
}

/// Tries until nothing is left of older versions.
async fn finish(ring: &KeyRing, tenant: &TenantId, grace: Duration) {
    for _ in 0..ATTEMPTS {
        match try_finish(ring, tenant, grace).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, %tenant, "the rotation of a tenant's key is not finished yet");
            }
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// Whether the key has one version at the end.
async fn try_finish(
    ring: &KeyRing,
    tenant: &TenantId,
    grace: Duration,
) -> Result<bool, KeyRingError> {
    let held = ring.newest_tenant_key(tenant).await?;
    if held.key.versions().count() == 1 {
        return Ok(true);
    }
    rewrap_all(ring, tenant, &held).await?;
    wait_out(held.key.rotated_at(), grace).await;
    // Whoever still wrapped under an older version after the first pass is met by the second.
    let pass = rewrap_all(ring, tenant, &held).await?;
    if pass.damaged > 0 {
        let keys = pass.damaged;
        error!(%tenant, keys, "keys of persons do not open, so the version that wraps them is kept; run `annals verify`");
        return Ok(false);
    }
    if pass.changing > 0 {
        return Ok(false);
    }
    let retired = held.key.with_newest_version_only();
    let done = ring.replace_tenant_key(tenant, &held, retired).await?;
    if done {
        let version = held.key.newest_version();
        info!(%tenant, version, "older versions of a tenant's key are retired");
    }
    Ok(done)
}

/// Waits until older versions may go. A clock that was set back waits no longer than the grace.
async fn wait_out(rotated_at: Timestamp, grace: Duration) {
    let age = Timestamp::now().duration_since(rotated_at);
    let age = Duration::try_from(age).unwrap_or_default();
    tokio::time::sleep(grace.saturating_sub(age)).await;
}

/// Looks at all keys of the tenant's persons, and wraps under the newest version what an older one wraps.
pub(super) async fn rewrap_all(
    ring: &KeyRing,
    tenant: &TenantId,
    held: &HeldKey,
) -> Result<Pass, KeyRingError> {
    let mut pass = Pass::default();
    let mut after = None;
    loop {
        let KeyPage { keys, next } = ring.store().person_key_page(tenant, after, BATCH).await?;
        let outdated = keys.into_iter().filter(|(_, key)| held.key.is_outdated(key));
        let ids: Vec<KeyId> = outdated.map(|(id, _)| id).collect();
        if !ids.is_empty() {
            rewrap(ring, tenant, held, ids, &mut pass).await?;
        }
        if next.is_none() {
            return Ok(pass);
        }
        after = next;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn rewrap(
    ring: &KeyRing,
    tenant: &TenantId,
    held: &HeldKey,
    ids: Vec<KeyId>,
    pass: &mut Pass,
) -> Result<(), KeyRingError> {
    // As they are now: a listing may show older forms.
    let stored = ring.store().person_keys(tenant, &ids).await?;
    let mut changes = Vec::new();
    for (id, expected) in ids.into_iter().zip(stored) {
        let Some(expected) = expected.filter(|key| held.key.is_outdated(key)) else { continue };
        let Ok(key) = held.key.unwrap_person_key(tenant, &id, &expected) else {
            pass.damaged += 1;
            continue;
        };
        let key = held.key.wrap_person_key(tenant, &id, &key)?;
        changes.push(Rewrapped { id, expected, key });
    }
    key_uses::count(KeyUse::Unwrap, changes.len());
    key_uses::count(KeyUse::Wrap, changes.len());
    let replaced = ring.store().replace_person_keys(tenant, changes).await?;
    let done = replaced.iter().filter(|replaced| **replaced).count();
    pass.rewrapped += done;
    pass.changing += replaced.len() - done;
    Ok(())
}
