//! A witness over HTTP (C2SP tlog-witness).

use std::time::Duration;

use annals_ports::publishing::WITNESS_ANSWER_BYTES_MAX;
use annals_ports::{PublishError, WitnessAnswer, WitnessClient};
use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use crate::webhook::is_loopback;

/// Connecting may take no longer.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// No request takes longer, whatever is set where it is called.
const PATIENCE_MAX: Duration = Duration::from_secs(60);

/// The witness cannot be asked at this address.
#[derive(Debug, thiserror::Error)]
pub enum WitnessUrlError {
    /// The URL is none, or not one to ask.
    #[error("the URL of a witness {0}")]
    Url(&'static str),
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client of a witness")]
    Client(#[source] reqwest::Error),
}

/// One witness.
pub struct HttpWitness {
    url: Url,
    client: Client,
}

impl HttpWitness {
    /// Sets up the client; nothing is sent yet. Requests go to `<prefix>/add-checkpoint`.
    ///
    /// # Errors
    /// When the prefix is no `http` or `https` URL, or holds a password, a query or a fragment.
    pub fn new(prefix: &str) -> Result<Self, WitnessUrlError> {
        let wrong = WitnessUrlError::Url;
        let mut url = Url::parse(prefix)
            .map_err(|_| wrong("is none; write it in full, such as https://witness.example.org"))?;
        if !["https", "http"].contains(&url.scheme()) || url.host().is_none() {
            return Err(wrong("must begin with https:// or http:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user name or password; checkpoints are public"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a `?` or a `#`; it is what stands before `/add-checkpoint`"));
        }
        let path = format!("{}/add-checkpoint", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let mut client = Client::builder()
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            // What another host says is not this witness's word.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE_MAX);
        if is_loopback(&url) {
            // No proxy reaches this machine's own addresses.
            client = client.no_proxy();
        }
        Ok(Self { url, client: client.build().map_err(WitnessUrlError::Client)? })
    }
}

#[async_trait]
impl WitnessClient for HttpWitness {
    async fn add_checkpoint(&self, request: String) -> Result<WitnessAnswer, PublishError> {
        let request = self.client.post(self.url.clone()).body(request);
        let request = request.header(CONTENT_TYPE, "text/plain; charset=utf-8");
        let answer = request.send().await.map_err(|error| PublishError {
            doing: "reach the witness",
            source: error.without_url().into(),
        })?;
        let status = answer.status().as_u16();
        let body = body(answer).await?;
        Ok(WitnessAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// Reads no more than an answer may have.
async fn body(mut answer: Response) -> Result<Vec<u8>, PublishError> {
    let failed = |source| PublishError { doing: "read the answer of the witness", source };
    let mut body = Vec::new();
    while let Some(chunk) =
        answer.chunk().await.map_err(|error| failed(error.without_url().into()))?
    {
        if body.len() + chunk.len() > WITNESS_ANSWER_BYTES_MAX {
            return Err(failed(
                format!("it is longer than {WITNESS_ANSWER_BYTES_MAX} bytes").into(),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
