//! The root key of an installation.

use annals_domain::TenantId;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    KEY_LEN, KeyError, TenantKey, WrappedKey, derived, open_sealed, random_key, seal_bytes,
};

/// First byte of a tenant's key as it was stored before tenant keys had versions: the key alone.
const FORM_OF_ONE_KEY: u8 = 1;
/// First byte of a tenant's key as it is stored now: see [`TenantKey`].
const FORM_WITH_VERSIONS: u8 = 2;

/// Wraps the keys of the tenants of an installation; everything else that is secret about the
/// installation is derived from it. It never changes: what changes is the master key that wraps it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RootKey([u8; KEY_LEN]);

impl RootKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self(*key))
    }

    /// The key itself, for whoever wraps it.
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Seals a tenant's key for storing.
    ///
    /// # Errors
    /// When the operating system gives no random numbers, or the cipher refuses.
    pub fn wrap_tenant_key(
        &self,
        tenant: &TenantId,
        key: &TenantKey,
    ) -> Result<WrappedKey, KeyError> {
        let body = key.to_body();
        seal_bytes(&self.wrapping_key(), &[FORM_WITH_VERSIONS], &context(2, tenant), &body)
    }

    /// Opens a tenant's stored key.
    ///
    /// # Errors
    /// When it was sealed under another root key or for another tenant, or was changed.
    pub fn unwrap_tenant_key(
        &self,
        tenant: &TenantId,
        wrapped: &WrappedKey,
    ) -> Result<TenantKey, KeyError> {
        let (form, sealed) = wrapped.0.split_first().ok_or(KeyError::Malformed)?;
        let under = self.wrapping_key();
        match *form {
            FORM_OF_ONE_KEY => {
                let opened = open_sealed(&under, &context(1, tenant), sealed)?;
                let bytes = opened.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
                Ok(TenantKey::of_one_key(bytes))
            }
            FORM_WITH_VERSIONS => {
                TenantKey::from_body(&open_sealed(&under, &context(2, tenant), sealed)?)
            }
            _ => Err(KeyError::Malformed),
        }
    }

    /// A key for another purpose, such as `cursors`; the same purpose always gives the same key,
    /// and no derived key tells anything about another.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_LEN]> {
        derived(&self.0, &["annals derived key v1 ", purpose])
    }

    fn wrapping_key(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derived(&self.0, &["annals wrapping of tenant keys v1"])
    }
}

/// Binds a wrapped tenant key to its tenant and its form.
fn context(form: u8, tenant: &TenantId) -> Vec<u8> {
    format!("annals tenant key v{form}\0{tenant}").into_bytes()
}
