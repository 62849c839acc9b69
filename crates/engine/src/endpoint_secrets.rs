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
        Ok((secret, hex(&sealed)))
    }

    /// The URL of an endpoint, sealed, to be recorded.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn seal_url(
        &self,
        tenant: &TenantId,
        endpoint: Uuid,
        url: &str,
    ) -> Result<String, KeyError> {
        Ok(hex(&self.keys.of(tenant).seal(&url_of(endpoint), url.as_bytes())?))
    }

    /// Opens a URL that was sealed for this endpoint of this tenant.
    ///
    /// # Errors
    /// When it was sealed for another one, or was changed.
    pub fn open_url(
        &self,
        tenant: &TenantId,
        endpoint: Uuid,
        sealed: &str,
    ) -> Result<String, KeyError> {
        let opened = self.keys.of(tenant).open(&url_of(endpoint), &bytes(sealed)?)?;
        String::from_utf8(opened).map_err(|_| KeyError::Malformed)
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
        let opened = self.keys.of(tenant).open(endpoint.as_bytes(), &bytes(sealed)?)?;
        opened.try_into().map_err(|_| KeyError::Malformed)
    }
}

/// What a URL is sealed for, so that nothing else that is sealed for the endpoint passes for it.
fn url_of(endpoint: Uuid) -> Vec<u8> {
    [endpoint.as_bytes().as_slice(), b"url"].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>, KeyError> {
    let pairs = hex.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<_>>().ok_or(KeyError::Malformed)
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
        let url = "https://example.org/hook/secret";
        let sealed_url = secrets.seal_url(&acme, one, url).unwrap();
        assert_eq!(secrets.open_url(&acme, one, &sealed_url).unwrap(), url);
        assert!(secrets.open_url(&acme, two, &sealed_url).is_err());
        assert!(secrets.open_url(&other, one, &sealed_url).is_err());
        assert!(secrets.open_url(&acme, one, &sealed).is_err(), "a secret is no URL");
        assert!(secrets.open(&acme, one, &sealed_url).is_err());
        let plain: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!sealed.contains(&plain));
        assert_ne!(secrets.make(&acme, one).unwrap().0, secret);
    }
}
