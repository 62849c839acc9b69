//! Who looked at what concerns a person.

use annals_domain::Position;
use annals_domain::event::ActorType;
use annals_domain::profile::{Concern, PersonRef, ProfileDelta, Viewer, Views};

use super::{apply, delta, person, profile, seen};
use crate::profiles::ProfileStore;

pub(super) fn run(make: &impl Fn() -> Box<dyn ProfileStore>) {
    viewers_add_up(&*make());
    who_looked_last_comes_first(&*make());
    accesses_are_paged_newest_first_by_how_they_concern(&*make());
    whom_others_looked_at_need_not_have_been_seen(&*make());
    a_forgotten_viewer_is_nobody(&*make());
    a_forgotten_person_was_looked_at_by_nobody(&*make());
    what_an_erasure_left_is_told_anew(&*make());
}

fn viewers_add_up(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    apply(store, 2, &[(&ann, looked(&[(2, Concern::Subject)], views(5, 9, &["ticket 1"])))]);
    let more = views(3, 3, &["ticket 1", "ticket 2"]);
    let more = Views { name: Some((Position(4), "Kim".into())), exports: 1, ..more };
    apply(store, 4, &[(&ann, looked(&[(4, Concern::Subject)], more.clone()))]);
    // What comes again changes nothing.
    apply(store, 4, &[(&ann, looked(&[(4, Concern::Subject)], more))]);
    let expected = Views {
        name: Some((Position(4), "Kim".into())),
        seen: seen(3, 9, 2),
        exports: 1,
        purposes: [("ticket 1".into(), seen(3, 9, 2)), ("ticket 2".into(), seen(3, 3, 1))].into(),
    };
    assert_eq!(viewers(store, &ann, 10), [(user("kim"), expected)]);
}

fn who_looked_last_comes_first(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    let mut all = ProfileDelta::default();
    for number in 0..5 {
        let name = format!("k{number}");
        all.viewers.insert(user(&name), views(number, 10 + number, &[]));
    }
    let service = Viewer { actor_type: ActorType::Service, id: "k0".into() };
    all.viewers.insert(service.clone(), views(99, 99, &[]));
    apply(store, 1, &[(&ann, all)]);
    let found: Vec<Viewer> =
        viewers(store, &ann, 3).into_iter().map(|(viewer, _)| viewer).collect();
    assert_eq!(found, [service, user("k4"), user("k3")]);
}

fn accesses_are_paged_newest_first_by_how_they_concern(store: &dyn ProfileStore) {
    let (ann, bob) = (person("acme", "ann"), person("other", "ann"));
    let places = [(1, Concern::Subject), (2, Concern::Owner), (5, Concern::Subject)];
    apply(store, 5, &[(&ann, looked(&places, views(1, 1, &[])))]);
    let places = [(7, Concern::Owner), (9, Concern::Subject)];
    apply(store, 9, &[(&ann, looked(&places, views(1, 1, &[])))]);
    let (own, all) = (&[Concern::Subject][..], Concern::ALL);
    assert_eq!(accesses(store, &ann, all, None, 3), [9, 7, 5]);
    assert_eq!(accesses(store, &ann, all, Some(5), 3), [2, 1]);
    assert_eq!(accesses(store, &ann, own, None, 2), [9, 5]);
    assert_eq!(accesses(store, &ann, own, Some(5), 2), [1]);
    assert_eq!(accesses(store, &ann, &[Concern::Owner], None, 9), [7, 2]);
    assert_eq!(accesses(store, &ann, all, None, 0), [0u64; 0]);
    assert_eq!(accesses(store, &bob, all, None, 9), [0u64; 0]);
}

fn whom_others_looked_at_need_not_have_been_seen(store: &dyn ProfileStore) {
    let ann = person("acme", "ann");
    apply(store, 2, &[(&ann, looked(&[(2, Concern::Owner)], views(1, 1, &[])))]);
    assert_eq!(store.profile(&ann, 10).expect("the store works"), None);
    assert_eq!(viewers(store, &ann, 10).len(), 1);
}

fn a_forgotten_viewer_is_nobody(store: &dyn ProfileStore) {
    let (ann, elsewhere) = (person("acme", "ann"), person("other", "ann"));
    let nobody = Viewer::nobody();
    let mut delta = looked(&[(1, Concern::Subject)], views(1, 1, &["a", "b"]));
    delta.viewers.insert(nobody.clone(), views(5, 5, &["b"]));
    let service = Viewer { actor_type: ActorType::Service, id: "kim".into() };
    delta.viewers.insert(service.clone(), views(9, 9, &[]));
    apply(store, 1, &[(&ann, delta.clone()), (&elsewhere, delta)]);
    let before = viewers(store, &elsewhere, 10);
    for _ in 0..2 {
        store.forget(&person("acme", "kim")).expect("the store works");
        let found = viewers(store, &ann, 10);
        let expected = Views {
            name: None,
            seen: seen(1, 5, 2),
            exports: 0,
            purposes: [("a".into(), seen(1, 1, 1)), ("b".into(), seen(1, 5, 2))].into(),
        };
        assert_eq!(found[0].0, service, "a program of the same name stays");
        assert_eq!(found[1..], [(nobody.clone(), expected)]);
        assert_eq!(accesses(store, &ann, Concern::ALL, None, 9), [1]);
    }
    assert_eq!(viewers(store, &elsewhere, 10), before, "another tenant's stay");
}

fn a_forgotten_person_was_looked_at_by_nobody(store: &dyn ProfileStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    let both = looked(&[(1, Concern::Subject)], views(1, 1, &["a"]));
    let both =
        ProfileDelta { viewers: both.viewers, accesses: both.accesses, ..delta(&[1], "a.b") };
    apply(store, 1, &[(&ann, both.clone()), (&bob, both)]);
    store.forget(&ann).expect("the store works");
    assert!(viewers(store, &ann, 10).is_empty());
    assert!(accesses(store, &ann, Concern::ALL, None, 9).is_empty());
    assert_eq!(viewers(store, &bob, 10).len(), 1);
    apply(store, 2, &[(&ann, looked(&[(2, Concern::Subject)], views(2, 2, &[])))]);
    assert!(viewers(store, &ann, 10)[0].1.purposes.is_empty(), "of before nothing comes back");
    assert_eq!(profile(store, &bob).seen.count, 1);
}

fn what_an_erasure_left_is_told_anew(store: &dyn ProfileStore) {
    let (ann, bob, cem) = (person("acme", "ann"), person("acme", "bob"), person("acme", "cem"));
    let both = looked(&[(1, Concern::Subject), (2, Concern::Owner)], views(1, 2, &["a"]));
    let both =
        ProfileDelta { viewers: both.viewers, accesses: both.accesses, ..delta(&[1], "a.b") };
    let by_ann = ProfileDelta {
        accesses: vec![(Position(2), Concern::Owner)],
        viewers: [(user("ann"), views(2, 2, &[]))].into(),
        ..ProfileDelta::default()
    };
    apply(store, 2, &[(&ann, both.clone()), (&bob, both), (&cem, by_ann)]);
    let at = store.accessed_at(&[Position(2), Position(9)]).expect("the store works");
    let mut at: Vec<_> = at.into_iter().map(|(person, at)| (person.id, at.0)).collect();
    at.sort_unstable();
    assert_eq!(at, [("ann".to_owned(), 2), ("bob".to_owned(), 2), ("cem".to_owned(), 2)]);
    let erased = [(ann.clone(), delta(&[4], "c.d"))].into();
    let viewed = [(bob.clone(), looked(&[(1, Concern::Subject)], views(1, 1, &["b"])))].into();
    for _ in 0..2 {
        store.retell(&erased, &viewed).expect("the store works");
        assert_eq!(store.position().expect("the store works"), Position(2));
        assert_eq!(profile(store, &ann).seen.count, erased[&ann].seen.map_or(0, |seen| seen.count));
        assert!(accesses(store, &ann, Concern::ALL, None, 9).is_empty());
        assert_eq!(accesses(store, &bob, Concern::ALL, None, 9), [1]);
        let of_bob = viewers(store, &bob, 9);
        assert_eq!(of_bob.len(), 1);
        assert_eq!(of_bob[0].1.purposes.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(profile(store, &bob).seen.count, 1, "the rest of it stays");
        let of_cem = viewers(store, &cem, 9);
        assert_eq!(of_cem.len(), 1);
        assert_eq!(of_cem[0].0, Viewer::nobody(), "an erased viewer is nobody");
    }
}

fn user(id: &str) -> Viewer {
    Viewer { actor_type: ActorType::User, id: id.into() }
}

fn views(first: i64, last: i64, purposes: &[&str]) -> Views {
    let seen = seen(first, last, 1);
    let purposes = purposes.iter().map(|purpose| ((*purpose).to_owned(), seen)).collect();
    Views { name: None, seen, exports: 0, purposes }
}

/// Kim's looking.
fn looked(places: &[(u64, Concern)], views: Views) -> ProfileDelta {
    ProfileDelta {
        accesses: places.iter().map(|(position, how)| (Position(*position), *how)).collect(),
        viewers: [(user("kim"), views)].into(),
        ..ProfileDelta::default()
    }
}

fn viewers(store: &dyn ProfileStore, person: &PersonRef, limit: usize) -> Vec<(Viewer, Views)> {
    store.viewers(person, limit).expect("the store works")
}

fn accesses(
    store: &dyn ProfileStore,
    person: &PersonRef,
    concerns: &[Concern],
    before: Option<u64>,
    limit: usize,
) -> Vec<u64> {
    let positions = store.accesses(person, concerns, before.map(Position), limit);
    positions.expect("the store works").into_iter().map(|position| position.0).collect()
}
