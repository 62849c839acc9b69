//! Destroying keys, and what has to be known of those that were.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use annals_domain::TenantId;
use annals_record::{KeyId, Owner, PersonKey, WrappedKey};

use super::{KeyRing, KeyRingError, OwnerName};

impl KeyRing {
    /// Tells whether keys were destroyed since.
    pub(super) fn age(&self) -> u64 {
        *self.destroyed.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a key, unless keys were destroyed since it was read.
    pub(super) fn remember(
        &self,
        tenant: &TenantId,
        id: KeyId,
        key: &Arc<PersonKey>,
        read_at: u64,
    ) {
        let destroyed = self.destroyed.read().unwrap_or_else(PoisonError::into_inner);
        if *destroyed == read_at {
            self.persons.insert((tenant.clone(), id), Arc::clone(key));
        }
    }

    /// The pseudonyms of persons, in the same order.
    pub(crate) async fn pseudonyms_of(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<Vec<KeyId>, KeyRingError> {
        let held = self.tenant_key(tenant).await?;
        Ok(persons.iter().map(|person| held.key.pseudonym(&Owner::Person(person))).collect())
    }

    /// What tells the keys of these persons from others, in the same order; none where there is no key.
    pub(crate) async fn checks_of(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Option<String>>, KeyRingError> {
        let (held, stored) = self.read(tenant, ids).await?;
        let check = |(id, wrapped): (&KeyId, Option<WrappedKey>)| {
            let key = wrapped.map(|wrapped| held.key.unwrap_person_key(tenant, id, &wrapped));
            Ok(key.transpose()?.map(|key| key.check()))
        };
        ids.iter().zip(stored).map(check).collect()
    }

    /// Destroys persons' keys; answers how many there were. Nothing may be sealed meanwhile: the tenant's
    /// gate is closed.
    pub(crate) async fn destroy(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<u64, KeyRingError> {
        let destroyed = self.store.destroy_person_keys(tenant, ids).await;
        // Also after a failure: some may be destroyed.
        let mut age = self.destroyed.write().unwrap_or_else(PoisonError::into_inner);
        *age += 1;
        for id in ids {
            self.persons.invalidate(&(tenant.clone(), *id));
        }
        drop(age);
        Ok(destroyed?)
    }

    /// Forgets whose pseudonyms these are.
    pub(crate) fn forget_names(&self, tenant: &TenantId, persons: &[String]) {
        for person in persons {
            let name = OwnerName::Person(person.as_str().into());
            self.pseudonyms.invalidate(&(tenant.clone(), name));
        }
    }

    /// Of which of these ids a key was destroyed, though there may be another one since.
    pub(crate) async fn replaced(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<HashSet<KeyId>, KeyRingError> {
        let ever = self.store.ever_destroyed(tenant, ids).await?;
        Ok(ids.iter().zip(ever).filter(|(_, ever)| *ever).map(|(id, _)| *id).collect())
    }
}
