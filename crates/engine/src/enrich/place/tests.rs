use super::test_database::{city, country, database};
use super::*;

fn reader(database_type: &'static str) -> Result<PlaceReader, EnrichError> {
    let networks = vec![
        ((Ipv4Addr::new(8, 8, 8, 0), 24), city("US", "California", "Mountain View")),
        ((Ipv4Addr::new(81, 2, 69, 160), 27), city("GB", "England", "London")),
        ((Ipv4Addr::new(133, 0, 0, 0), 8), country("JP")),
        ((Ipv4Addr::new(10, 0, 0, 0), 8), country("XX")),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("places.mmdb");
    std::fs::write(&path, database(database_type, networks)).unwrap();
    PlaceReader::open(path)
}

fn place(country: &str, region: Option<&str>, city: Option<&str>) -> Option<Geo> {
    let text = |text: &str| text.to_owned();
    Some(Geo { country: Some(text(country)), region: region.map(text), city: city.map(text) })
}

#[test]
fn public_addresses_are_found_with_as_much_as_is_known() {
    let places = reader("GeoLite2-City").unwrap();
    let of = |ip: &str| places.place_of(ip.parse().unwrap());
    assert_eq!(of("8.8.8.8"), place("US", Some("California"), Some("Mountain View")));
    assert_eq!(of("81.2.69.161"), place("GB", Some("England"), Some("London")));
    assert_eq!(of("::ffff:81.2.69.161"), of("81.2.69.161"));
    assert_eq!(of("133.9.1.2"), place("JP", None, None));
}

#[test]
fn unknown_and_private_addresses_have_no_place() {
    let places = reader("GeoLite2-City").unwrap();
    for ip in [
        "8.8.9.8",
        "10.1.2.3",
        "127.0.0.1",
        "192.168.1.1",
        "169.254.0.9",
        "100.64.3.4",
        "::1",
        "fe80::1",
        "fd12::1",
        "2001:4860:4860::8888",
        "0.0.0.0",
        "224.0.0.1",
        "::ffff:10.1.2.3",
    ] {
        assert_eq!(places.place_of(ip.parse().unwrap()), None, "{ip}");
    }
}

#[test]
fn a_database_without_places_is_refused() {
    let error = reader("GeoLite2-ASN").unwrap_err();
    assert!(error.to_string().contains("`GeoLite2-ASN`"), "{error}");
    assert!(error.to_string().contains("enrich.geoip_database"), "{error}");
}
