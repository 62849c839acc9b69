//! Who wraps the root key: a key in a file, or a service that shows its key to nobody (KMS).

use annals_record::RootKey;
use async_trait::async_trait;

/// Wraps and unwraps the root key under a master key.
///
/// # Contract
/// - What was wrapped opens to the same key under the same context and key id, and under no other.
/// - Anything else is an error, never another key.
/// - Every call ends in bounded time.
#[async_trait]
pub trait MasterKeys: Send + Sync + 'static {
    /// What kind of provider this is, as the settings call it: `file`, `environment`, `vault`, `aws_kms`.
    fn provider(&self) -> &'static str;

    /// Which of the provider's keys wraps; shows nothing of the key.
    fn key_id(&self) -> String;

    /// Wraps the root key, bound to a context.
    async fn wrap(&self, context: &[u8; 32], root: &RootKey) -> Result<Vec<u8>, MasterKeyError>;

    /// Unwraps what was wrapped under this context.
    async fn unwrap(&self, context: &[u8; 32], sealed: &[u8]) -> Result<RootKey, MasterKeyError>;

    /// The root key of an installation that was begun, before there were root keys, with this master key.
    /// Only a provider that knows the bytes of its key can tell.
    fn root_of_older_installation(&self) -> Option<RootKey>;
}

/// The master key was not used.
#[derive(Debug, thiserror::Error)]
#[error("the master key ({provider}) cannot {doing}; {advice}")]
pub struct MasterKeyError {
    /// Which provider.
    pub provider: &'static str,
    /// What was being done: `wrap the root key`, `unwrap the root key`.
    pub doing: &'static str,
    /// What to do about it.
    pub advice: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
