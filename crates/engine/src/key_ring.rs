//! The keys at hand: unwrapped, cached, and made when a person is first seen.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use annals_domain::{Event, TenantId};
use annals_ports::{KeyStore, KeyStoreError};
use annals_record::{KeyError, KeyId, MasterKey, Owner, PersonKey, TenantKey, WrappedKey, owners};
use moka::sync::Cache;

/// How many unwrapped person keys are kept in memory, and for how long after their last use.
const PERSON_KEYS_MAX: u64 = 100_000;
const PERSON_KEY_IDLE: Duration = Duration::from_secs(600);
/// How many pseudonyms are remembered, so that each is computed once.
const PSEUDONYMS_MAX: u64 = 100_000;
/// How many tenants' keys are kept in memory.
const TENANT_KEYS_MAX: u64 = 10_000;

/// Finds, makes and caches keys.
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    master: MasterKey,
    tenants: Cache<TenantId, Arc<TenantKey>>,
    pseudonyms: Cache<(TenantId, OwnerName), KeyId>,
    persons: Cache<(TenantId, KeyId), Arc<PersonKey>>,
}

/// An [`Owner`] that owns its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum OwnerName {
    Person(Box<str>),
    Service(Box<str>),
    Tenant,
}

impl From<&Owner<'_>> for OwnerName {
    fn from(owner: &Owner<'_>) -> Self {
        match owner {
            Owner::Person(id) => Self::Person((*id).into()),
            Owner::Service(id) => Self::Service((*id).into()),
            Owner::Tenant => Self::Tenant,
        }
    }
}

/// Keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store of wrapped keys failed.
    #[error("cannot read or write keys")]
    Store(#[from] KeyStoreError),
    /// A key in the store does not open; most likely the master key is another one.
    #[error(
        "a stored key does not open: is ANNALS_MASTER_KEY_FILE the key this data was written with?"
    )]
    Key(#[from] KeyError),
}

/// The keys of the owners of some events of one tenant.
pub(crate) type OwnerKeys = HashMap<OwnerName, (KeyId, Arc<PersonKey>)>;

/// Keys that were asked for by their ids. One that is in neither list was destroyed.
#[derive(Default)]
pub(crate) struct StoredKeys {
    pub(crate) held: HashMap<KeyId, Arc<PersonKey>>,
    /// They are stored, but do not open.
    pub(crate) damaged: HashSet<KeyId>,
}

impl KeyRing {
    /// A ring over a store, opened by the master key.
    pub fn new(store: Arc<dyn KeyStore>, master: MasterKey) -> Self {
        Self::remembering(PERSON_KEYS_MAX, store, master)
    }

    fn remembering(persons_max: u64, store: Arc<dyn KeyStore>, master: MasterKey) -> Self {
        Self {
            store,
            master,
            tenants: Cache::new(TENANT_KEYS_MAX),
            pseudonyms: Cache::new(PSEUDONYMS_MAX),
            persons: Cache::builder()
                .max_capacity(persons_max)
                .time_to_idle(PERSON_KEY_IDLE)
                .build(),
        }
    }

    /// The keys of everyone the events concern, made and stored durably where there was none.
    pub(crate) async fn keys_for(
        &self,
        tenant: &TenantId,
        events: impl Iterator<Item = &Event>,
    ) -> Result<OwnerKeys, KeyRingError> {
        let tenant_key = self.tenant_key(tenant).await?;
        let mut keys = OwnerKeys::new();
        let mut missing = HashMap::<OwnerName, KeyId>::new();
        for owner in events.flat_map(owners) {
            let name = OwnerName::from(&owner);
            if keys.contains_key(&name) || missing.contains_key(&name) {
                continue;
            }
            let id = self.pseudonym(tenant, &tenant_key, &owner, &name);
            match self.persons.get(&(tenant.clone(), id)) {
                Some(key) => {
                    keys.insert(name, (id, key));
                }
                None => {
                    missing.insert(name, id);
                }
            }
        }
        if !missing.is_empty() {
            let ids: Vec<KeyId> = missing.values().copied().collect();
            let found = self.load_or_make(tenant, &tenant_key, &ids).await?;
            for ((name, id), key) in missing.into_iter().zip(found) {
                keys.insert(name, (id, key));
            }
        }
        Ok(keys)
    }

    /// The keys that exist of these.
    pub(crate) async fn stored(
        &self,
        tenant: &TenantId,
        mut ids: Vec<KeyId>,
    ) -> Result<StoredKeys, KeyRingError> {
        ids.sort_unstable();
        ids.dedup();
        let mut keys = StoredKeys::default();
        let mut missing = Vec::new();
        for id in ids {
            match self.persons.get(&(tenant.clone(), id)) {
                Some(key) => {
                    keys.held.insert(id, key);
                }
                None => missing.push(id),
            }
        }
        if missing.is_empty() {
            return Ok(keys);
        }
        let tenant_key = self.tenant_key(tenant).await?;
        let stored = self.store.person_keys(tenant, &missing).await?;
        for (id, wrapped) in missing.into_iter().zip(stored) {
            let Some(wrapped) = wrapped else { continue };
            match self.unwrap(tenant, &tenant_key, id, &wrapped) {
                Ok(key) => {
                    keys.held.insert(id, key);
                }
                Err(_) => {
                    keys.damaged.insert(id);
                }
            }
        }
        Ok(keys)
    }

    fn pseudonym(
        &self,
        tenant: &TenantId,
        tenant_key: &TenantKey,
        owner: &Owner<'_>,
        name: &OwnerName,
    ) -> KeyId {
        let key = (tenant.clone(), name.clone());
        self.pseudonyms.get(&key).unwrap_or_else(|| {
            let id = tenant_key.pseudonym(owner);
            self.pseudonyms.insert(key, id);
            id
        })
    }

    async fn load_or_make(
        &self,
        tenant: &TenantId,
        tenant_key: &TenantKey,
        ids: &[KeyId],
    ) -> Result<Vec<Arc<PersonKey>>, KeyRingError> {
        let stored = self.store.person_keys(tenant, ids).await?;
        let mut fresh = Vec::new();
        for (id, _) in ids.iter().zip(&stored).filter(|(_, wrapped)| wrapped.is_none()) {
            let key = PersonKey::generate()?;
            fresh.push((*id, tenant_key.wrap_person_key(tenant, id, &key)?));
        }
        let made = match fresh.is_empty() {
            true => Vec::new(),
            false => self.store.put_person_keys(tenant, fresh).await?,
        };
        let mut made = made.into_iter();
        let mut keys = Vec::with_capacity(ids.len());
        for (id, wrapped) in ids.iter().zip(stored) {
            let wrapped = wrapped
                .or_else(|| made.next())
                .expect("the store answers a key for each one that was put");
            keys.push(self.unwrap(tenant, tenant_key, *id, &wrapped)?);
        }
        Ok(keys)
    }

    fn unwrap(
        &self,
        tenant: &TenantId,
        tenant_key: &TenantKey,
        id: KeyId,
        wrapped: &WrappedKey,
    ) -> Result<Arc<PersonKey>, KeyRingError> {
        let key = Arc::new(tenant_key.unwrap_person_key(tenant, &id, wrapped)?);
        self.persons.insert((tenant.clone(), id), Arc::clone(&key));
        Ok(key)
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<Arc<TenantKey>, KeyRingError> {
        if let Some(key) = self.tenants.get(tenant) {
            return Ok(key);
        }
        let wrapped = match self.store.tenant_key(tenant).await? {
            Some(wrapped) => wrapped,
            None => {
                let fresh = self.master.wrap_tenant_key(tenant, &TenantKey::generate()?)?;
                self.store.put_tenant_key(tenant, fresh).await?
            }
        };
        let key = Arc::new(self.master.unwrap_tenant_key(tenant, &wrapped)?);
        self.tenants.insert(tenant.clone(), Arc::clone(&key));
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
