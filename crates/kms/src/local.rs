//! A master key whose bytes are at hand.

use annals_ports::{MasterKeyError, MasterKeys};
use annals_record::{KeyError, MasterKey, RootKey};
use async_trait::async_trait;

use crate::{UNWRAPPING, WRAPPING};

/// A key out of a file or the environment.
#[derive(Debug)]
pub struct LocalKey {
    provider: &'static str,
    key: MasterKey,
}

impl LocalKey {
    /// The key of a file.
    pub fn of_file(key: MasterKey) -> Self {
        Self { provider: "file", key }
    }

    /// The key of an environment variable.
    pub fn of_environment(key: MasterKey) -> Self {
        Self { provider: "environment", key }
    }

    fn failed(&self, doing: &'static str, error: KeyError) -> MasterKeyError {
        let advice = match error {
            KeyError::WrongKey => {
                "it is another master key than the one that wraps the root key, or what is stored was \
                 changed: give the right key, or restore the key store from its backup"
            }
            KeyError::Malformed => {
                "what is stored is damaged: restore the key store from its backup"
            }
            _ => "see the cause",
        };
        let (provider, source) = (self.provider, Some(error.into()));
        MasterKeyError { provider, doing, advice: advice.into(), source }
    }
}

#[async_trait]
impl MasterKeys for LocalKey {
    fn provider(&self) -> &'static str {
        self.provider
    }

    fn key_id(&self) -> String {
        self.key.id()
    }

    async fn wrap(&self, context: &[u8; 32], root: &RootKey) -> Result<Vec<u8>, MasterKeyError> {
        let wrapped = self.key.wrap_root_key(context, root);
        wrapped.map_err(|error| self.failed(WRAPPING, error))
    }

    async fn unwrap(&self, context: &[u8; 32], sealed: &[u8]) -> Result<RootKey, MasterKeyError> {
        let root = self.key.unwrap_root_key(context, sealed);
        root.map_err(|error| self.failed(UNWRAPPING, error))
    }

    fn root_of_older_installation(&self) -> Option<RootKey> {
        Some(self.key.as_root_key())
    }
}
