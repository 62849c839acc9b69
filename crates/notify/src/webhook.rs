//! Webhooks after Standard Webhooks: a signed POST that says what happened to whom, and nothing else.
//!
//! A receiver that needs more asks for the event by its id, with its own rights.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_ports::{
    CheckpointSink, Delivery, DeliveryChannel, DeliveryError, OutgoingCheckpoint, PublishError,
};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use tokio::time::timeout;
use uuid::Uuid;

pub(crate) mod answer;
mod payload;

use crate::signature::{InvalidSecret, Secret};

/// Connecting may take no longer, seconds.
const CONNECT_SECONDS_MAX: u64 = 10;
/// A whole request may take no longer than can be set, seconds.
const TIMEOUT_SECONDS_MAX: u64 = 50;
/// So much of an answer is read, so that the connection can be used again. It is not looked at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long reading it may take.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
/// A secret is longer than no such file.
const SECRET_FILE_BYTES_MAX: u64 = 4096;

/// `[webhook]`: where messages are sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where to, `https://…`.
    pub url: String,
    /// File with the secret that messages are signed with, `whsec_…`.
    pub secret_file: PathBuf,
    /// How long one attempt may take, seconds.
    pub timeout_seconds: u64,
}

/// Leaves the URL out: its path may hold a secret.
impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("secret_file", &self.secret_file)
            .field("timeout_seconds", &self.timeout_seconds)
            .finish_non_exhaustive()
    }
}

/// A webhook cannot be set up. The URL does not stand in the message: it may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The URL is none, or not one to send to.
    #[error("the URL of the webhook {0}")]
    Url(&'static str),
    /// The time makes no sense.
    #[error("`timeout_seconds` of the webhook is {0}; it must be from 1 to {TIMEOUT_SECONDS_MAX}")]
    Timeout(u64),
    /// The file cannot be read.
    #[error("cannot read the secret of the webhook from `{}`", file.display())]
    SecretFile {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What the file holds is no secret.
    #[error("the file `{}` does not hold the secret of a webhook", file.display())]
    Secret {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: InvalidSecret,
    },
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client of the webhook")]
    Client(#[source] reqwest::Error),
}

/// Sends messages to one URL.
pub struct WebhookChannel {
    name: String,
    url: Url,
    secret: Secret,
    client: Client,
}

impl WebhookChannel {
    /// Reads the secret and sets up the client; nothing is sent yet. The name tells this webhook from
    /// other channels; ids of messages are made from it, so it stays when the URL changes.
    pub fn open(name: &str, settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let url = url(&settings.url)?;
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&settings.timeout_seconds) {
            return Err(WebhookError::Timeout(settings.timeout_seconds));
        }
        let connect = settings.timeout_seconds.min(CONNECT_SECONDS_MAX);
        let mut client = Client::builder()
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead what is signed for one receiver to another.
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(connect))
            .timeout(Duration::from_secs(settings.timeout_seconds));
        if is_loopback(&url) {
            // No proxy reaches this machine's own addresses.
            client = client.no_proxy();
        }
        let client = client.build().map_err(WebhookError::Client)?;
        Ok(Self { name: name.to_owned(), url, secret: read_secret(settings)?, client })
    }

    /// Posts a body under an id, by which the receiver knows what comes twice.
    async fn post(&self, id: Uuid, body: Vec<u8>) -> Result<(), DeliveryError> {
        let response = self.send(id.to_string(), body).await?;
        let judged = answer::judge(response.status(), response.headers());
        // Whatever comes of reading on: the receiver has decided.
        let _ = timeout(ANSWER_PATIENCE, read_on(response)).await;
        judged
    }

    async fn send(&self, id: String, body: Vec<u8>) -> Result<Response, DeliveryError> {
        let timestamp = Timestamp::now().as_second();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-signature", self.secret.sign(&id, timestamp, &body))
            .header("webhook-timestamp", timestamp)
            .header("webhook-id", id)
            .body(body);
        request.send().await.map_err(|error| DeliveryError {
            doing: "reach the receiver of the webhook",
            permanent: false,
            retry_after: None,
            source: error.without_url().into(),
        })
    }
}

#[async_trait]
impl DeliveryChannel for WebhookChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.post(delivery.id, payload::of(delivery)).await
    }
}

/// The same webhook, for checkpoints of the log.
#[async_trait]
impl CheckpointSink for WebhookChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn put(&self, checkpoint: &OutgoingCheckpoint) -> Result<(), PublishError> {
        let (id, now) = (payload::id_of(&self.name, checkpoint), Timestamp::now());
        let posted = self.post(id, payload::of_checkpoint(checkpoint, now)).await;
        posted.map_err(|DeliveryError { doing, source, .. }| PublishError { doing, source })
    }
}

/// Reads the answer to its end, if that is not far.
pub(crate) async fn read_on(mut response: Response) {
    let mut left = ANSWER_BYTES_MAX;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

fn url(text: &str) -> Result<Url, WebhookError> {
    let url = Url::parse(text).map_err(|_| {
        WebhookError::Url("is none; write it in full, such as https://example.org/annals")
    })?;
    if !["https", "http"].contains(&url.scheme()) || url.host().is_none() {
        return Err(WebhookError::Url("must begin with https:// or http:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookError::Url(
            "holds a user name or password; leave them out, messages are signed",
        ));
    }
    Ok(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn read_secret(settings: &WebhookSettings) -> Result<Secret, WebhookError> {
    let file = &settings.secret_file;
    let text = read_small(file)
        .map_err(|source| WebhookError::SecretFile { file: file.clone(), source })?;
    Secret::parse(&text).map_err(|source| WebhookError::Secret { file: file.clone(), source })
}

fn read_small(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(SECRET_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
