//! The keys of what is kept beside the log, by tenant.

use std::sync::Arc;

use annals_domain::TenantId;
use annals_record::{EnvelopeKey, RootKey};
use moka::sync::Cache;

/// How many tenants' keys are remembered.
const TENANTS_MAX: u64 = 1000;

/// Makes and remembers the keys for one purpose.
pub(crate) struct EnvelopeKeys {
    root: RootKey,
    purpose: &'static str,
    known: Cache<TenantId, Arc<EnvelopeKey>>,
}

impl EnvelopeKeys {
    pub(crate) fn new(root: &RootKey, purpose: &'static str) -> Self {
        let root = root.clone();
        Self { root, purpose, known: Cache::new(TENANTS_MAX) }
    }

    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<EnvelopeKey> {
        self.known.get(tenant).unwrap_or_else(|| {
            let key = Arc::new(self.root.envelope_key(self.purpose, tenant));
            self.known.insert(tenant.clone(), Arc::clone(&key));
            key
        })
    }
}
