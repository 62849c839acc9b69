//! Who wraps the root key: a key at hand, the transit engine of `HashiCorp` Vault or `OpenBao`, or AWS
//! KMS.
//!
//! The services are asked when Annals starts and when the master key is rotated, never in between: the
//! root key stays in memory. What is sent and received holds the root key, so it goes over TLS, or to
//! this machine alone.

#![warn(missing_docs)]

mod aws;
mod http;
mod local;
mod signing;
mod vault;

pub use aws::{AwsCredentials, AwsKms, AwsSettings};
pub use http::SetupError;
pub use local::LocalKey;
pub use vault::{VaultSettings, VaultTransit};

/// What is done with the root key.
const WRAPPING: &str = "wrap the root key";
const UNWRAPPING: &str = "unwrap the root key";
/// The bytes of a root key.
const KEY_LEN: usize = 32;
