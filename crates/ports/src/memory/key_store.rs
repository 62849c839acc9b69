//! Wrapped keys in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use annals_domain::TenantId;
use annals_record::{KeyId, WrappedKey, WrappedRoot};
use async_trait::async_trait;

use super::locked;
use crate::key_store::{KEY_PAGE_MAX, KeyPage, KeyPlace, KeyStore, KeyStoreError, Rewrapped};

/// A key store in memory.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    root: Mutex<Option<WrappedRoot>>,
    tenants: Mutex<HashMap<TenantId, WrappedKey>>,
    persons: Mutex<HashMap<(TenantId, KeyId), WrappedKey>>,
    destroyed: Mutex<HashSet<(TenantId, KeyId)>>,
}

#[async_trait]
impl KeyStore for MemoryKeyStore {
    async fn root_key(&self) -> Result<Option<WrappedRoot>, KeyStoreError> {
        Ok(locked(&self.root).clone())
    }

    async fn put_root_key(&self, key: WrappedRoot) -> Result<WrappedRoot, KeyStoreError> {
        Ok(locked(&self.root).get_or_insert(key).clone())
    }

    async fn replace_root_key(
        &self,
        expected: &WrappedRoot,
        key: WrappedRoot,
    ) -> Result<bool, KeyStoreError> {
        let mut root = locked(&self.root);
        Ok(root.as_mut().is_some_and(|stored| replace(stored, expected, key)))
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<Option<WrappedKey>, KeyStoreError> {
        Ok(locked(&self.tenants).get(tenant).cloned())
    }

    async fn put_tenant_key(
        &self,
        tenant: &TenantId,
        key: WrappedKey,
    ) -> Result<WrappedKey, KeyStoreError> {
        Ok(locked(&self.tenants).entry(tenant.clone()).or_insert(key).clone())
    }

    async fn replace_tenant_key(
        &self,
        tenant: &TenantId,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, KeyStoreError> {
        let mut tenants = locked(&self.tenants);
        Ok(tenants.get_mut(tenant).is_some_and(|stored| replace(stored, expected, key)))
    }

    async fn person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Option<WrappedKey>>, KeyStoreError> {
        let persons = locked(&self.persons);
        Ok(ids.iter().map(|id| persons.get(&(tenant.clone(), *id)).cloned()).collect())
    }

    async fn put_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(KeyId, WrappedKey)>,
    ) -> Result<Vec<WrappedKey>, KeyStoreError> {
        let mut persons = locked(&self.persons);
        let put = |(id, key)| persons.entry((tenant.clone(), id)).or_insert(key).clone();
        Ok(keys.into_iter().map(put).collect())
    }

    async fn person_key_page(
        &self,
        tenant: &TenantId,
        after: Option<KeyPlace>,
        limit: usize,
    ) -> Result<KeyPage, KeyStoreError> {
        let mut keys: Vec<(KeyId, WrappedKey)> = locked(&self.persons)
            .iter()
            .filter(|((of, id), _)| {
                of == tenant && after.is_none_or(|KeyPlace(after)| id.0 > after)
            })
            .map(|((_, id), key)| (*id, key.clone()))
            .collect();
        keys.sort_by_key(|(id, _)| *id);
        let more = keys.len() > limit.clamp(1, KEY_PAGE_MAX);
        keys.truncate(limit.clamp(1, KEY_PAGE_MAX));
        let last = keys.last().map(|(id, _)| KeyPlace(id.0));
        Ok(KeyPage { keys, next: last.filter(|_| more) })
    }

    async fn replace_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<Rewrapped>,
    ) -> Result<Vec<bool>, KeyStoreError> {
        let mut persons = locked(&self.persons);
        let replaced = keys.into_iter().map(|Rewrapped { id, expected, key }| {
            let stored = persons.get_mut(&(tenant.clone(), id));
            stored.is_some_and(|stored| replace(stored, &expected, key))
        });
        Ok(replaced.collect())
    }

    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError> {
        let place = (tenant.clone(), *id);
        let was_there = locked(&self.persons).remove(&place).is_some();
        if was_there {
            locked(&self.destroyed).insert(place);
        }
        Ok(was_there)
    }

    async fn ever_destroyed(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<bool>, KeyStoreError> {
        let destroyed = locked(&self.destroyed);
        Ok(ids.iter().map(|id| destroyed.contains(&(tenant.clone(), *id))).collect())
    }
}

fn replace<T: PartialEq>(stored: &mut T, expected: &T, new: T) -> bool {
    let is_expected = stored == expected;
    if is_expected {
        *stored = new;
    }
    is_expected
}
