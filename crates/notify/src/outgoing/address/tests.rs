//! The table, from both sides of each border.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::Ipv4Net;

use super::{Reach, reach};

fn all(addresses: &[&str], expected: Reach) {
    for address in addresses {
        assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
    }
}

#[test]
fn addresses_of_the_internet_are_public() {
    let public = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.1.1",
        "192.169.1.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "3fff:1000::1",
        "192.88.98.1",
        "192.88.100.1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
    ];
    all(&public, Reach::Public);
}

#[test]
fn addresses_of_the_house_are_private() {
    let private = [
        "127.0.0.1",
        "127.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "::1",
        "fc00::1",
        "fdff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ];
    all(&private, Reach::Private);
}

#[test]
fn link_local_metadata_and_special_addresses_are_never_asked() {
    let never = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
        "2001::1",
        "2001:1ff:ffff::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "64:ff9b:1::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "64:ff9b::6464:64c8",
        "64:ff9b::a83f:8110",
        "2002:6464:64c8::1",
        "2002:a83f:8110::1",
        "::7f00:1",
        "100::1",
    ];
    all(&never, Reach::Never);
}

/// Networks that are not the internet, written down a second time, from the registries of IANA.
const SPECIAL: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

#[test]
fn of_all_networks_of_ipv4_those_and_no_others_are_special() {
    let special: Vec<Ipv4Net> = SPECIAL.iter().map(|text| text.parse().unwrap()).collect();
    let metadata = Ipv4Addr::new(100, 100, 100, 200);
    assert_eq!(reach(metadata.into()), Reach::Never);
    let check = |ip: Ipv4Addr| {
        let expected = !special.iter().any(|net| net.contains(&ip));
        assert_eq!(reach(ip.into()) == Reach::Public, expected, "{ip}");
    };
    // Both sides of every border, and of all networks /16 what lies in them at random.
    for net in &special {
        let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
        for bits in [first, first.wrapping_sub(1), last, last.wrapping_add(1)] {
            check(Ipv4Addr::from_bits(bits));
        }
    }
    for bits in (0..=u32::MAX).step_by(4093) {
        check(Ipv4Addr::from_bits(bits));
    }
}

#[test]
fn whatever_hides_an_address_of_ipv4_reaches_no_further_than_it() {
    let metadata = [[100, 100, 100, 200], [168, 63, 129, 16]].map(u32::from_be_bytes);
    for bits in (0..=u32::MAX).step_by(65_521).chain(metadata) {
        let ip = Ipv4Addr::from_bits(bits);
        let expected = reach(ip.into());
        let [high, low] = [(bits >> 16) as u16, bits as u16];
        for hidden in [
            ip.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ] {
            assert_eq!(reach(hidden.into()), expected, "{hidden}");
        }
        assert_ne!(reach(ip.to_ipv6_compatible().into()), Reach::Public, "{ip}");
    }
}

#[test]
fn of_ipv6_only_global_unicast_is_public() {
    for first in 0..=u16::MAX {
        let ip = IpAddr::V6(Ipv6Addr::new(first, 0x4700, 1, 2, 3, 4, 5, 6));
        let global = (0x2000..=0x3fff).contains(&first);
        assert!(reach(ip) != Reach::Public || global, "{ip}");
        if global && first != 0x2002 {
            assert_eq!(reach(ip), Reach::Public, "{ip}");
        }
    }
}
