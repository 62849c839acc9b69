//! Where messages may go: nothing is sent to where it must not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_ports::{DeliveryError, Handed};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use reqwest::header::HeaderMap;

use super::guard::Guard;
use super::*;
use crate::testing::{http, receiver, settings};

mod hostile;
mod slow_names;

/// On a machine under load everything takes its time; what hangs takes for ever.
const BOUNDED: Duration = Duration::from_secs(30);

fn allowing(networks: &[&str], hosts: &[&str]) -> OutgoingSettings {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    OutgoingSettings { allow_networks: texts(networks), allow_hosts: texts(hosts), ..settings(2) }
}

fn url(guard: &Guard, text: &str) -> Result<(), Forbidden> {
    guard.url(text).map(drop)
}

#[test]
fn without_an_allowance_only_https_to_public_hosts_is_sent_to() {
    let guard = Guard::default();
    for good in
        ["https://example.org/hook?a=b", "https://1.1.1.1:8443/", "https://[2606:4700::1111]/"]
    {
        assert_eq!(url(&guard, good), Ok(()), "{good}");
    }
    for private in [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://[fc00::1]/",
        // However an address is written.
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://１２７.0.0.1/",
    ] {
        assert_eq!(url(&guard, private), Err(Forbidden::Private), "{private}");
    }
    for never in [
        "https://169.254.169.254/latest",
        "https://0.0.0.0/",
        "https://[fe80::1]/",
        "https://[::]/",
    ] {
        assert_eq!(url(&guard, never), Err(Forbidden::Never), "{never}");
    }
    for wrong in [
        "",
        "example.org",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://ann@example.org/",
        "https://:pass@example.org/",
        "https:///",
        &format!("https://example.org/{}", "a".repeat(2000)),
    ] {
        assert!(matches!(url(&guard, wrong), Err(Forbidden::Url(_))), "{wrong}");
    }
}

#[test]
fn an_operator_allows_networks_and_hosts_and_nothing_beside_them() {
    let guard = Guard::read(&allowing(
        &["10.1.0.0/16", "fd00::/8", "169.254.7.7"],
        &["Hooks.Lan", "192.168.0.9"],
    ));
    let guard = guard.unwrap();
    for good in [
        "https://10.1.255.255/",
        "http://10.1.0.1/",
        "http://[fd00::1]/",
        "https://[::ffff:10.1.0.1]/",
        "http://169.254.7.7/",
        "http://hooks.lan:8080/",
        "http://hooks.lan./",
        "http://192.168.0.9/",
    ] {
        assert_eq!(url(&guard, good), Ok(()), "{good}");
    }
    assert_eq!(url(&guard, "https://10.2.0.1/"), Err(Forbidden::Private));
    assert_eq!(url(&guard, "https://192.168.0.8/"), Err(Forbidden::Private));
    assert_eq!(url(&guard, "https://169.254.169.254/"), Err(Forbidden::Never));
    assert!(matches!(url(&guard, "http://other.lan/"), Err(Forbidden::Url(_))));
    let led = |host: &str, ip: &str| {
        let address = SocketAddr::new(ip.parse().unwrap(), 0);
        guard.all_permitted(host, vec![address]).map(|addresses| addresses.len())
    };
    assert_eq!(led("hooks.lan", "192.168.7.7"), Ok(1));
    assert_eq!(led("HOOKS.lan.", "127.0.0.1"), Ok(1));
    assert_eq!(led("hooks.lan", "169.254.169.254"), Err(Forbidden::Never), "for no name at all");
    assert_eq!(led("other.lan", "192.168.7.7"), Err(Forbidden::Private));
    assert_eq!(led("other.lan", "10.1.0.1"), Ok(1));
    assert_eq!(guard.all_permitted("hooks.lan", Vec::new()), Err(Forbidden::Nowhere));
}

#[test]
fn a_wrong_allowance_or_time_is_named() {
    let told = |settings: &OutgoingSettings| OutgoingHttp::open(settings).unwrap_err().to_string();
    assert!(told(&allowing(&["10.0.0.0/99"], &[])).contains("`10.0.0.0/99`"));
    for host in ["", "a b", "a/b", "a:1", "https://a"] {
        assert!(told(&allowing(&[], &[host])).contains("outgoing.allow_hosts"), "{host}");
    }
    assert!(told(&settings(0)).contains("connect_seconds` is 0"));
    assert!(
        told(&OutgoingSettings { timeout_seconds: 51, ..settings(1) }).contains("timeout_seconds")
    );
    let many = vec!["10.0.0.1".to_owned(); 1001];
    assert!(
        told(&OutgoingSettings { allow_networks: many, ..settings(1) }).contains("more than 1000")
    );
}

/// A name whose labels are its addresses, such as `10-0-0-1.127-0-0-1.test`.
fn spelled(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let ips = name.split('.').filter_map(|label| label.replace('-', ".").parse().ok());
    Ok(ips.map(|ip| SocketAddr::new(ip, 0)).collect())
}

async fn post(http: &OutgoingHttp, url: &str) -> Result<Handed, DeliveryError> {
    let posted = http.post(url, HeaderMap::new(), b"{}".to_vec());
    tokio::time::timeout(BOUNDED, posted).await.expect("every call ends")
}

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_not_connected_to() {
    let (address, mut gotten) = receiver(|| StatusCode::OK.into_response()).await;
    let port = address.port();
    // Plain HTTP, so that what is refused would be answered.
    let http = |hosts: &[&str]| OutgoingHttp::with_lookup(&allowing(&[], hosts), spelled).unwrap();
    let names =
        ["127-0-0-1.test", "1-1-1-1.127-0-0-1.test", "127-0-0-1.1-1-1-1.test", "10-0-0-1.test"];
    for name in names {
        let error = post(&http(&[]), &format!("https://{name}:{port}/")).await.unwrap_err();
        assert!(!error.permanent, "names may lead elsewhere tomorrow");
        assert!(error.source.to_string().contains("private address"), "{:?}", error.source);
        assert!(!error.source.to_string().contains("127."), "where it led is not told");
    }
    let error =
        post(&http(&["169-254-169-254.test"]), "http://169-254-169-254.test/").await.unwrap_err();
    assert!(error.source.to_string().contains("never sent to"), "{:?}", error.source);
    let error = post(&http(&[]), "https://nowhere.test/").await.unwrap_err();
    assert!(error.source.to_string().contains("no address"), "{:?}", error.source);
    let error = post(&http(&[]), &format!("https://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(error.permanent, "what the URL itself says does not change");
    assert!(gotten.try_recv().is_err());
    // The same name, allowed, gets it.
    post(&http(&["127-0-0-1.test"]), &format!("http://127-0-0-1.test:{port}/")).await.unwrap();
    assert!(gotten.try_recv().is_ok());
}

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// Leads to this machine when it is asked first, and into another house from then on.
fn rebinding(_: &str) -> std::io::Result<Vec<SocketAddr>> {
    let first = LOOKUPS.fetch_add(1, Ordering::SeqCst) == 0;
    let ip = if first { [127, 0, 0, 1] } else { [10, 0, 0, 1] };
    Ok(vec![SocketAddr::from((ip, 0))])
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_connection_which_goes_where_was_checked() {
    let close = || ([(header::CONNECTION, "close")], "").into_response();
    let (address, mut gotten) = receiver(close).await;
    let settings = allowing(&["127.0.0.1"], &[]);
    // TLS is never reached: that the right machine was asked shows in its answer, which is none.
    let http = OutgoingHttp::with_lookup(&settings, rebinding).unwrap();
    let url = format!("https://rebind.test:{}/", address.port());
    let first = post(&http, &url).await.unwrap_err();
    assert!(first.doing.contains("reach the endpoint"), "{first:?}");
    assert_eq!(LOOKUPS.load(Ordering::SeqCst), 1);
    let second = post(&http, &url).await.unwrap_err();
    assert!(second.source.to_string().contains("private address"), "{second:?}");
    assert!(gotten.try_recv().is_err());
}
