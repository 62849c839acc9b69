use std::net::Ipv4Addr;
use std::path::Path;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::event::{Device, Geo};
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::{EventId, TenantId};
use serde_json::{Value, json};

use super::place::test_database::{city, database};
use super::*;

fn event(client: Value) -> Event {
    let input = json!({ "type": "user.login.succeeded", "user_id": "u-1", "client": client });
    let admission = Admission {
        catalogue: &Catalogue::default(),
        limits: &Limits::shipped().event,
        tenant: &TenantId::new("clinic").unwrap(),
        source: "test",
        now: jiff::Timestamp::UNIX_EPOCH,
        fresh_id: EventId(uuid::Uuid::from_u128(7)),
        unknown_types: UnknownTypes::Accept,
        own_facts: false,
    };
    let input = EventInput::from_json(input.to_string().as_bytes()).unwrap();
    admit(input, &admission).unwrap()
}

fn with_database(dir: &Path) -> Enricher {
    let path = dir.join("places.mmdb");
    let networks = vec![((Ipv4Addr::new(81, 2, 69, 160), 27), city("GB", "England", "London"))];
    std::fs::write(&path, database("GeoLite2-City", networks)).unwrap();
    Enricher::new(EnrichSettings { geoip_database: Some(path) }).unwrap()
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

#[test]
fn device_and_place_are_filled_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut event = event(json!({ "ip": "81.2.69.161", "user_agent": FIREFOX }));
    with_database(dir.path()).enrich(&mut event);
    assert_eq!(event.client.device.unwrap().browser.as_deref(), Some("Firefox"));
    assert_eq!(event.client.geo.unwrap().city.as_deref(), Some("London"));
    assert_eq!(event.client.user_agent.as_deref(), Some(FIREFOX));
}

#[test]
fn what_the_caller_says_is_never_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut event = event(json!({
        "ip": "81.2.69.161",
        "user_agent": FIREFOX,
        "device": { "name": "Reception desk" },
        "geo": { "country": "FR" },
    }));
    with_database(dir.path()).enrich(&mut event);
    let device = Device { name: Some("Reception desk".into()), ..Device::default() };
    assert_eq!(event.client.device, Some(device));
    assert_eq!(event.client.geo, Some(Geo { country: Some("FR".into()), ..Geo::default() }));
}

#[test]
fn without_a_database_places_stay_empty() {
    for geoip_database in [None, Some("".into())] {
        let enricher = Enricher::new(EnrichSettings { geoip_database }).unwrap();
        let mut event = event(json!({ "ip": "81.2.69.161" }));
        let before = event.clone();
        enricher.enrich(&mut event);
        assert_eq!(event, before);
    }
}

#[test]
fn a_database_that_cannot_be_read_stops_the_start_and_names_the_setting() {
    let dir = tempfile::tempdir().unwrap();
    let garbage = dir.path().join("garbage.mmdb");
    std::fs::write(&garbage, "this is no database").unwrap();
    for path in [dir.path().join("absent.mmdb"), garbage, dir.path().to_owned()] {
        let settings = EnrichSettings { geoip_database: Some(path.clone()) };
        let message = Enricher::new(settings).unwrap_err().to_string();
        assert!(message.contains("`enrich.geoip_database`"), "{message}");
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
}
