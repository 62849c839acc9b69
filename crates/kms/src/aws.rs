//! A key in AWS KMS (API version 2014-11-01): `Encrypt` and `Decrypt` over JSON 1.1.

use annals_ports::{MasterKeyError, MasterKeys};
use annals_record::RootKey;
use async_trait::async_trait;
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use reqwest::{Client, Request, Url};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::http::{self, AskError, SetupError};
use crate::signing::{Scope, Signed, amz_date, authorization};
use crate::{KEY_LEN, UNWRAPPING, WRAPPING};

const PROVIDER: &str = "aws_kms";
const SERVICE: &str = "kms";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Who asks.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AwsCredentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token of temporary credentials.
    pub session_token: Option<String>,
}

/// Which key.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Id, ARN or alias of a symmetric key.
    pub key: String,
    /// Scheme, host and port; empty: the region's own.
    pub endpoint: String,
}

/// A key in AWS KMS.
pub struct AwsKms {
    endpoint: Url,
    region: String,
    key: String,
    credentials: AwsCredentials,
    client: Client,
}

#[derive(Serialize)]
struct Context<'a> {
    annals: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    encryption_context: Context<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    encryption_context: Context<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    ciphertext_blob: String,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    plaintext: String,
}

impl AwsKms {
    /// Sets up the client; nothing is sent yet.
    ///
    /// # Errors
    /// When a setting is missing, or is not an address to which a key may be sent.
    pub fn new(settings: AwsSettings, credentials: AwsCredentials) -> Result<Self, SetupError> {
        let AwsSettings { region, key, endpoint } = settings;
        for (setting, value) in [("keys.aws_region", &region), ("keys.aws_key", &key)] {
            if value.is_empty() {
                return Err(SetupError::Missing(setting));
            }
        }
        let endpoint = match endpoint.as_str() {
            "" => format!("https://kms.{region}.amazonaws.com"),
            endpoint => endpoint.to_owned(),
        };
        let endpoint = http::address("keys.aws_endpoint", &endpoint)?;
        let client = http::client(&endpoint)?;
        Ok(Self { endpoint, region, key, credentials, client })
    }

    async fn post(
        &self,
        action: &str,
        body: &impl Serialize,
    ) -> Result<Zeroizing<Vec<u8>>, AskError> {
        let body = Zeroizing::new(serde_json::to_vec(body).expect("texts become JSON"));
        http::ask(&self.client, || self.request(action, &body, Timestamp::now())).await
    }

    fn request(
        &self,
        action: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Request, reqwest::Error> {
        let host = self.endpoint.host_str().unwrap_or_default();
        let host = match self.endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let target = format!("TrentService.{action}");
        let mut headers = vec![
            ("content-type", CONTENT_TYPE.to_owned()),
            ("host", host),
            ("x-amz-date", amz_date(now)),
        ];
        if let Some(token) = &self.credentials.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        headers.push(("x-amz-target", target));
        let signed = Signed { method: "POST", path: "/", headers: &headers, body };
        let AwsCredentials { access_key, secret_key, .. } = &self.credentials;
        let region = &self.region;
        let authorization = authorization(
            &signed,
            &Scope { access_key, secret_key, region, service: SERVICE, now },
        );
        let mut request = self.client.post(self.endpoint.clone()).body(body.to_vec());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.header("authorization", authorization).build()
    }

    fn failed(&self, doing: &'static str, error: AskError) -> MasterKeyError {
        let says =
            |word: &str| matches!(&error, AskError::Refused { body, .. } if body.contains(word));
        let key = &self.key;
        let advice = if says("InvalidCiphertext") || says("IncorrectKey") {
            format!(
                "what is stored was not wrapped by the key `{key}`, or was changed: name the right key \
                 in `keys.aws_key`, or restore the key store from its backup"
            )
        } else if says("NotFoundException") {
            format!("there is no key `{key}` in {}: see `keys.aws_key`", self.region)
        } else if says("AccessDenied") {
            format!("allow `kms:Encrypt` and `kms:Decrypt` on the key `{key}`")
        } else if ["UnrecognizedClient", "InvalidClientTokenId", "ExpiredToken", "InvalidSignature"]
            .iter()
            .any(|word| says(word))
        {
            "the credentials are not accepted: see `keys.aws_credentials_file` and the clock".into()
        } else if says("DisabledException") || says("KMSInvalidState") {
            format!("enable the key `{key}`, or cancel its deletion")
        } else {
            format!("see that AWS KMS answers at {}", self.endpoint)
        };
        MasterKeyError { provider: PROVIDER, doing, advice, source: Some(error.into()) }
    }
}

#[async_trait]
impl MasterKeys for AwsKms {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn key_id(&self) -> String {
        self.key.clone()
    }

    async fn wrap(&self, context: &[u8; 32], root: &RootKey) -> Result<Vec<u8>, MasterKeyError> {
        let plaintext = Zeroizing::new(BASE64.encode(root.expose()));
        let context = HEXLOWER.encode(context);
        let encryption_context = Context { annals: &context };
        let body = Encrypt { key_id: &self.key, plaintext: &plaintext, encryption_context };
        let answer = self.post("Encrypt", &body).await;
        let answer = answer.map_err(|error| self.failed(WRAPPING, error))?;
        let answer = serde_json::from_slice::<Encrypted>(&answer);
        let sealed = answer.ok().and_then(|a| BASE64.decode(a.ciphertext_blob.as_bytes()).ok());
        sealed.ok_or_else(|| not_understood(WRAPPING))
    }

    async fn unwrap(&self, context: &[u8; 32], sealed: &[u8]) -> Result<RootKey, MasterKeyError> {
        let (context, blob) = (HEXLOWER.encode(context), BASE64.encode(sealed));
        let encryption_context = Context { annals: &context };
        let body = Decrypt { key_id: &self.key, ciphertext_blob: &blob, encryption_context };
        let answer = self.post("Decrypt", &body).await;
        let answer = answer.map_err(|error| self.failed(UNWRAPPING, error))?;
        let answer = serde_json::from_slice::<Decrypted>(&answer);
        let answer = answer.map_err(|_| not_understood(UNWRAPPING))?;
        let plain = BASE64.decode(answer.plaintext.as_bytes());
        let plain = Zeroizing::new(plain.map_err(|_| not_understood(UNWRAPPING))?);
        let key = <[u8; KEY_LEN]>::try_from(plain.as_slice());
        key.map(RootKey::from_bytes).map_err(|_| not_understood(UNWRAPPING))
    }

    fn root_of_older_installation(&self) -> Option<RootKey> {
        None
    }
}

fn not_understood(doing: &'static str) -> MasterKeyError {
    let advice = "its answer is not one of AWS KMS: see `keys.aws_endpoint`".into();
    MasterKeyError { provider: PROVIDER, doing, advice, source: None }
}
