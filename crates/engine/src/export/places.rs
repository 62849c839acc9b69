//! How many of something are under way: in all, and of each tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::TenantId;

/// Counts what is under way.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
    max: usize,
    per_tenant_max: usize,
}

/// One that is under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
    tenant: TenantId,
}

impl Places {
    pub(crate) fn new(max: usize, per_tenant_max: usize) -> Self {
        Self { taken: Arc::default(), max, per_tenant_max }
    }

    /// A place for the tenant, if there is one.
    pub(crate) fn take(&self, tenant: &TenantId) -> Option<Place> {
        let mut taken = lock(&self.taken);
        let all: usize = taken.values().sum();
        let own = taken.get(tenant).copied().unwrap_or(0);
        if all >= self.max || own >= self.per_tenant_max {
            return None;
        }
        *taken.entry(tenant.clone()).or_default() += 1;
        Some(Place { taken: Arc::clone(&self.taken), tenant: tenant.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

fn lock(taken: &Mutex<HashMap<TenantId, usize>>) -> MutexGuard<'_, HashMap<TenantId, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_cannot_take_the_places_of_all_others() {
        let places = Places::new(3, 2);
        let (acme, globex) = (TenantId::new("acme").unwrap(), TenantId::new("globex").unwrap());
        let first = places.take(&acme);
        let second = places.take(&acme);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(&acme).is_none(), "two a tenant");
        let third = places.take(&globex);
        assert!(third.is_some());
        assert!(places.take(&globex).is_none(), "three in all");
        drop(first);
        assert!(places.take(&globex).is_some(), "a place was given back");
        drop((second, third));
        assert!(places.taken.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
