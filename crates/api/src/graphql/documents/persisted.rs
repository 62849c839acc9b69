//! Documents that callers sent with their hash, so that they need not send them again.
//!
//! They are kept by tenant: what one sends, another can neither find nor push out of its own share.

use std::num::NonZeroUsize;
use std::sync::Arc;

use annals_domain::TenantId;
use annals_domain::limits::RequestLimits;
use lru::LruCache;

use super::Hash;

/// Of all tenants together. Beyond it the tenant that was idle longest is forgotten.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a document takes beside its text.
const OVERHEAD_BYTES: usize = 256;

/// The newest used documents of each tenant.
pub(super) struct Persisted {
    tenants: LruCache<TenantId, Share>,
    bytes: usize,
    bytes_max: usize,
    share_bytes_max: usize,
    share_documents_max: NonZeroUsize,
}

struct Share {
    documents: LruCache<Hash, Arc<str>>,
    bytes: usize,
}

impl Persisted {
    pub(super) fn new(limits: &RequestLimits) -> Self {
        let documents = NonZeroUsize::new(limits.graphql_persisted_max);
        Self {
            tenants: LruCache::unbounded(),
            bytes: 0,
            bytes_max: BYTES_MAX,
            share_bytes_max: limits.graphql_persisted_bytes_max,
            share_documents_max: documents.unwrap_or(NonZeroUsize::MIN),
        }
    }

    pub(super) fn get(&mut self, tenant: &TenantId, hash: &Hash) -> Option<Arc<str>> {
        self.tenants.get_mut(tenant)?.documents.get(hash).cloned()
    }

    /// Keeps a document, and forgets what was not used for longest until all fits.
    pub(super) fn keep(&mut self, tenant: &TenantId, hash: Hash, text: Arc<str>) {
        let cost = text.len() + OVERHEAD_BYTES;
        if cost > self.share_bytes_max {
            return;
        }
        let share = self.tenants.get_or_insert_mut(tenant.clone(), Share::new);
        let before = share.bytes;
        share.keep(hash, text, cost);
        while share.bytes > self.share_bytes_max
            || share.documents.len() > self.share_documents_max.get()
        {
            share.forget_one();
        }
        self.bytes = self.bytes + share.bytes - before;
        while self.bytes > self.bytes_max {
            let Some((_, idle)) = self.tenants.pop_lru() else { break };
            self.bytes -= idle.bytes;
        }
    }
}

impl Share {
    fn new() -> Self {
        Self { documents: LruCache::unbounded(), bytes: 0 }
    }

    fn keep(&mut self, hash: Hash, text: Arc<str>, cost: usize) {
        // Under one hash there is one text, so its cost was counted already.
        if self.documents.put(hash, text).is_none() {
            self.bytes += cost;
        }
    }

    fn forget_one(&mut self) {
        if let Some((_, text)) = self.documents.pop_lru() {
            self.bytes -= text.len() + OVERHEAD_BYTES;
        }
    }
}

#[cfg(test)]
mod tests;
