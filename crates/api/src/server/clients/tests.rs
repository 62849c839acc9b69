use http::HeaderValue;

use super::*;

fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let trusted: Vec<String> = trusted.iter().map(|&text| text.to_owned()).collect();
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
    }
    let proxies = TrustedProxies::new(&trusted).unwrap();
    proxies.client(peer.parse().unwrap(), &headers).to_string()
}

#[test]
fn the_client_is_the_right_most_address_that_is_not_trusted() {
    const OURS: &[&str] = &["10.0.0.0/8", "192.0.2.7", "fd00::/8"];
    for (peer, forwarded, found) in [
        ("203.0.113.9", &["1.1.1.1"][..], "203.0.113.9"),
        ("10.1.1.1", &[], "10.1.1.1"),
        ("10.1.1.1", &["1.1.1.1"], "1.1.1.1"),
        ("10.1.1.1", &["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ("10.1.1.1", &["6.6.6.6, 1.1.1.1, 192.0.2.7"], "1.1.1.1"),
        ("10.1.1.1", &["6.6.6.6", "1.1.1.1", "10.2.2.2"], "1.1.1.1"),
        ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ("10.1.1.1", &["1.1.1.1, unknown"], "10.1.1.1"),
        ("10.1.1.1", &["1.1.1.1, , 10.2.2.2"], "10.2.2.2"),
        ("10.1.1.1", &["1.1.1.1:4711"], "1.1.1.1"),
        ("10.1.1.1", &["[2001:db8::5]:4711"], "2001:db8::5"),
        ("fd00::1", &["2001:db8::5"], "2001:db8::5"),
        ("::ffff:10.1.1.1", &["1.1.1.1"], "1.1.1.1"),
        ("10.1.1.1", &["::ffff:1.1.1.1"], "1.1.1.1"),
    ] {
        assert_eq!(client(OURS, peer, forwarded), found, "{peer} {forwarded:?}");
    }
    assert_eq!(client(&[], "10.1.1.1", &["1.1.1.1"]), "10.1.1.1", "nobody is trusted by default");
}

#[test]
fn a_long_chain_ends_where_nobody_looks_any_further() {
    let chain = vec!["10.0.0.1"; 10_000].join(",");
    assert_eq!(client(&["10.0.0.0/8"], "10.1.1.1", &[&chain]), "10.0.0.1");
}

#[test]
fn what_is_no_network_is_named() {
    let wrong = TrustedProxies::new(&["10.0.0.0/99".to_owned()]).unwrap_err();
    assert!(wrong.to_string().contains("10.0.0.0/99"));
}

#[test]
fn an_ipv6_client_is_its_network() {
    let network = |text: &str| network_of(text.parse().unwrap()).to_string();
    assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(network("192.0.2.1"), "192.0.2.1");
    assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
}
