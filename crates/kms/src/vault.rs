//! The transit engine of `HashiCorp` Vault or `OpenBao` (API of the transit secrets engine, version 1).
//!
//! The context goes along as associated data, so the key there must be of an AEAD type, such as
//! `aes256-gcm96`, which is the default.

use annals_ports::{MasterKeyError, MasterKeys};
use annals_record::RootKey;
use async_trait::async_trait;
use data_encoding::BASE64;
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::http::{self, AskError, SetupError};
use crate::{KEY_LEN, UNWRAPPING, WRAPPING};

const PROVIDER: &str = "vault";

/// Where the key is.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// Scheme, host and port.
    pub address: String,
    /// Where the engine is mounted.
    pub mount: String,
    /// Name of the key.
    pub key: String,
    /// What the service asks for.
    pub token: Zeroizing<String>,
}

/// A key in Vault.
pub struct VaultTransit {
    address: Url,
    mount: String,
    key: String,
    token: Zeroizing<String>,
    client: Client,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Decrypted {
    plaintext: String,
}

impl VaultTransit {
    /// Sets up the client; nothing is sent yet.
    ///
    /// # Errors
    /// When a setting is missing, or is not an address to which a key may be sent.
    pub fn new(settings: VaultSettings) -> Result<Self, SetupError> {
        let VaultSettings { address, mount, key, token } = settings;
        let address = http::address("keys.vault_address", &address)?;
        for (setting, value) in [("keys.vault_mount", &mount), ("keys.vault_key", &key)] {
            let sane = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if value.is_empty() {
                return Err(SetupError::Missing(setting));
            }
            if !value.chars().all(sane) {
                let trouble = "may have letters, digits, `-`, `_` and `.`";
                return Err(SetupError::Address { setting, trouble });
            }
        }
        let client = http::client(&address)?;
        Ok(Self { address, mount, key, token, client })
    }

    /// Posts to `/v1/<mount>/<action>/<key>`.
    async fn post(
        &self,
        action: &str,
        body: &impl Serialize,
    ) -> Result<Zeroizing<Vec<u8>>, AskError> {
        let mut url = self.address.clone();
        url.set_path(&format!("/v1/{}/{action}/{}", self.mount, self.key));
        let body = Zeroizing::new(serde_json::to_vec(body).expect("texts become JSON"));
        let request = || {
            let request = self.client.post(url.clone()).header("X-Vault-Token", &**self.token);
            let request = request.header("Content-Type", "application/json");
            request.body(body.to_vec()).build()
        };
        http::ask(&self.client, request).await
    }

    fn failed(&self, doing: &'static str, error: AskError) -> MasterKeyError {
        let (mount, key) = (&self.mount, &self.key);
        let status = match &error {
            AskError::Refused { status, .. } => Some(*status),
            _ => None,
        };
        let advice = match status {
            Some(StatusCode::FORBIDDEN) => format!(
                "the token must be valid and its policy allow `update` on `{mount}/encrypt/{key}` and \
                 `{mount}/decrypt/{key}`: see `keys.vault_token_file`"
            ),
            Some(StatusCode::NOT_FOUND) => format!(
                "there is no transit engine at `{mount}` or no key `{key}` in it: see \
                 `keys.vault_mount` and `keys.vault_key`"
            ),
            Some(StatusCode::BAD_REQUEST) => format!(
                "Vault does not accept what is stored for the key `{key}`: it is another key, one that \
                 takes no associated data, or what is stored was changed; restore the key store from its \
                 backup, or name the right key"
            ),
            Some(StatusCode::SERVICE_UNAVAILABLE) => "Vault is sealed or down: unseal it".into(),
            _ => format!("see that Vault answers at {}", self.address),
        };
        MasterKeyError { provider: PROVIDER, doing, advice, source: Some(error.into()) }
    }
}

#[async_trait]
impl MasterKeys for VaultTransit {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn key_id(&self) -> String {
        format!("{}/{}", self.mount, self.key)
    }

    async fn wrap(&self, context: &[u8; 32], root: &RootKey) -> Result<Vec<u8>, MasterKeyError> {
        let plaintext = Zeroizing::new(BASE64.encode(root.expose()));
        let associated_data = BASE64.encode(context);
        let body = Encrypt { plaintext: &plaintext, associated_data: &associated_data };
        let answer = self.post("encrypt", &body).await;
        let answer = answer.map_err(|error| self.failed(WRAPPING, error))?;
        match serde_json::from_slice::<Answer<Encrypted>>(&answer) {
            Ok(Answer { data }) => Ok(data.ciphertext.into_bytes()),
            Err(_) => Err(not_understood(WRAPPING)),
        }
    }

    async fn unwrap(&self, context: &[u8; 32], sealed: &[u8]) -> Result<RootKey, MasterKeyError> {
        let ciphertext = String::from_utf8_lossy(sealed);
        let associated_data = BASE64.encode(context);
        let body = Decrypt { ciphertext: &ciphertext, associated_data: &associated_data };
        let answer = self.post("decrypt", &body).await;
        let answer = answer.map_err(|error| self.failed(UNWRAPPING, error))?;
        let answer = serde_json::from_slice::<Answer<Decrypted>>(&answer);
        let answer = answer.map_err(|_| not_understood(UNWRAPPING))?;
        let plain = BASE64.decode(answer.data.plaintext.as_bytes());
        let plain = Zeroizing::new(plain.map_err(|_| not_understood(UNWRAPPING))?);
        let key = <[u8; KEY_LEN]>::try_from(plain.as_slice());
        key.map(RootKey::from_bytes).map_err(|_| not_understood(UNWRAPPING))
    }

    fn root_of_older_installation(&self) -> Option<RootKey> {
        None
    }
}

fn not_understood(doing: &'static str) -> MasterKeyError {
    let advice = "its answer is not one of the transit engine: see `keys.vault_address`".into();
    MasterKeyError { provider: PROVIDER, doing, advice, source: None }
}
