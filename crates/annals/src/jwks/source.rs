//! Fetching a key set over HTTPS, from where it may be fetched.
//!
//! The name is resolved here, its addresses are checked, and the connection goes to one of those that
//! were checked; so a name that changes its mind between check and use gains nothing. Redirects are
//! not followed and no proxy is asked, which would resolve the name again.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use annals_api::auth::KEY_SET_BYTES_MAX;
use annals_notify::{Reach, reach};
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Name, connection and answer together.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Resolves a name; the port means nothing.
pub(crate) type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// `auth.jwks_url` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("`auth.jwks_url` is no URL; write it in full, such as https://idp.example/jwks.json")]
    NotAUrl,
    #[error(
        "`auth.jwks_url` must begin with https://; http:// is for 127.0.0.1 and [::1] while \
         developing"
    )]
    NotHttps,
    #[error("`auth.jwks_url` holds a user name or password; leave them out, keys are public")]
    Credentials,
    #[error("`auth.jwks_url`")]
    Address(#[source] Forbidden),
    #[error("cannot set up the HTTP client for `auth.jwks_url`")]
    Client(#[source] reqwest::Error),
}

/// The name leads where it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    #[error("{0} is a private address; if the issuer is there, set `auth.jwks_allow_private`")]
    Private(IpAddr),
    #[error("{0} is an address at which no issuer can be")]
    Never(IpAddr),
    #[error("the name has no address")]
    Nowhere,
}

/// The key set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the issuer cannot be asked for its keys")]
    Request(#[source] reqwest::Error),
    #[error("the issuer answered with {0} instead of 200; redirects are not followed")]
    Status(StatusCode),
    #[error("the issuer's answer has more than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
}

/// Where an issuer publishes its keys.
pub(crate) struct Source {
    url: Url,
    client: Client,
}

impl Source {
    /// Checks the URL; nothing is fetched yet.
    pub(crate) fn new(url: &str, allow_private: bool) -> Result<Self, SourceError> {
        Self::with_lookup(url, allow_private, by_the_system)
    }

    fn with_lookup(url: &str, allow_private: bool, lookup: Lookup) -> Result<Self, SourceError> {
        let url = checked(url, allow_private)?;
        let client = Client::builder()
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(CheckedNames { allow_private, lookup })
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            // The next fetch is minutes away, and resolves the name anew.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(SourceError::Client)?;
        Ok(Self { url, client })
    }

    /// Whom we ask; the rest of the URL may hold what is not for logs.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Fetches the document.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let told = |error: reqwest::Error| FetchError::Request(error.without_url());
        let request = self.client.get(self.url.clone()).header(ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(told)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            if document.len() + chunk.len() > KEY_SET_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

fn checked(text: &str, allow_private: bool) -> Result<Url, SourceError> {
    let url = Url::parse(text).map_err(|_| SourceError::NotAUrl)?;
    let host = url.host_str().ok_or(SourceError::NotAUrl)?;
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    // Who writes the loopback address means it; a name that leads there is another matter.
    let is_loopback = literal.is_some_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        _ => return Err(SourceError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SourceError::Credentials);
    }
    match literal {
        Some(ip) if !is_loopback => permit(ip, allow_private).map_err(SourceError::Address)?,
        _ => {}
    }
    Ok(url)
}

fn permit(ip: IpAddr, allow_private: bool) -> Result<(), Forbidden> {
    match reach(ip) {
        Reach::Public => Ok(()),
        Reach::Private if allow_private => Ok(()),
        Reach::Private => Err(Forbidden::Private(ip)),
        Reach::Never => Err(Forbidden::Never(ip)),
    }
}

/// Resolves names to addresses that may be asked.
struct CheckedNames {
    allow_private: bool,
    lookup: Lookup,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (allow_private, lookup) = (self.allow_private, self.lookup);
        Box::pin(async move {
            let addresses = lookup(name.as_str().to_owned()).await?;
            Ok(all_permitted(addresses, allow_private)?)
        })
    }
}

/// One bad address refuses them all: a name that also leads elsewhere is not to be trusted.
fn all_permitted(addresses: Vec<SocketAddr>, allow_private: bool) -> Result<Addrs, Forbidden> {
    if addresses.is_empty() {
        return Err(Forbidden::Nowhere);
    }
    addresses.iter().try_for_each(|address| permit(address.ip(), allow_private))?;
    Ok(Box::new(addresses.into_iter()))
}

fn by_the_system(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

#[cfg(test)]
mod tests;
