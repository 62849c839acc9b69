//! Where wrapped keys lie. It never sees a key in the clear.

use annals_domain::TenantId;
use annals_record::{KeyId, WrappedKey};
use async_trait::async_trait;

/// Keeps the wrapped keys of tenants and persons.
///
/// # Contract
/// - What was put is durable when the call returns.
/// - Putting is first-come: whoever puts second is told the key that is in force.
/// - A destroyed key is gone from the store's files, and its id stays known as destroyed.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// The tenant's wrapped key.
    async fn tenant_key(&self, tenant: &TenantId) -> Result<Option<WrappedKey>, KeyStoreError>;

    /// Puts the tenant's first key, or tells the one in force.
    async fn put_tenant_key(
        &self,
        tenant: &TenantId,
        key: WrappedKey,
    ) -> Result<WrappedKey, KeyStoreError>;

    /// The persons' wrapped keys, in the same order; `None` for the unknown and the destroyed.
    async fn person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Option<WrappedKey>>, KeyStoreError>;

    /// Puts the persons' first keys, or tells the ones in force, in the same order. All in one
    /// durable step.
    async fn put_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(KeyId, WrappedKey)>,
    ) -> Result<Vec<WrappedKey>, KeyStoreError>;

    /// Destroys a person's key; says whether there was one.
    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError>;
}

/// The key store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the key store failed while {doing}")]
pub struct KeyStoreError {
    /// What was being done.
    pub doing: &'static str,
    /// Whether no space was left; it works again once there is some.
    pub full: bool,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
