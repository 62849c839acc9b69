//! Master key → tenant key → person key.

/// Names a person's (or a service's) key within a tenant: the pseudonym, 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 20]);

/// A key sealed under the key above it; safe to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// Wraps tenant keys.
pub struct MasterKey([u8; 32]);

/// Wraps a tenant's person keys and makes its pseudonyms.
pub struct TenantKey([u8; 32]);

/// Seals one person's data.
pub struct PersonKey([u8; 32]);
