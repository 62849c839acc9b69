//! The HTTP client of all endpoints: bounded in time and memory, whatever the other side does.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::{DeliveryError, Handed};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use tokio::time::timeout;

use super::OutgoingSettings;
use super::guard::{Forbidden, Guard, InvalidAllowance};
use super::names::{CheckedNames, Crowded, Lookup, by_the_system};
use crate::webhook::{ANSWER_PATIENCE, answer, read_on};

/// What may be set for one attempt, seconds.
const TIMEOUT_SECONDS_MAX: u64 = 50;
/// Connections to one host that are kept for the next message.
const IDLE_PER_HOST_MAX: usize = 2;
/// For so long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Statuses that say something about the message itself, or that the endpoint is gone for good. All else is
/// about how the receiver is set up, which people put right within the days that a message is tried.
const FINAL: [StatusCode; 5] = [
    StatusCode::BAD_REQUEST,
    StatusCode::GONE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// The client for endpoints cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The list of what is allowed holds what it must not.
    #[error(transparent)]
    Allowance(#[from] InvalidAllowance),
    /// A time makes no sense.
    #[error("`outgoing.{key}` is {seconds}; it must be from 1 to {TIMEOUT_SECONDS_MAX}")]
    Timeout {
        /// Which.
        key: &'static str,
        /// What it says.
        seconds: u64,
    },
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client for endpoints")]
    Client(#[source] reqwest::Error),
}

/// Posts to endpoints of tenants.
#[derive(Debug)]
pub struct OutgoingHttp {
    guard: Arc<Guard>,
    client: Client,
}

impl OutgoingHttp {
    /// Sets up the client; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings hold what makes no sense.
    pub fn open(settings: &OutgoingSettings) -> Result<Self, OutgoingError> {
        Self::with_lookup(settings, by_the_system)
    }

    pub(super) fn with_lookup(
        settings: &OutgoingSettings,
        lookup: Lookup,
    ) -> Result<Self, OutgoingError> {
        let connect = seconds("connect_seconds", settings.connect_seconds)?;
        let total = seconds("timeout_seconds", settings.timeout_seconds)?;
        let guard = Arc::new(Guard::read(settings)?);
        let client = Client::builder()
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead into the house, and what is signed for one receiver to another.
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(CheckedNames::new(Arc::clone(&guard), lookup, connect))
            .connect_timeout(connect)
            .timeout(total)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(OutgoingError::Client)?;
        Ok(Self { guard, client })
    }

    /// Whether a URL may be that of an endpoint, as far as the URL alone tells. Where its name leads is
    /// looked at whenever a message is sent.
    ///
    /// # Errors
    /// [`Forbidden`] says what is wrong with it.
    pub fn check(&self, url: &str) -> Result<(), Forbidden> {
        self.checked(url).map(drop)
    }

    /// A URL that may be that of an endpoint, as [`OutgoingHttp::check`] says.
    pub(crate) fn checked(&self, url: &str) -> Result<Url, Forbidden> {
        self.guard.url(url)
    }

    /// Posts JSON with these headers.
    pub(crate) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Handed, DeliveryError> {
        let url = self.guard.url(url).map_err(|forbidden| refused(forbidden, true))?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.send(url, headers, body).await?;
        let status = response.status();
        let judged = answer::judge(status, response.headers());
        // Whatever comes of reading on: the receiver has decided.
        let _ = timeout(ANSWER_PATIENCE, read_on(response)).await;
        let refused = |error| DeliveryError {
            doing: "deliver to the endpoint: it did not take the message on",
            permanent: FINAL.contains(&status),
            ..error
        };
        judged.map(|()| Handed { code: Some(status.as_u16()) }).map_err(refused)
    }

    async fn send(
        &self,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<reqwest::Response, DeliveryError> {
        let sent = self.client.post(url).headers(headers).body(body).send().await;
        sent.map_err(|error| match within::<Forbidden>(&error) {
            // Names may lead elsewhere tomorrow.
            Some(forbidden) => refused(forbidden, false),
            None => DeliveryError {
                doing: "reach the endpoint",
                permanent: false,
                retry_after: None,
                source: match within::<Crowded>(&error) {
                    Some(crowded) => crowded.into(),
                    None => what_failed(&error).into(),
                },
            },
        })
    }
}

fn refused(forbidden: Forbidden, permanent: bool) -> DeliveryError {
    DeliveryError {
        doing: "send to the endpoint: it must not be reached",
        permanent,
        retry_after: None,
        source: forbidden.into(),
    }
}

/// What a tenant may know of a failed connection: neither addresses nor the URL.
fn what_failed(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_timeout() => "it did not answer in time",
        () if error.is_connect() => "no connection could be made",
        () => "the connection broke, or what came is not HTTP",
    }
}

/// The cause of this kind, if there is one.
fn within<E: std::error::Error + Copy + 'static>(error: &reqwest::Error) -> Option<E> {
    let first: &(dyn std::error::Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |error| error.source());
    causes.find_map(|cause| cause.downcast_ref::<E>().copied())
}

fn seconds(key: &'static str, seconds: u64) -> Result<Duration, OutgoingError> {
    match (1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
        true => Ok(Duration::from_secs(seconds)),
        false => Err(OutgoingError::Timeout { key, seconds }),
    }
}
