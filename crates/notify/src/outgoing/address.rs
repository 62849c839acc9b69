//! Which addresses may be asked.
//!
//! A name can lead anywhere. Where only machines of one's own house or of the cloud's inside answer,
//! nobody of the outside is, and a request there could be made to do harm.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somewhere in the internet.
    Public,
    /// This machine, or the house it stands in.
    Private,
    /// Nowhere anybody of the outside can be: link-local, metadata services, no single host.
    Never,
}

/// Addresses of cloud services for the machine itself that look like others.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// What an address is.
pub fn reach(ip: IpAddr) -> Reach {
    let ip = ip.to_canonical();
    if METADATA.contains(&ip) {
        return Reach::Never;
    }
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            Reach::Private
        }
        // this network, link-local, protocol assignments, relays of 6to4, benchmarks, documentation,
        // multicast, reserved, broadcast
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let segments = ip.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Reach::Private,
        // NAT64 and 6to4 lead to the IPv4 address within, metadata services among them
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => reach(embedded(high, low)),
        [0x2002, high, low, ..] => reach(embedded(high, low)),
        // protocol assignments with Teredo, local NAT64, documentation
        [0x2001, 0..=0x1ff, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x2001, 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..] => Reach::Never,
        // what is in use of the internet begins with these bits
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

fn embedded(high: u16, low: u16) -> IpAddr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)).into()
}

#[cfg(test)]
mod tests;
