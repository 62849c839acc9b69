//! Wrapped keys in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use annals_domain::TenantId;
use annals_record::{KeyId, WrappedKey};
use async_trait::async_trait;

use super::locked;
use crate::key_store::{KeyStore, KeyStoreError};

/// A key store in memory.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    tenants: Mutex<HashMap<TenantId, WrappedKey>>,
    persons: Mutex<HashMap<(TenantId, KeyId), WrappedKey>>,
}

#[async_trait]
impl KeyStore for MemoryKeyStore {
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

    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError> {
        Ok(locked(&self.persons).remove(&(tenant.clone(), *id)).is_some())
    }
}
