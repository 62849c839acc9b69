//! What every [`InboxStore`] keeps to.

use annals_domain::notification::{InboxChange, InboxItem, InboxState, Notification};
use annals_domain::profile::PersonRef;
use annals_domain::{EventId, Position};
use jiff::Timestamp;
use uuid::Uuid;

use super::person;
use crate::inbox::InboxStore;

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn InboxStore>) {
    an_empty_inbox_has_nothing(&*make());
    messages_come_newest_or_oldest_first(&*make());
    reading_is_remembered_from_the_first_time(&*make());
    what_was_put_away_is_shown_only_to_who_asks_for_it(&*make());
    applying_twice_changes_nothing(&*make());
    inboxes_are_kept_apart(&*make());
    a_forgotten_person_has_no_messages(&*make());
    what_an_erasure_left_is_told_anew(&*make());
    a_cleared_store_begins_anew(&*make());
}

/// Checks that closing and opening again keeps data and position. `open` first drops whatever it
/// opened before.
pub fn reopening_keeps_everything(open: impl Fn() -> Box<dyn InboxStore>) {
    let ann = person("acme", "ann");
    let store = open();
    apply(&*store, 2, &[arrived(&ann, 1), arrived(&ann, 2), read(&ann, &[1], 50)]);
    apply(&*store, 3, &[arrived(&ann, 3), archived(&ann, &[3], 60)]);
    let before = all(&*store, &ann);
    drop(store);
    let store = open();
    assert_eq!(position(&*store), Position(3));
    assert_eq!(all(&*store, &ann), before);
    let away = store.newest(&ann, Some(InboxState::Archived), None, 9).expect("the store works");
    assert_eq!((places(&away), away[0].archived_at), (vec![3], Some(at(60))));
    assert_eq!(unread(&*store, &ann), 1);
}

fn an_empty_inbox_has_nothing(store: &dyn InboxStore) {
    let ann = person("acme", "ann");
    assert_eq!(position(store), Position::START);
    assert_eq!(unread(store, &ann), 0);
    assert!(all(store, &ann).is_empty());
}

fn messages_come_newest_or_oldest_first(store: &dyn InboxStore) {
    let ann = person("acme", "ann");
    let changes: Vec<InboxChange> = [2, 3, 5, 8].map(|place| arrived(&ann, place)).to_vec();
    apply(store, 9, &changes);
    assert_eq!(position(store), Position(9));
    let newest = |before: Option<u64>, limit| {
        places(&store.newest(&ann, None, before.map(Position), limit).expect("the store works"))
    };
    assert_eq!(newest(None, 2), [8, 5]);
    assert_eq!(newest(Some(5), 2), [3, 2]);
    assert_eq!(newest(Some(6), 10), [5, 3, 2]);
    assert_eq!(newest(Some(2), 10), [0u64; 0]);
    let since =
        |after, limit| places(&store.since(&ann, Position(after), limit).expect("the store works"));
    assert_eq!(since(0, 2), [2, 3]);
    assert_eq!(since(3, 10), [5, 8]);
    assert_eq!(since(8, 10), [0u64; 0]);
    let item = store.newest(&ann, None, None, 1).expect("the store works").remove(0);
    assert_eq!(
        item,
        InboxItem { notification: notification(&ann, 8), read_at: None, archived_at: None }
    );
}

fn reading_is_remembered_from_the_first_time(store: &dyn InboxStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    apply(store, 2, &[arrived(&ann, 1), arrived(&ann, 2), arrived(&bob, 1)]);
    assert_eq!(unread(store, &ann), 2);
    apply(store, 3, &[read(&ann, &[1, 77], 50)]);
    assert_eq!(unread(store, &ann), 1, "unknown messages are passed over");
    apply(store, 4, &[read(&ann, &[1, 2], 60)]);
    assert_eq!(unread(store, &ann), 0);
    let times: Vec<_> = all(store, &ann).iter().map(|item| item.read_at).collect();
    assert_eq!(times, [Some(at(60)), Some(at(50))]);
    apply(store, 5, &[arrived(&ann, 1)]);
    assert_eq!(unread(store, &ann), 0, "a message that arrives again stays read");
    assert_eq!(unread(store, &bob), 1);
    let bobs = notification(&bob, 1).id;
    let wrong = InboxChange::Read { recipient: ann, notifications: vec![bobs], at: at(70) };
    apply(store, 6, &[wrong]);
    assert_eq!(unread(store, &bob), 1, "nobody reads another's messages");
}

fn what_was_put_away_is_shown_only_to_who_asks_for_it(store: &dyn InboxStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    apply(store, 4, &[1, 2, 3, 4].map(|place| arrived(&ann, place)));
    apply(store, 5, &[read(&ann, &[1, 2], 50), archived(&ann, &[2, 3, 77], 60)]);
    let standing = |state, before: Option<u64>, limit| {
        let items = store.newest(&ann, state, before.map(Position), limit);
        places(&items.expect("the store works"))
    };
    assert_eq!(standing(None, None, 9), [4, 1]);
    assert_eq!(standing(Some(InboxState::Unread), None, 9), [4]);
    assert_eq!(standing(Some(InboxState::Read), None, 9), [1]);
    assert_eq!(standing(Some(InboxState::Archived), None, 9), [3, 2]);
    assert_eq!(standing(Some(InboxState::Archived), None, 1), [3]);
    assert_eq!(standing(Some(InboxState::Archived), Some(3), 1), [2]);
    let since = store.since(&ann, Position(0), 9).expect("the store works");
    assert_eq!((places(&since), unread(store, &ann)), (vec![1, 4], 1));
    // It stays away from the first time on, whatever comes after.
    apply(store, 6, &[archived(&ann, &[2], 70), read(&ann, &[3], 70), arrived(&ann, 3)]);
    let away = store.newest(&ann, Some(InboxState::Archived), None, 9).expect("the store works");
    let times: Vec<_> = away.iter().map(|item| (item.read_at, item.archived_at)).collect();
    assert_eq!(times, [(Some(at(70)), Some(at(60))), (Some(at(50)), Some(at(60)))]);
    apply(store, 7, &[arrived(&bob, 1)]);
    let notifications = vec![notification(&bob, 1).id];
    apply(store, 8, &[InboxChange::Archived { recipient: ann.clone(), notifications, at: at(80) }]);
    assert_eq!(places(&all(store, &bob)), [1], "nobody puts away what is another's");
    store.forget(&ann).expect("the store works");
    assert!(standing(Some(InboxState::Archived), None, 9).is_empty());
}

fn applying_twice_changes_nothing(store: &dyn InboxStore) {
    let ann = person("acme", "ann");
    apply(store, 5, &[arrived(&ann, 1)]);
    for position in [5, 4] {
        apply(store, position, &[arrived(&ann, 2), read(&ann, &[1], 50)]);
    }
    assert_eq!(places(&all(store, &ann)), [1]);
    assert_eq!(unread(store, &ann), 1);
    apply(store, 6, &[]);
    assert_eq!(position(store), Position(6), "a batch without messages moves the position");
}

fn inboxes_are_kept_apart(store: &dyn InboxStore) {
    let persons = [person("acme", "ann"), person("acme", "bob"), person("other", "ann")];
    let changes: Vec<InboxChange> =
        persons.iter().zip(1..).map(|(person, place)| arrived(person, place)).collect();
    apply(store, 3, &changes);
    for (person, place) in persons.iter().zip(1..) {
        assert_eq!(places(&all(store, person)), [place]);
    }
}

fn a_forgotten_person_has_no_messages(store: &dyn InboxStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    apply(store, 2, &[arrived(&ann, 1), arrived(&bob, 2)]);
    for _ in 0..2 {
        store.forget(&ann).expect("the store works");
        assert!(all(store, &ann).is_empty());
        assert_eq!(unread(store, &ann), 0);
    }
    assert_eq!(places(&all(store, &bob)), [2], "others stay");
}

fn what_an_erasure_left_is_told_anew(store: &dyn InboxStore) {
    let (ann, bob) = (person("acme", "ann"), person("acme", "bob"));
    apply(store, 3, &[arrived(&ann, 1), arrived(&bob, 2), read(&bob, &[2], 50), arrived(&ann, 3)]);
    let anew = |recipient: &PersonRef, position| Notification {
        body: "Somebody changed a password.".into(),
        ..notification(recipient, position)
    };
    apply(store, 4, &[arrived(&bob, 4), archived(&bob, &[4], 55)]);
    let changes = [
        InboxChange::Arrived(anew(&bob, 2)),
        InboxChange::Arrived(anew(&bob, 1)),
        InboxChange::Arrived(anew(&ann, 3)),
        read(&ann, &[3], 60),
        archived(&bob, &[2], 60),
        InboxChange::Arrived(anew(&ann, 5)),
        archived(&ann, &[5], 65),
    ];
    for _ in 0..2 {
        store.retell(std::slice::from_ref(&ann), &changes).expect("the store works");
        let of_ann = all(store, &ann);
        assert_eq!(places(&of_ann), [3], "of the erased there is what is told");
        assert_eq!((of_ann[0].read_at, unread(store, &ann)), (Some(at(60)), 0));
        let of_bob = all(store, &bob);
        assert_eq!(places(&of_bob), [2], "of others only what was there");
        assert_eq!(of_bob[0].notification, anew(&bob, 2));
        assert_eq!(of_bob[0].read_at, Some(at(50)));
        for (person, place, second) in [(&ann, 5, 65), (&bob, 4, 55)] {
            let away = store.newest(person, Some(InboxState::Archived), None, 9);
            let away = away.expect("the store works");
            assert_eq!((places(&away), away[0].archived_at), (vec![place], Some(at(second))));
        }
        assert_eq!(position(store), Position(4));
    }
}

fn a_cleared_store_begins_anew(store: &dyn InboxStore) {
    let ann = person("acme", "ann");
    apply(store, 5, &[arrived(&ann, 5)]);
    store.clear().expect("the store works");
    an_empty_inbox_has_nothing(store);
    apply(store, 1, &[arrived(&ann, 1)]);
    assert_eq!(places(&all(store, &ann)), [1]);
}

fn notification(recipient: &PersonRef, position: u64) -> Notification {
    let name = format!("{}/{}/{position}", recipient.tenant, recipient.id);
    Notification {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        recipient: recipient.clone(),
        kind: "user.password.changed".into(),
        title: "Password changed".into(),
        body: format!("Ann changed the password of {}.", recipient.id),
        event: EventId(Uuid::from_u128(u128::from(position))),
        position: Position(position),
        created_at: at(1000),
    }
}

fn arrived(recipient: &PersonRef, position: u64) -> InboxChange {
    InboxChange::Arrived(notification(recipient, position))
}

fn read(recipient: &PersonRef, positions: &[u64], second: i64) -> InboxChange {
    InboxChange::Read {
        recipient: recipient.clone(),
        notifications: positions.iter().map(|p| notification(recipient, *p).id).collect(),
        at: at(second),
    }
}

fn archived(recipient: &PersonRef, positions: &[u64], second: i64) -> InboxChange {
    InboxChange::Archived {
        recipient: recipient.clone(),
        notifications: positions.iter().map(|p| notification(recipient, *p).id).collect(),
        at: at(second),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("small numbers are times")
}

fn apply(store: &dyn InboxStore, position: u64, changes: &[InboxChange]) {
    store.apply(changes, Position(position)).expect("the store works");
}

fn position(store: &dyn InboxStore) -> Position {
    store.position().expect("the store works")
}

fn unread(store: &dyn InboxStore, person: &PersonRef) -> u64 {
    store.unread(person).expect("the store works")
}

fn all(store: &dyn InboxStore, person: &PersonRef) -> Vec<InboxItem> {
    store.newest(person, None, None, 1000).expect("the store works")
}

fn places(items: &[InboxItem]) -> Vec<u64> {
    items.iter().map(|item| item.notification.position.0).collect()
}
