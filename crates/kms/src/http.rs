//! Asking a service over HTTP: in bounded time, for bounded answers, tried again a few times.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Request, Response, StatusCode, Url};
use zeroize::Zeroizing;

/// Connecting may take no longer.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// An answer may take no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a service is asked that does not answer or has no time.
pub(crate) const ATTEMPTS: u32 = 4;
/// The pause before it is asked again; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// The most bytes of an answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none, or not one to send keys to.
    #[error("`{setting}` {trouble}")]
    Address {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it.
        trouble: &'static str,
    },
    /// A setting is missing.
    #[error("`{0}` is empty; it is needed for this provider of the master key")]
    Missing(&'static str),
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client for the master key")]
    Client(#[source] reqwest::Error),
}

/// Why a service did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("it cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("it answered {status}: {body}")]
    Refused { status: StatusCode, body: String },
    #[error("its answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
}

impl AskError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::TooLong => false,
        }
    }
}

/// An address to which keys may be sent: over TLS, or of this machine.
pub(crate) fn address(setting: &'static str, text: &str) -> Result<Url, SetupError> {
    let wrong = |trouble| SetupError::Address { setting, trouble };
    if text.is_empty() {
        return Err(SetupError::Missing(setting));
    }
    let url = Url::parse(text).map_err(|_| wrong("is no URL; write it in full"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(wrong("must begin with https://: what is sent there is a key")),
        _ => return Err(wrong("must begin with https://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or password; it must not"));
    }
    if url.query().is_some() || url.fragment().is_some() || !["", "/"].contains(&url.path()) {
        return Err(wrong("must be scheme, host and port alone"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A client for one address.
pub(crate) fn client(address: &Url) -> Result<Client, SetupError> {
    let mut client = Client::builder()
        .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
        // A key is sent nowhere but where it was meant to go.
        .redirect(Policy::none())
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(PATIENCE);
    if is_loopback(address) {
        // No proxy reaches this machine's own addresses.
        client = client.no_proxy();
    }
    client.build().map_err(SetupError::Client)
}

/// Sends a request, made anew for each attempt, and reads the answer.
pub(crate) async fn ask(
    client: &Client,
    request: impl Fn() -> Result<Request, reqwest::Error>,
) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let mut pause = PAUSE;
    let mut attempt = 1;
    loop {
        match ask_once(client, &request).await {
            Err(error) if error.may_pass() && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

async fn ask_once(
    client: &Client,
    request: &impl Fn() -> Result<Request, reqwest::Error>,
) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let unreachable = |error: reqwest::Error| AskError::Unreachable(error.without_url());
    let answer = client.execute(request().map_err(unreachable)?).await.map_err(unreachable)?;
    let status = answer.status();
    let body = body(answer).await?;
    if status.is_success() {
        return Ok(body);
    }
    let body = String::from_utf8_lossy(&body).chars().take(300).collect();
    Err(AskError::Refused { status, body })
}

/// Reads no more than an answer may have. Reserved as a whole: a vector that grows would leave copies.
async fn body(mut answer: Response) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let mut body = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES_MAX));
    while let Some(chunk) =
        answer.chunk().await.map_err(|error| AskError::Unreachable(error.without_url()))?
    {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(AskError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sent_over_tls_or_to_this_machine_alone() {
        for good in ["https://vault.example.org:8200", "http://127.0.0.1:1", "http://[::1]:1/"] {
            assert!(address("x", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "vault",
            "http://vault.example.org",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://me:secret@vault.example.org",
            "https://vault.example.org/v1",
            "https://vault.example.org/?a=b",
        ] {
            assert!(address("x", bad).is_err(), "{bad}");
        }
    }
}
