//! The wrapped keys of a log at one moment, and taking out of them those of persons who were erased.

use std::collections::HashMap;

use annals_domain::TenantId;
use annals_record::{KeyId, PersonKey, RootKey, TenantKey, WrappedKey};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

/// Keys as they lie in the key store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// One a tenant.
    pub tenants: Vec<TenantKeyRow>,
    /// One a person, service or tenant's own facts.
    pub persons: Vec<KeyRow>,
}

/// A tenant's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantKeyRow {
    /// Whose.
    pub tenant: TenantId,
    /// The wrapped key, Base64.
    pub wrapped: String,
}

/// A person's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// Of which tenant.
    pub tenant: TenantId,
    /// The pseudonym, as text.
    pub id: String,
    /// The wrapped key, Base64; none: destroyed.
    pub wrapped: Option<String>,
    /// How often it was destroyed.
    pub destroyed: u32,
}

/// What an erasure tells of the key it destroyed. No personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ErasedKey {
    /// Of which tenant.
    pub tenant: TenantId,
    /// The pseudonym, as text.
    pub person: String,
    /// [`annals_record::PersonKey::check`] of the key, as hexadecimal digits.
    pub key_check: String,
}

/// A key that was damaged where it lay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedKey {
    /// Of which tenant.
    pub tenant: TenantId,
    /// The pseudonym of the person, as text; none: the key of the tenant itself.
    pub id: Option<String>,
}

/// What was read is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key is no key.
    #[error("a key of the tenant {tenant} in the backup is malformed")]
    Malformed {
        /// Whose.
        tenant: TenantId,
    },
}

impl KeyRow {
    /// The wrapped key, if there is one.
    pub fn key(&self) -> Result<Option<WrappedKey>, KeysError> {
        self.wrapped.as_deref().map(|wrapped| decoded(&self.tenant, wrapped)).transpose()
    }

    /// The pseudonym.
    pub fn key_id(&self) -> Result<KeyId, KeysError> {
        let malformed = || KeysError::Malformed { tenant: self.tenant.clone() };
        KeyId::from_text(&self.id).ok_or_else(malformed)
    }
}

impl TenantKeyRow {
    /// The wrapped key.
    pub fn key(&self) -> Result<WrappedKey, KeysError> {
        decoded(&self.tenant, &self.wrapped)
    }
}

fn decoded(tenant: &TenantId, wrapped: &str) -> Result<WrappedKey, KeysError> {
    let malformed = |_| KeysError::Malformed { tenant: tenant.clone() };
    BASE64.decode(wrapped.as_bytes()).map(WrappedKey).map_err(malformed)
}

impl Keys {
    /// Opens every key under a master key, and answers whose do not open: they were damaged before they came
    /// here, and what lies under them cannot be read.
    pub fn damaged(&self, root: &RootKey) -> Vec<DamagedKey> {
        let tenants = self.tenant_keys(root);
        let of_tenants = self.tenants.iter().filter(|row| !tenants.contains_key(&row.tenant));
        let of_tenants = of_tenants.map(|row| DamagedKey { tenant: row.tenant.clone(), id: None });
        let of_persons = self
            .persons
            .iter()
            .filter(|row| row.wrapped.is_some() && opened(row, tenants.get(&row.tenant)).is_none());
        let of_persons = of_persons
            .map(|row| DamagedKey { tenant: row.tenant.clone(), id: Some(row.id.clone()) });
        of_tenants.chain(of_persons).collect()
    }

    /// Takes out the keys that erasures name, and answers how many there were. A newer key of the same
    /// person stays; one that is damaged goes, since nobody can tell which it is.
    pub fn cleanse(&mut self, erased: &[ErasedKey], root: &RootKey) -> usize {
        let mut named: HashMap<(&TenantId, &str), Vec<&str>> = HashMap::new();
        for ErasedKey { tenant, person, key_check } in erased {
            named.entry((tenant, person)).or_default().push(key_check);
        }
        if named.is_empty() {
            return 0;
        }
        let tenants = self.tenant_keys(root);
        let mut taken = 0;
        for row in self.persons.iter_mut().filter(|row| row.wrapped.is_some()) {
            let Some(checks) = named.get(&(&row.tenant, row.id.as_str())) else { continue };
            let key = opened(row, tenants.get(&row.tenant));
            if key.is_none_or(|key| checks.contains(&key.check().as_str())) {
                row.wrapped = None;
                row.destroyed += 1;
                taken += 1;
            }
        }
        taken
    }

    /// The keys of tenants that open.
    fn tenant_keys(&self, root: &RootKey) -> HashMap<TenantId, TenantKey> {
        let open = |row: &TenantKeyRow| {
            let key = root.unwrap_tenant_key(&row.tenant, &row.key().ok()?).ok()?;
            Some((row.tenant.clone(), key))
        };
        self.tenants.iter().filter_map(open).collect()
    }
}

/// The key of a person, if it opens.
fn opened(row: &KeyRow, tenant: Option<&TenantKey>) -> Option<PersonKey> {
    let wrapped = row.key().ok()??;
    tenant?.unwrap_person_key(&row.tenant, &row.key_id().ok()?, &wrapped).ok()
}
