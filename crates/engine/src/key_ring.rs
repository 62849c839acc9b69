//! The keys at hand: unwrapped, cached, and made when a person is first seen.
//!
//! A tenant's key may be rotated by another node at any time. So it is read again after a while, and when
//! a version is met that is not known; and a key that was just put is used only when the tenant's key is
//! still the one it was wrapped under (see [`KeyRing::settle`]).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use annals_domain::{Event, TenantId};
use annals_ports::{KeyStore, KeyStoreError, Rewrapped};
use annals_record::{
    KeyError, KeyId, MaskingKey, Owner, PersonKey, RootKey, TenantKey, WrappedKey, owners,
};
use moka::sync::Cache;
use tokio::sync::mpsc;

use crate::gates::Gates;
use crate::key_uses::{self, KeyUse};

mod destroying;

use destroying::Destroyed;

/// How many unwrapped person keys are kept in memory, and for how long: after their last use, and after they were
/// read. Another node may have destroyed them.
const PERSON_KEYS_MAX: u64 = 100_000;
const PERSON_KEY_IDLE: Duration = Duration::from_secs(600);
const PERSON_KEY_LIFE: Duration = Duration::from_secs(600);
/// How many pseudonyms are remembered, so that each is computed once.
const PSEUDONYMS_MAX: u64 = 100_000;
/// How many tenants' keys are kept in memory.
const TENANT_KEYS_MAX: u64 = 10_000;
/// After so long a tenant's key is read again: another node may have rotated it.
pub(crate) const TENANT_KEY_LIFE: Duration = Duration::from_secs(60);
/// How often keys are read again because the tenant's key was rotated meanwhile.
const ATTEMPTS: usize = 5;

/// Finds, makes and caches keys.
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    root: RootKey,
    tenants: Cache<TenantId, Arc<HeldKey>>,
    pseudonyms: Cache<(TenantId, OwnerName), KeyId>,
    persons: Cache<(TenantId, KeyId), Arc<PersonKey>>,
    /// What was destroyed, or is about to be.
    destroyed: RwLock<Destroyed>,
    /// Between recording and destroying.
    pub(crate) gates: Gates,
    /// Told of tenants whose key has more than one version.
    unfinished: OnceLock<mpsc::Sender<TenantId>>,
}

/// A tenant's key, and how it is stored.
pub(crate) struct HeldKey {
    pub(crate) stored: WrappedKey,
    pub(crate) key: TenantKey,
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
    /// A key in the store does not open.
    #[error("a stored key does not open")]
    Key(#[from] KeyError),
    /// The tenant's key was rotated again and again.
    #[error("the tenant's key is rotated all the time by others; try again later")]
    Unsettled,
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
    /// A ring over a store, opened by the root key.
    pub fn new(store: Arc<dyn KeyStore>, root: RootKey) -> Self {
        Self::remembering(PERSON_KEYS_MAX, store, root)
    }

    fn remembering(persons_max: u64, store: Arc<dyn KeyStore>, root: RootKey) -> Self {
        Self {
            store,
            root,
            tenants: Cache::builder()
                .max_capacity(TENANT_KEYS_MAX)
                .time_to_live(TENANT_KEY_LIFE)
                .build(),
            pseudonyms: Cache::new(PSEUDONYMS_MAX),
            persons: Cache::builder()
                .max_capacity(persons_max)
                .time_to_idle(PERSON_KEY_IDLE)
                .time_to_live(PERSON_KEY_LIFE)
                .build(),
            destroyed: RwLock::default(),
            gates: Gates::default(),
            unfinished: OnceLock::new(),
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
            let id = self.pseudonym(tenant, &tenant_key.key, &owner, &name);
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
            let found = self.load_or_make(tenant, &ids).await?;
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
        let read_at = self.age();
        let (tenant_key, stored) = self.read(tenant, &missing).await?;
        for (id, wrapped) in missing.into_iter().zip(stored) {
            let Some(wrapped) = wrapped else { continue };
            match self.unwrap(tenant, &tenant_key, id, &wrapped, read_at) {
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

    /// What is stored of persons' keys, with a tenant's key that has all their versions, if there is one.
    async fn read(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<(Arc<HeldKey>, Vec<Option<WrappedKey>>), KeyRingError> {
        let mut attempt = 1;
        loop {
            let held = self.tenant_key(tenant).await?;
            let stored = self.store.person_keys(tenant, ids).await?;
            let knows_all = stored.iter().flatten().all(|wrapped| held.key.knows(wrapped));
            if knows_all || attempt == ATTEMPTS {
                return Ok((held, stored));
            }
            self.tenants.invalidate(tenant);
            attempt += 1;
        }
    }

    pub(crate) async fn load_or_make(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Arc<PersonKey>>, KeyRingError> {
        let read_at = self.age();
        let (held, stored) = self.read(tenant, ids).await?;
        let mut fresh = Vec::new();
        for (id, _) in ids.iter().zip(&stored).filter(|(_, wrapped)| wrapped.is_none()) {
            let key = PersonKey::generate()?;
            fresh.push((*id, held.key.wrap_person_key(tenant, id, &key)?));
        }
        key_uses::count(KeyUse::Wrap, fresh.len());
        let made = match fresh.is_empty() {
            true => HashMap::new(),
            false => self.put(tenant, held.clone(), fresh, read_at).await?,
        };
        let mut keys = Vec::with_capacity(ids.len());
        for (id, wrapped) in ids.iter().zip(stored) {
            let key = match (wrapped, made.get(id)) {
                (Some(wrapped), _) => self.unwrap(tenant, &held, *id, &wrapped, read_at)?,
                (None, Some(key)) => Arc::clone(key),
                (None, None) => unreachable!("the store answers a key for each one that was put"),
            };
            keys.push(key);
        }
        Ok(keys)
    }

    /// Puts persons' first keys, and opens the ones in force once they are settled.
    async fn put(
        &self,
        tenant: &TenantId,
        held: Arc<HeldKey>,
        fresh: Vec<(KeyId, WrappedKey)>,
        read_at: u64,
    ) -> Result<HashMap<KeyId, Arc<PersonKey>>, KeyRingError> {
        let ids: Vec<KeyId> = fresh.iter().map(|(id, _)| *id).collect();
        let in_force = self.store.put_person_keys(tenant, fresh).await?;
        let mut keys = HashMap::with_capacity(ids.len());
        let mut known = held;
        if !in_force.iter().all(|wrapped| known.key.knows(wrapped)) {
            // Another node, which knew of a rotation, was first.
            self.tenants.invalidate(tenant);
            known = self.tenant_key(tenant).await?;
        }
        for (id, wrapped) in ids.iter().zip(&in_force) {
            keys.insert(*id, Arc::new(known.key.unwrap_person_key(tenant, id, wrapped)?));
        }
        key_uses::count(KeyUse::Unwrap, keys.len());
        self.settle(tenant, known, &keys).await?;
        for (id, key) in &keys {
            self.remember(tenant, *id, key, read_at);
        }
        Ok(keys)
    }

    /// Sees to it that keys which were just put outlast the version that wraps them: if the tenant's key
    /// was rotated meanwhile, what wraps the older keys anew may have passed by, so they are wrapped anew
    /// here, before anything is sealed under them.
    async fn settle(
        &self,
        tenant: &TenantId,
        mut held: Arc<HeldKey>,
        keys: &HashMap<KeyId, Arc<PersonKey>>,
    ) -> Result<(), KeyRingError> {
        let ids: Vec<KeyId> = keys.keys().copied().collect();
        for _ in 0..ATTEMPTS {
            if self.store.tenant_key(tenant).await?.as_ref() == Some(&held.stored) {
                return Ok(());
            }
            self.tenants.invalidate(tenant);
            held = self.tenant_key(tenant).await?;
            let stored = self.store.person_keys(tenant, &ids).await?;
            let mut changes = Vec::new();
            for (id, expected) in ids.iter().zip(stored) {
                let Some(expected) = expected.filter(|key| held.key.is_outdated(key)) else {
                    continue;
                };
                let key = held.key.wrap_person_key(tenant, id, &keys[id])?;
                changes.push(Rewrapped { id: *id, expected, key });
            }
            key_uses::count(KeyUse::Wrap, changes.len());
            self.store.replace_person_keys(tenant, changes).await?;
        }
        Err(KeyRingError::Unsettled)
    }

    fn unwrap(
        &self,
        tenant: &TenantId,
        tenant_key: &HeldKey,
        id: KeyId,
        wrapped: &WrappedKey,
        read_at: u64,
    ) -> Result<Arc<PersonKey>, KeyRingError> {
        key_uses::count(KeyUse::Unwrap, 1);
        let key = Arc::new(tenant_key.key.unwrap_person_key(tenant, &id, wrapped)?);
        self.remember(tenant, id, &key, read_at);
        Ok(key)
    }

    /// The tenant's key for masking.
    pub(crate) async fn masking_key(&self, tenant: &TenantId) -> Result<MaskingKey, KeyRingError> {
        Ok(self.tenant_key(tenant).await?.key.masking_key())
    }

    /// The tenant's key, made when there is none.
    pub(crate) async fn tenant_key(&self, tenant: &TenantId) -> Result<Arc<HeldKey>, KeyRingError> {
        if let Some(key) = self.tenants.get(tenant) {
            return Ok(key);
        }
        let stored = match self.store.tenant_key(tenant).await? {
            Some(stored) => stored,
            None => {
                key_uses::count(KeyUse::Wrap, 1);
                let fresh = self.root.wrap_tenant_key(tenant, &TenantKey::generate()?)?;
                self.store.put_tenant_key(tenant, fresh).await?
            }
        };
        key_uses::count(KeyUse::Unwrap, 1);
        let key = self.root.unwrap_tenant_key(tenant, &stored)?;
        if key.versions().count() > 1
            && let Some(unfinished) = self.unfinished.get()
        {
            // With no room there, the next reading tells again.
            let _ = unfinished.try_send(tenant.clone());
        }
        let held = Arc::new(HeldKey { stored, key });
        self.tenants.insert(tenant.clone(), Arc::clone(&held));
        Ok(held)
    }

    /// Puts another form of a tenant's key in the place of the one that is held; says whether that was
    /// still in force.
    pub(crate) async fn replace_tenant_key(
        &self,
        tenant: &TenantId,
        held: &HeldKey,
        key: TenantKey,
    ) -> Result<bool, KeyRingError> {
        key_uses::count(KeyUse::Wrap, 1);
        let wrapped = self.root.wrap_tenant_key(tenant, &key)?;
        let replaced = self.store.replace_tenant_key(tenant, &held.stored, wrapped).await?;
        self.tenants.invalidate(tenant);
        Ok(replaced)
    }

    /// The tenant's key as it is stored now.
    pub(crate) async fn newest_tenant_key(
        &self,
        tenant: &TenantId,
    ) -> Result<Arc<HeldKey>, KeyRingError> {
        self.tenants.invalidate(tenant);
        self.tenant_key(tenant).await
    }

    pub(crate) fn store(&self) -> &dyn KeyStore {
        &*self.store
    }

    /// Whom to tell of tenants whose rotation is not finished.
    pub(crate) fn tell_unfinished(&self, unfinished: mpsc::Sender<TenantId>) {
        // There is one who finishes them.
        let _ = self.unfinished.set(unfinished);
    }
}

#[cfg(test)]
mod tests;
