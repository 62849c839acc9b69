//! What every [`ProfileStore`] keeps to.

mod accesses;

use annals_domain::Position;
use annals_domain::event::{Operation, OutcomeStatus};
use annals_domain::profile::{
    Counts, DeviceKey, Kind, PersonRef, PlaceKey, Profile, ProfileDelta, Seen, SessionSeen,
};
use jiff::Timestamp;

use super::person;
use crate::profiles::ProfileStore;

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn ProfileStore>) {
    an_empty_store_knows_nobody(&*make());
    what_is_added_adds_up(&*make());
    applying_twice_changes_nothing(&*make());
    the_newest_name_wins(&*make());
    lists_are_cut_newest_first(&*make());
    a_timeline_is_paged_newest_first(&*make());
    tenants_and_persons_are_kept_apart(&*make());
    a_forgotten_person_is_unknown(&*make());
    a_cleared_store_begins_anew(&*make());
    accesses::run(&make);
}

/// Checks that closing and opening again keeps data and position. `open` first drops whatever it
/// opened before.
pub fn reopening_keeps_everything(open: impl Fn() -> Box<dyn ProfileStore>) {
    let ann = person("acme", "ann");
    let store = open();
    apply(&*store, 3, &[(&ann, delta(&[1, 3], "login"))]);
    let before = profile(&*store, &ann);
    drop(store);
    let store = open();
    assert_eq!(position(&*store), Position(3));
    assert_eq!(profile(&*store, &ann), before);
    apply(&*store, 3, &[(&ann, delta(&[3], "login"))]);
    assert_eq!(profile(&*store, &ann), before, "a batch delivered again changes nothing");
    apply(&*store, 4, &[(&ann, delta(&[4], "login"))]);
    assert_eq!(timeline(&*store, &ann, None, 10), [4, 3, 1]);
}

fn an_empty_store_knows_nobody(store: &dyn ProfileStore) {
    assert_eq!(position(store), Position::START);
    let ann = person("acme", "ann");
    assert_eq!(store.profile(&ann, 10).expect("the store works"), None);
    assert!(timeline(store, &ann, None, 10).is_empty());
}

fn what_is_added_adds_up(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    let mut first = delta(&[1, 2], "login");
    first.devices.insert(device("phone"), seen(5, 9, 2));
    first.places.insert(place("JP"), seen(5, 9, 2));
    first.sessions.insert("s1".into(), session(seen(5, 9, 2), Some(9)));
    first.seen = Some(seen(5, 9, 2));
    let mut second = delta(&[4], "export");
    second.devices.insert(device("phone"), seen(3, 3, 1));
    second.places.insert(place("DE"), seen(3, 3, 1));
    second.sessions.insert("s1".into(), session(seen(3, 3, 1), None));
    let denied = Kind { operation: Operation::Login, outcome: OutcomeStatus::Denied };
    second.counts = [("export".into(), [(denied, 1)].into())].into();
    second.seen = Some(seen(3, 3, 1));
    apply(store, 2, &[(&ann, first)]);
    apply(store, 4, &[(&ann, second)]);
    assert_eq!(position(store), Position(4));
    let expected = Profile {
        person: "ann".into(),
        name: None,
        seen: seen(3, 9, 3),
        counts: Counts {
            types: vec![("login".into(), 2), ("export".into(), 1)],
            outcomes: vec![(OutcomeStatus::Success, 2), (OutcomeStatus::Denied, 1)],
            operations: vec![(Operation::Login, 3)],
        },
        devices: vec![(device("phone"), seen(3, 9, 3))],
        places: vec![(place("JP"), seen(5, 9, 2)), (place("DE"), seen(3, 3, 1))],
        sessions: vec![("s1".into(), session(seen(3, 9, 3), Some(9)))],
    };
    assert_eq!(profile(store, &ann), expected);
}

fn applying_twice_changes_nothing(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    apply(store, 5, &[(&ann, delta(&[1, 5], "login"))]);
    let before = profile(store, &ann);
    for position in [5, 4, 1] {
        apply(store, position, &[(&ann, delta(&[1, 5], "login"))]);
    }
    assert_eq!(profile(store, &ann), before);
    assert_eq!(position(store), Position(5));
    apply(store, 9, &[]);
    assert_eq!(position(store), Position(9), "a batch that concerns nobody moves the position");
}

fn the_newest_name_wins(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    let named = |position: u64, name: Option<&str>| ProfileDelta {
        name: name.map(|name| (Position(position), name.to_owned())),
        ..delta(&[position], "login")
    };
    for (position, told, known) in [
        (1, None, None),
        (2, Some("Ann"), Some("Ann")),
        (3, None, Some("Ann")),
        (4, Some("An"), Some("An")),
    ] {
        apply(store, position, &[(&ann, named(position, told))]);
        assert_eq!(profile(store, &ann).name.as_deref(), known);
    }
}

fn lists_are_cut_newest_first(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    let mut all = delta(&[1], "login");
    for number in 0..20 {
        all.devices.insert(device(&format!("d{number:02}")), seen(number, 100 + number, 1));
        all.places.insert(place(&format!("p{number:02}")), seen(number, 100 + number, 1));
        let seen = seen(number, 100 + number, 1);
        all.sessions.insert(format!("s{number:02}"), session(seen, None));
    }
    apply(store, 1, &[(&ann, all)]);
    let profile = store.profile(&ann, 2).expect("the store works").expect("she was seen");
    assert_eq!(
        profile.devices,
        [(device("d19"), seen(19, 119, 1)), (device("d18"), seen(18, 118, 1))]
    );
    assert_eq!(profile.places.len(), 2);
    assert_eq!(profile.places[0].0, place("p19"));
    let sessions: Vec<&str> = profile.sessions.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(sessions, ["s19", "s18"]);
}

fn a_timeline_is_paged_newest_first(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    apply(store, 5, &[(&ann, delta(&[1, 2, 5], "login"))]);
    apply(store, 9, &[(&ann, delta(&[7, 9], "login"))]);
    assert_eq!(timeline(store, &ann, None, 2), [9, 7]);
    assert_eq!(timeline(store, &ann, Some(7), 2), [5, 2]);
    assert_eq!(timeline(store, &ann, Some(6), 10), [5, 2, 1]);
    assert_eq!(timeline(store, &ann, Some(1), 10), [0u64; 0]);
    assert_eq!(timeline(store, &ann, None, 0), [0u64; 0]);
}

fn tenants_and_persons_are_kept_apart(store: &dyn ProfileStore) {
    let persons = [person("acme", "ann"), person("acme", "bob"), person("other", "ann")];
    let deltas: Vec<_> =
        persons.iter().zip(1..).map(|(person, place)| (person, delta(&[place], "login"))).collect();
    apply(store, 3, &deltas);
    for (person, place) in persons.iter().zip(1..) {
        assert_eq!(timeline(store, person, None, 10), [place]);
        assert_eq!(profile(store, person).seen.count, 1);
    }
}

fn a_forgotten_person_is_unknown(store: &dyn ProfileStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    let mut full = delta(&[1], "login");
    full.devices.insert(device("phone"), seen(1, 1, 1));
    full.sessions.insert("s1".into(), session(seen(1, 1, 1), None));
    apply(store, 1, &[(&ann, full.clone()), (&bob, full)]);
    let before = profile(store, &bob);
    for _ in 0..2 {
        store.forget(&ann).expect("the store works");
        assert_eq!(store.profile(&ann, 10).expect("the store works"), None);
        assert!(timeline(store, &ann, None, 10).is_empty());
    }
    assert_eq!(profile(store, &bob), before, "others stay");
    apply(store, 2, &[(&ann, delta(&[2], "login"))]);
    let anew = profile(store, &ann);
    assert_eq!((anew.seen.count, anew.devices.len(), anew.sessions.len()), (1, 0, 0));
}

fn a_cleared_store_begins_anew(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    apply(store, 5, &[(&ann, delta(&[1, 5], "login"))]);
    store.clear().expect("the store works");
    an_empty_store_knows_nobody(store);
    apply(store, 1, &[(&ann, delta(&[1], "login"))]);
    assert_eq!(timeline(store, &ann, None, 10), [1]);
}

fn delta(positions: &[u64], event_type: &str) -> ProfileDelta {
    let count = positions.len() as u64;
    let done = Kind { operation: Operation::Login, outcome: OutcomeStatus::Success };
    ProfileDelta {
        counts: [(event_type.to_owned(), [(done, count)].into())].into(),
        timeline: positions.iter().copied().map(Position).collect(),
        seen: Some(seen(1, 1, count)),
        ..ProfileDelta::default()
    }
}

fn seen(first: i64, last: i64, count: u64) -> Seen {
    let at = |second| Timestamp::from_second(second).expect("small numbers are times");
    Seen { first: at(first), last: at(last), count }
}

fn session(seen: Seen, ended: Option<i64>) -> SessionSeen {
    let at = |second| Timestamp::from_second(second).expect("small numbers are times");
    SessionSeen { seen, ended: ended.map(at) }
}

fn device(name: &str) -> DeviceKey {
    DeviceKey { device_type: "mobile".into(), name: name.into(), ..DeviceKey::default() }
}

fn place(country: &str) -> PlaceKey {
    PlaceKey { country: country.into(), ..PlaceKey::default() }
}

fn apply(store: &dyn ProfileStore, position: u64, deltas: &[(&PersonRef, ProfileDelta)]) {
    let deltas = deltas.iter().map(|(person, delta)| ((*person).clone(), delta.clone())).collect();
    store.apply(&deltas, Position(position)).expect("the store works");
}

fn position(store: &dyn ProfileStore) -> Position {
    store.position().expect("the store works")
}

fn profile(store: &dyn ProfileStore, person: &PersonRef) -> Profile {
    store.profile(person, 100).expect("the store works").expect("the person was seen")
}

fn timeline(
    store: &dyn ProfileStore,
    person: &PersonRef,
    before: Option<u64>,
    limit: usize,
) -> Vec<u64> {
    let positions = store.timeline(person, before.map(Position), limit).expect("the store works");
    positions.into_iter().map(|position| position.0).collect()
}
