//! Refused events in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use annals_domain::TenantId;
use async_trait::async_trait;
use uuid::Uuid;

use super::locked;
use crate::LocalStoreError;
use crate::quarantine::{Bounds, Entry, Keeping, NewEntry, QuarantineStore, RefusalReason};

/// A quarantine in memory that can be told to fail.
#[derive(Debug, Default)]
pub struct MemoryQuarantine {
    tenants: Mutex<HashMap<TenantId, BTreeMap<Uuid, Held>>>,
    failing: Mutex<bool>,
}

#[derive(Debug)]
struct Held {
    entry: Entry,
    digest: [u8; 16],
    content: Vec<u8>,
    bytes: u64,
}

impl MemoryQuarantine {
    /// From now on, or no longer, nothing can be kept.
    pub fn set_failing(&self, failing: bool) {
        *locked(&self.failing) = failing;
    }
}

#[async_trait]
impl QuarantineStore for MemoryQuarantine {
    async fn keep(
        &self,
        tenant: &TenantId,
        entries: Vec<NewEntry>,
        bounds: Bounds,
    ) -> Result<Keeping, LocalStoreError> {
        if *locked(&self.failing) {
            return Err(LocalStoreError::wanted("quarantine", "keep refused events"));
        }
        let mut tenants = locked(&self.tenants);
        let held = tenants.entry(tenant.clone()).or_default();
        let mut keeping = Keeping { ids: Vec::new(), known: 0, evicted: 0 };
        for new in entries {
            match held.values_mut().find(|held| held.digest == new.digest) {
                Some(known) => {
                    known.entry.times += 1;
                    known.entry.last_at = new.at;
                    keeping.known += 1;
                    keeping.ids.push(known.entry.id);
                }
                None => {
                    keeping.ids.push(new.id);
                    held.insert(new.id, Held::new(new));
                    keeping.evicted += evict(held, bounds);
                }
            }
        }
        Ok(keeping)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        reason: Option<RefusalReason>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Entry>, LocalStoreError> {
        let tenants = locked(&self.tenants);
        let entries = tenants.get(tenant).into_iter().flat_map(|held| held.values().rev());
        let entries = entries.map(|held| &held.entry);
        let asked = entries
            .filter(|entry| before.is_none_or(|before| entry.id < before))
            .filter(|entry| reason.is_none_or(|reason| entry.reason == reason));
        Ok(asked.take(limit).cloned().collect())
    }

    async fn entry(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<(Entry, Vec<u8>)>, LocalStoreError> {
        let tenants = locked(&self.tenants);
        let held = tenants.get(tenant).and_then(|held| held.get(&id));
        Ok(held.map(|held| (held.entry.clone(), held.content.clone())))
    }

    async fn remove(&self, tenant: &TenantId, id: Uuid) -> Result<bool, LocalStoreError> {
        let mut tenants = locked(&self.tenants);
        Ok(tenants.get_mut(tenant).is_some_and(|held| held.remove(&id).is_some()))
    }

    async fn count(&self) -> Result<u64, LocalStoreError> {
        Ok(locked(&self.tenants).values().map(|held| held.len() as u64).sum())
    }
}

impl Held {
    fn stays(&self) -> bool {
        self.entry.reason == RefusalReason::Undeliverable
    }

    fn new(new: NewEntry) -> Self {
        let bytes = new.bytes();
        let NewEntry { id, digest, reason, at, facts, content } = new;
        let entry = Entry { id, reason, first_at: at, last_at: at, times: 1, facts };
        Self { entry, digest, content, bytes }
    }
}

/// Lets the oldest make way; tells how many did.
fn evict(held: &mut BTreeMap<Uuid, Held>, bounds: Bounds) -> u64 {
    let before = held.len();
    held.retain(|_, held| held.entry.last_at >= bounds.not_before || held.stays());
    let too_much = |held: &BTreeMap<Uuid, Held>| {
        held.len() as u64 > bounds.entries_max
            || held.values().map(|held| held.bytes).sum::<u64>() > bounds.bytes_max
    };
    while held.len() > 1 && too_much(held) {
        let oldest = held.iter().find(|(_, held)| !held.stays()).map(|(id, _)| *id);
        let newest = held.keys().next_back().copied();
        match oldest.filter(|oldest| Some(*oldest) != newest) {
            Some(oldest) => held.remove(&oldest),
            None => break,
        };
    }
    (before - held.len()) as u64
}
