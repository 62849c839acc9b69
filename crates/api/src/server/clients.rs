//! Whose connection it is: the address of a client, also behind proxies.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// No chain of proxies is longer; what lies further left is not looked at.
const HOPS_MAX: usize = 32;

/// Who asks, as far as can be trusted: the other end of the connection, or whom a trusted proxy
/// names. In the extensions of every request that came over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The proxies whose word is taken for whom they forward: `[server] trusted_proxies`.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// A setting that names no network.
#[derive(Debug, thiserror::Error)]
#[error(
    "`server.trusted_proxies` holds `{given}`, which is no address and no network such as \
     10.0.0.0/8"
)]
pub struct InvalidProxy {
    given: String,
}

impl TrustedProxies {
    /// Reads addresses and networks.
    pub fn new(given: &[String]) -> Result<Self, InvalidProxy> {
        let network = |text: &String| {
            let network = text.trim().parse::<IpNet>();
            let network = network.or_else(|_| text.trim().parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| InvalidProxy { given: text.clone() })
        };
        given.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this is the address of a trusted proxy.
    pub(crate) fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who sent a request that came from `peer`. Each proxy puts whom it speaks for at the right
    /// end; so what is right of the first address that is not trusted can be believed, and nothing
    /// that a client made up.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.hold(client) {
            return client;
        }
        let lines: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .map(|line| line.to_str().unwrap_or_default())
            .collect();
        let named = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for text in named.take(HOPS_MAX) {
            let Some(address) = address_in(text.trim()) else { break };
            client = address;
            if !self.hold(client) {
                break;
            }
        }
        client
    }
}

/// One client, or the network that one client has to itself: IPv6 gives everyone 2^64 addresses.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`.
fn address_in(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let text = inner.map_or(text, |(address, _)| address);
    let parsed = text.parse::<IpAddr>().ok();
    let parsed =
        parsed.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
