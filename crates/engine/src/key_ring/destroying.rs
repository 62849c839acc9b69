//! Destroying keys, and what has to be known of those that were.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use annals_domain::TenantId;
use annals_record::{KeyId, Owner, PersonKey, WrappedKey};

use super::{KeyRing, KeyRingError, OwnerName};

/// What was destroyed, or is about to be, through any node.
#[derive(Default)]
pub(super) struct Destroyed {
    /// How often that was; what was read from the store before is not remembered after.
    age: u64,
    /// Keys that some node is about to destroy: they are read anew for every use.
    doomed: HashSet<(TenantId, KeyId)>,
}

impl KeyRing {
    /// Tells whether keys were destroyed since.
    pub(super) fn age(&self) -> u64 {
        self.destroyed.read().unwrap_or_else(PoisonError::into_inner).age
    }

    /// Drops a key that some node is about to destroy, and remembers it no more until that is over.
    pub(crate) fn doom(&self, tenant: &TenantId, id: KeyId) {
        self.drop_keys(tenant, &[id], |destroyed| {
            destroyed.doomed.insert((tenant.clone(), id));
        });
    }

    /// Drops a key that some node has destroyed. The next one of its id is remembered again.
    pub(crate) fn is_gone(&self, tenant: &TenantId, id: KeyId) {
        self.drop_keys(tenant, &[id], |destroyed| {
            destroyed.doomed.remove(&(tenant.clone(), id));
        });
    }

    fn drop_keys(&self, tenant: &TenantId, ids: &[KeyId], change: impl FnOnce(&mut Destroyed)) {
        let mut destroyed = self.destroyed.write().unwrap_or_else(PoisonError::into_inner);
        destroyed.age += 1;
        change(&mut destroyed);
        for id in ids {
            self.persons.invalidate(&(tenant.clone(), *id));
        }
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
        let place = (tenant.clone(), id);
        if destroyed.age == read_at && !destroyed.doomed.contains(&place) {
            self.persons.insert(place, Arc::clone(key));
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
        self.drop_keys(tenant, ids, |_| {});
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
