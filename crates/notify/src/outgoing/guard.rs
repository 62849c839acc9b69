//! Whom an endpoint may name, and where its name may lead.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use annals_domain::notification::URL_CHARS_MAX;
use ipnet::IpNet;
use reqwest::Url;

use super::{OutgoingSettings, Reach, reach};

/// How many networks and hosts may be allowed.
const ALLOWED_MAX: usize = 1000;

/// An endpoint cannot be reached, because it must not be. Addresses do not stand in the message: where a
/// name leads inside of the house is nothing for a tenant to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The URL is none, or not one to send to.
    #[error("the URL {0}")]
    Url(&'static str),
    /// The host is, or leads to, an address inside of the house.
    #[error(
        "the host is at a private address; whoever runs Annals can allow it with \
         `outgoing.allow_hosts` or `outgoing.allow_networks`"
    )]
    Private,
    /// The host is, or leads to, an address at which nobody can be.
    #[error("the host is at an address that is never sent to")]
    Never,
    /// The name leads nowhere.
    #[error("the name of the host has no address")]
    Nowhere,
}

/// What the operator allows beside the internet.
#[derive(Debug, Default)]
pub(super) struct Guard {
    networks: Vec<IpNet>,
    hosts: BTreeSet<String>,
}

/// An entry of the settings is none, with its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAllowance {
    /// Of `allow_networks`.
    #[error("`outgoing.allow_networks` holds `{0}`, which is no network such as 10.1.0.0/16")]
    Network(String),
    /// Of `allow_hosts`.
    #[error("`outgoing.allow_hosts` holds `{0}`, which is no name or address of a host")]
    Host(String),
    /// There are too many.
    #[error("`outgoing` allows more than {ALLOWED_MAX} networks or hosts")]
    TooMany,
}

impl Guard {
    /// Reads the operator's list.
    pub(super) fn read(settings: &OutgoingSettings) -> Result<Self, InvalidAllowance> {
        if settings.allow_networks.len().max(settings.allow_hosts.len()) > ALLOWED_MAX {
            return Err(InvalidAllowance::TooMany);
        }
        let networks = settings.allow_networks.iter().map(|text| {
            let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let net = text.parse::<IpNet>().ok().or_else(alone);
            net.ok_or_else(|| InvalidAllowance::Network(text.clone()))
        });
        let hosts = settings.allow_hosts.iter().map(|text| {
            // As URLs write hosts, so that both sides are written in one way.
            let url = Url::parse(&format!("https://{text}/")).ok();
            let alone = url.as_ref().filter(|url| url.path() == "/" && url.port().is_none());
            let host = alone.filter(|url| url.username().is_empty()).and_then(Url::host_str);
            host.map(host_name).ok_or_else(|| InvalidAllowance::Host(text.clone()))
        });
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            hosts: hosts.collect::<Result<_, _>>()?,
        })
    }

    /// Reads a URL that may be sent to, as far as the URL alone tells.
    pub(super) fn url(&self, text: &str) -> Result<Url, Forbidden> {
        if text.chars().count() > URL_CHARS_MAX {
            return Err(Forbidden::Url("is too long"));
        }
        let none = Forbidden::Url("is none; write it in full, such as https://example.org/hook");
        let url = Url::parse(text).map_err(|_| none)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(none)?;
        let literal = literal(host);
        let allowed = self.hosts.contains(&host_name(host))
            || literal.is_some_and(|ip| self.network_allowed(ip));
        match url.scheme() {
            "https" => {}
            "http" if allowed => {}
            _ => return Err(Forbidden::Url("must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Url("holds a user name or password; leave them out"));
        }
        if let Some(ip) = literal {
            self.permit(host, ip)?;
        }
        Ok(url)
    }

    /// The addresses of a name, when it may be sent to all of them: a name that also leads elsewhere is
    /// not to be trusted.
    pub(super) fn all_permitted(
        &self,
        host: &str,
        addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Forbidden> {
        if addresses.is_empty() {
            return Err(Forbidden::Nowhere);
        }
        addresses.iter().try_for_each(|address| self.permit(host, address.ip()))?;
        Ok(addresses)
    }

    /// A network that is allowed is allowed whatever it is; a host that is allowed may be in the house.
    fn permit(&self, host: &str, ip: IpAddr) -> Result<(), Forbidden> {
        if self.network_allowed(ip) {
            return Ok(());
        }
        match reach(ip) {
            Reach::Public => Ok(()),
            Reach::Private if self.hosts.contains(&host_name(host)) => Ok(()),
            Reach::Private => Err(Forbidden::Private),
            Reach::Never => Err(Forbidden::Never),
        }
    }

    fn network_allowed(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.iter().any(|net| net.contains(&ip))
    }
}

/// The address that a host is written as.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// The name without what makes no difference.
fn host_name(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}
