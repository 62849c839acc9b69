//! The secrets of endpoints: made here, sealed before anybody sees them, opened by who signs with them.

use annals_domain::TenantId;
use annals_record::{KeyError, RootKey, fresh_secret};
use uuid::Uuid;

use crate::envelopes::EnvelopeKeys;

/// For what the keys are that secrets are sealed under.
const PURPOSE: &str = "secrets of endpoints";

/// Seals and opens the secrets of endpoints.
pub struct EndpointSecrets {
    keys: EnvelopeKeys,
}

impl EndpointSecrets {
    /// Under keys that follow from the root key, one a tenant.
    pub fn new(root: &RootKey) -> Self {
        Self { keys: EnvelopeKeys::new(root, PURPOSE) }
    }

    /// A new secret: open, to be shown once, and sealed, to be recorded.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn make(&self, tenant: &TenantId, endpoint: Uuid) -> Result<([u8; 32], String), KeyError> {
        let secret = fresh_secret()?;
        let sealed = self.keys.of(tenant).seal(endpoint.as_bytes(), &secret)?;
        Ok((secret, sealed.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Opens a secret that was sealed for this endpoint of this tenant.
    ///
    /// # Errors
    /// When it was sealed for another one, or was changed.
    pub fn open(
        &self,
        tenant: &TenantId,
        endpoint: Uuid,
        sealed: &str,
    ) -> Result<[u8; 32], KeyError> {
        let digits = sealed.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or(KeyError::Malformed)?;
        let opened = self.keys.of(tenant).open(endpoint.as_bytes(), &bytes)?;
        opened.try_into().map_err(|_| KeyError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_endpoint_alone_and_does_not_lie_readable() {
        let secrets = EndpointSecrets::new(&RootKey::from_bytes([7; 32]));
        let (acme, other) = (TenantId::new("acme").unwrap(), TenantId::new("other").unwrap());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (secret, sealed) = secrets.make(&acme, one).unwrap();
        assert_eq!(secrets.open(&acme, one, &sealed).unwrap(), secret);
        assert!(secrets.open(&acme, two, &sealed).is_err());
        assert!(secrets.open(&other, one, &sealed).is_err());
        assert!(secrets.open(&acme, one, "no hex").is_err());
        let plain: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!sealed.contains(&plain));
        assert_ne!(secrets.make(&acme, one).unwrap().0, secret);
    }
}
