//! What every [`AccessStore`] keeps to.

use annals_domain::access::state::{AccessChange, AccessEntry, Revocation, Revoked};
use annals_domain::{EventId, Position, TenantId};
use uuid::Uuid;

use crate::access_store::AccessStore;

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn AccessStore>) {
    an_empty_store_begins_at_the_start(&*make());
    the_last_form_of_an_entry_is_kept(&*make());
    applying_twice_changes_nothing(&*make());
    tenants_are_kept_apart(&*make());
    a_tenants_entries_are_replaced_as_a_whole(&*make());
    a_cleared_store_begins_anew(&*make());
}

/// Checks that closing and opening again keeps entries and position. `open` first drops whatever it
/// opened before.
pub fn reopening_keeps_everything(open: impl Fn() -> Box<dyn AccessStore>) {
    let store = open();
    apply(&*store, 2, &[put("acme", 1, "ann"), put("acme", 2, "bob")]);
    let before = all(&*store);
    drop(store);
    assert_eq!(all(&*open()), before);
}

fn an_empty_store_begins_at_the_start(store: &dyn AccessStore) {
    assert_eq!(all(store), (Position::START, vec![]));
}

fn the_last_form_of_an_entry_is_kept(store: &dyn AccessStore) {
    apply(store, 3, &[put("acme", 1, "ann"), put("acme", 1, "zoe"), put("acme", 2, "bob")]);
    assert_eq!(all(store), (Position(3), vec![entry("acme", 1, "zoe"), entry("acme", 2, "bob")]));
    apply(store, 4, &[remove("acme", 1), remove("acme", 77), put("acme", 2, "eve")]);
    assert_eq!(all(store), (Position(4), vec![entry("acme", 2, "eve")]));
    apply(store, 5, &[remove("acme", 2), put("acme", 2, "bob")]);
    assert_eq!(all(store).1, [entry("acme", 2, "bob")], "changes are applied in order");
}

fn applying_twice_changes_nothing(store: &dyn AccessStore) {
    apply(store, 5, &[put("acme", 1, "ann")]);
    for position in [5, 4] {
        apply(store, position, &[put("acme", 2, "bob"), remove("acme", 1)]);
    }
    assert_eq!(all(store), (Position(5), vec![entry("acme", 1, "ann")]));
    apply(store, 6, &[]);
    assert_eq!(all(store).0, Position(6), "a batch without changes moves the position");
}

fn tenants_are_kept_apart(store: &dyn AccessStore) {
    apply(store, 1, &[put("acme", 1, "ann"), put("other", 1, "ann")]);
    apply(store, 2, &[remove("acme", 1)]);
    assert_eq!(all(store).1, [entry("other", 1, "ann")]);
}

fn a_tenants_entries_are_replaced_as_a_whole(store: &dyn AccessStore) {
    apply(store, 7, &[put("acme", 1, "ann"), put("acme", 2, "bob"), put("other", 1, "cem")]);
    let (acme, left) = entry("acme", 2, "eve");
    for _ in 0..2 {
        store.replace(&acme, std::slice::from_ref(&left)).expect("the store works");
        let there = vec![entry("acme", 2, "eve"), entry("other", 1, "cem")];
        assert_eq!(all(store), (Position(7), there));
    }
    store.replace(&acme, &[]).expect("the store works");
    assert_eq!(all(store).1, [entry("other", 1, "cem")]);
}

fn a_cleared_store_begins_anew(store: &dyn AccessStore) {
    apply(store, 5, &[put("acme", 1, "ann")]);
    store.clear().expect("the store works");
    an_empty_store_begins_at_the_start(store);
    apply(store, 1, &[put("acme", 2, "bob")]);
    assert_eq!(all(store), (Position(1), vec![entry("acme", 2, "bob")]));
}

fn entry(tenant: &str, number: u128, subject: &str) -> (TenantId, AccessEntry) {
    let tenant = TenantId::new(tenant).expect("it is a name");
    let revocation = Revocation {
        what: Revoked::Subject(subject.into()),
        by: Some("root".into()),
        at: jiff::Timestamp::UNIX_EPOCH,
        event: EventId(Uuid::from_u128(number)),
    };
    (tenant, AccessEntry::Revocation(revocation))
}

fn put(tenant: &str, number: u128, subject: &str) -> AccessChange {
    let (tenant, entry) = entry(tenant, number, subject);
    AccessChange { tenant, name: entry.name(), entry: Some(entry) }
}

fn remove(tenant: &str, number: u128) -> AccessChange {
    AccessChange { entry: None, ..put(tenant, number, "whoever") }
}

fn apply(store: &dyn AccessStore, position: u64, changes: &[AccessChange]) {
    store.apply(changes, Position(position)).expect("the store works");
}

/// By name, for stores may give them in any order.
fn all(store: &dyn AccessStore) -> (Position, Vec<(TenantId, AccessEntry)>) {
    let (position, mut entries) = store.load().expect("the store works");
    entries.sort_by_key(|(tenant, entry)| (tenant.clone(), entry.name()));
    (position, entries)
}
