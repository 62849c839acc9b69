//! When each API key was used last.
//!
//! Kept in memory and written into a register that all nodes share, at most once a minute for each
//! tenant: it tells which keys nobody needs any more, and is no record of what was done with them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_domain::TenantId;
use annals_engine::AccessView;
use annals_ports::{RegisterError, SharedRegisters};
use jiff::Timestamp;

/// Between two writes of a tenant's register.
const INTERVAL: Duration = Duration::from_secs(60);
/// How often a write is tried while other nodes write the same register.
const ATTEMPTS: u32 = 5;

/// The last use of each key, by its id.
pub(crate) type LastUses = BTreeMap<String, Timestamp>;

/// The last uses as this node knows them.
pub(super) struct Uses {
    registers: Arc<dyn SharedRegisters>,
    view: AccessView,
    tenants: Mutex<HashMap<TenantId, TenantUses>>,
}

#[derive(Default)]
struct TenantUses {
    latest: LastUses,
    /// Somebody is writing them, or about to.
    writing: bool,
    written: bool,
}

impl Uses {
    pub(super) fn new(registers: Arc<dyn SharedRegisters>, view: AccessView) -> Arc<Self> {
        Arc::new(Self { registers, view, tenants: Mutex::default() })
    }

    /// A key was used.
    pub(super) fn note(self: &Arc<Self>, tenant: &TenantId, key: &str, now: Timestamp) {
        let mut tenants = self.locked();
        if !tenants.contains_key(tenant) {
            tenants.insert(tenant.clone(), TenantUses::default());
        }
        let Some(uses) = tenants.get_mut(tenant) else { return };
        match uses.latest.get_mut(key) {
            Some(latest) if latest.as_second() >= now.as_second() => return,
            Some(latest) => *latest = now,
            None => {
                uses.latest.insert(key.to_owned(), now);
            }
        }
        uses.written = false;
        if !uses.writing
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            uses.writing = true;
            runtime.spawn(Arc::clone(self).write_on(tenant.clone()));
        }
    }

    /// The last use of each key of a tenant, on whichever node, as far as that can be read.
    pub(super) async fn last(&self, tenant: &TenantId) -> LastUses {
        let shared = self.registers.read(&register(tenant)).await;
        let shared = shared.ok().flatten().map(|register| parsed(&register.value));
        let own = self.locked().get(tenant).map(|uses| uses.latest.clone()).unwrap_or_default();
        merged(shared.unwrap_or_default(), &own)
    }

    /// Writes at once and then each minute, until nothing is new.
    async fn write_on(self: Arc<Self>, tenant: TenantId) {
        loop {
            let latest = {
                let mut tenants = self.locked();
                let Some(uses) = tenants.get_mut(&tenant) else { return };
                if uses.written {
                    uses.writing = false;
                    return;
                }
                uses.written = true;
                uses.latest.clone()
            };
            if let Err(error) = self.write(&tenant, &latest).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the last uses of API keys are not written");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn write(&self, tenant: &TenantId, latest: &LastUses) -> Result<(), RegisterError> {
        let name = register(tenant);
        let mut attempt = 1;
        loop {
            let held = self.registers.read(&name).await?;
            let (version, shared) = match held {
                Some(register) => (Some(register.version), parsed(&register.value)),
                None => (None, LastUses::default()),
            };
            let mut all = merged(shared, latest);
            // What is kept no longer is not shown either.
            let state = self.view.now();
            let access = state.tenant(tenant);
            all.retain(|id, _| access.is_some_and(|access| access.key(id).is_some()));
            let value = serde_json::to_vec(&all).unwrap_or_default();
            match self.registers.write(&name, version, value).await {
                Err(RegisterError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome.map(drop),
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<TenantId, TenantUses>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn register(tenant: &TenantId) -> String {
    format!("api-key-uses-{tenant}")
}

/// What cannot be read is of another version, and is written anew.
fn parsed(value: &[u8]) -> LastUses {
    serde_json::from_slice(value).unwrap_or_default()
}

/// The later of both.
fn merged(mut one: LastUses, other: &LastUses) -> LastUses {
    for (id, at) in other {
        let held = one.entry(id.clone()).or_insert(*at);
        *held = (*held).max(*at);
    }
    one
}
