//! The wrapped keys of a log at one moment, and taking out of them those of persons who were erased.

use std::collections::HashMap;

use annals_domain::TenantId;
use annals_record::{KeyId, RootKey, TenantKey, WrappedKey};
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

/// The keys are not those of this installation, or damaged.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key is no key.
    #[error("a key of the tenant {tenant} in the backup is malformed")]
    Malformed {
        /// Whose.
        tenant: TenantId,
    },
    /// A key does not open.
    #[error("a key of the tenant {tenant} does not open under the master key that was given")]
    Closed {
        /// Whose.
        tenant: TenantId,
        /// Why.
        #[source]
        source: annals_record::KeyError,
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
    /// Opens every key, to see that it is whole and of this master key.
    pub fn check(&self, root: &RootKey) -> Result<(), KeysError> {
        let tenants = self.tenant_keys(root)?;
        for row in &self.persons {
            let Some(wrapped) = row.key()? else { continue };
            let malformed = || KeysError::Malformed { tenant: row.tenant.clone() };
            let tenant = tenants.get(&row.tenant).ok_or_else(malformed)?;
            tenant
                .unwrap_person_key(&row.tenant, &row.key_id()?, &wrapped)
                .map_err(|source| KeysError::Closed { tenant: row.tenant.clone(), source })?;
        }
        Ok(())
    }

    /// Takes out the keys that erasures name, and answers how many there were. A newer key of the same
    /// person stays.
    pub fn cleanse(&mut self, erased: &[ErasedKey], root: &RootKey) -> Result<usize, KeysError> {
        if erased.is_empty() {
            return Ok(0);
        }
        let mut named: HashMap<(&TenantId, &str), Vec<&str>> = HashMap::new();
        for ErasedKey { tenant, person, key_check } in erased {
            named.entry((tenant, person)).or_default().push(key_check);
        }
        let tenants = self.tenant_keys(root)?;
        let mut taken = 0;
        for row in &mut self.persons {
            let Some(checks) = named.get(&(&row.tenant, row.id.as_str())) else { continue };
            let Some(wrapped) = row.key()? else { continue };
            let malformed = || KeysError::Malformed { tenant: row.tenant.clone() };
            let tenant = tenants.get(&row.tenant).ok_or_else(malformed)?;
            let key = tenant
                .unwrap_person_key(&row.tenant, &row.key_id()?, &wrapped)
                .map_err(|source| KeysError::Closed { tenant: row.tenant.clone(), source })?;
            if checks.contains(&key.check().as_str()) {
                row.wrapped = None;
                row.destroyed += 1;
                taken += 1;
            }
        }
        Ok(taken)
    }

    fn tenant_keys(&self, root: &RootKey) -> Result<HashMap<TenantId, TenantKey>, KeysError> {
        let open = |row: &TenantKeyRow| {
            let key = root
                .unwrap_tenant_key(&row.tenant, &row.key()?)
                .map_err(|source| KeysError::Closed { tenant: row.tenant.clone(), source })?;
            Ok((row.tenant.clone(), key))
        };
        self.tenants.iter().map(open).collect()
    }
}
