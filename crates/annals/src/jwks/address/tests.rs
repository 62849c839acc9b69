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
        "64:ff9b:1::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::7f00:1",
        "100::1",
    ];
    all(&never, Reach::Never);
}
