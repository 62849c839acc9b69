//! Where wrapped keys lie. It never sees a key in the clear.

use annals_domain::TenantId;
use annals_record::{KeyId, WrappedKey, WrappedRoot};
use async_trait::async_trait;

/// The most keys a page may be asked for.
pub const KEY_PAGE_MAX: usize = 1000;

/// A place in the listing of a tenant's person keys; what it means only the store knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace(pub [u8; 20]);

/// Some of the person keys of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// They; there may be none although more pages follow.
    pub keys: Vec<(KeyId, WrappedKey)>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<KeyPlace>,
}

/// A person's key that is to be wrapped in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// Whose.
    pub id: KeyId,
    /// How it is stored; if it is stored otherwise, nothing is changed.
    pub expected: WrappedKey,
    /// How it is to be stored.
    pub key: WrappedKey,
}

/// Keeps the wrapped keys of the installation, of tenants and of persons.
///
/// # Contract
/// - What was put is durable when the call returns.
/// - Putting is first-come: whoever puts second is told the key that is in force.
/// - A destroyed key is gone from the store's files, and its id stays known as destroyed.
/// - Replacing compares and sets: it changes what is stored as expected, and never brings back what
///   was destroyed.
/// - A listing of person keys shows each key that was put before its first page was asked for and was not
///   destroyed meanwhile, as it was stored then or later. It may show keys more than once, in older forms
///   too.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// The wrapped root key.
    async fn root_key(&self) -> Result<Option<WrappedRoot>, KeyStoreError>;

    /// Puts the first root key, or tells the one in force.
    async fn put_root_key(&self, key: WrappedRoot) -> Result<WrappedRoot, KeyStoreError>;

    /// Puts another form of the root key in the place of the expected one; says whether that was there.
    async fn replace_root_key(
        &self,
        expected: &WrappedRoot,
        key: WrappedRoot,
    ) -> Result<bool, KeyStoreError>;

    /// The tenant's wrapped key.
    async fn tenant_key(&self, tenant: &TenantId) -> Result<Option<WrappedKey>, KeyStoreError>;

    /// Puts the tenant's first key, or tells the one in force.
    async fn put_tenant_key(
        &self,
        tenant: &TenantId,
        key: WrappedKey,
    ) -> Result<WrappedKey, KeyStoreError>;

    /// Puts another form of the tenant's key in the place of the expected one; says whether that was
    /// there.
    async fn replace_tenant_key(
        &self,
        tenant: &TenantId,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, KeyStoreError>;

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

    /// Lists the tenant's person keys: looks at no more than `limit` (at most [`KEY_PAGE_MAX`]) entries
    /// after a place; `None`: from the beginning.
    async fn person_key_page(
        &self,
        tenant: &TenantId,
        after: Option<KeyPlace>,
        limit: usize,
    ) -> Result<KeyPage, KeyStoreError>;

    /// Replaces persons' keys by other forms of them; says of each, in the same order, whether it was
    /// there as expected.
    async fn replace_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<Rewrapped>,
    ) -> Result<Vec<bool>, KeyStoreError>;

    /// Destroys a person's key; says whether there was one.
    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError>;

    /// Destroys the keys of many persons; answers how many there were. Not all in one step: after a
    /// failure some are destroyed, and the call is to be repeated.
    async fn destroy_person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<u64, KeyStoreError> {
        let mut destroyed = 0;
        for id in ids {
            destroyed += u64::from(self.destroy_person_key(tenant, id).await?);
        }
        Ok(destroyed)
    }

    /// Whether a key of each id was ever destroyed, in the same order; also where there is another one
    /// since.
    async fn ever_destroyed(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<bool>, KeyStoreError>;
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
