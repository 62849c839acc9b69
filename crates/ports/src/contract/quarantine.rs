//! What every [`QuarantineStore`] keeps to.

use std::sync::Arc;

use annals_domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Case, cases, fresh_tenant};
use crate::quarantine::{Bounds, ENTRY_BYTES, Keeping, NewEntry, QuarantineStore, RefusalReason};

/// Bytes of facts and content of the entries here.
const BYTES: usize = 100;

/// The cases of the suite, for one store, which may hold entries already.
pub fn cases(store: &Arc<dyn QuarantineStore>) -> Vec<Case> {
    cases![
        store;
        an_entry_is_read_as_it_was_kept,
        the_same_content_is_one_entry,
        entries_are_listed_newest_first_in_pages,
        the_oldest_make_way_when_there_are_too_many,
        the_oldest_make_way_when_they_are_too_large,
        the_newest_stays_whatever_its_size,
        what_is_too_old_goes,
        what_was_acknowledged_once_never_makes_way,
        a_removed_entry_is_gone,
        tenants_do_not_see_each_others_entries,
    ]
}

/// Runs the whole suite on one store, which may hold entries already.
pub async fn run(store: Arc<dyn QuarantineStore>) {
    for case in cases(&store) {
        case.run.await;
    }
}

/// Checks that closing and opening again keeps entries. `open` first drops whatever it opened before.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Arc<dyn QuarantineStore>) {
    let tenant = tenant();
    let store = open().await;
    keep(&*store, &tenant, vec![entry(1, 0), entry(2, 0)], WIDE).await;
    drop(store);
    let store = open().await;
    assert_eq!(ids(&*store, &tenant, None, 10).await, [id(2), id(1)]);
    let again = keep(&*store, &tenant, vec![entry(1, 9)], WIDE).await;
    assert_eq!((again.ids, again.known), (vec![id(1)], 1));
}

const WIDE: Bounds = Bounds { entries_max: 1000, bytes_max: 1 << 20, not_before: Timestamp::MIN };

async fn an_entry_is_read_as_it_was_kept(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let kept = entry(1, 0);
    let keeping = keep(store, &tenant, vec![kept.clone()], WIDE).await;
    assert_eq!(keeping, Keeping { ids: vec![id(1)], known: 0, evicted: 0 });
    let (found, content) = store.entry(&tenant, id(1)).await.expect(WORKS).expect("it is kept");
    assert_eq!((found.id, found.reason, found.times), (id(1), kept.reason, 1));
    assert_eq!((found.first_at, found.last_at), (kept.at, kept.at));
    assert_eq!((found.facts.clone(), content), (kept.facts, kept.content));
    assert_eq!(store.list(&tenant, None, None, 10).await.expect(WORKS), [found]);
    assert_eq!(store.entry(&tenant, id(2)).await.expect(WORKS), None);
}

async fn the_same_content_is_one_entry(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let again = |number, minute| NewEntry {
        digest: [1; 16],
        facts: vec![9; BYTES],
        ..entry(number, minute)
    };
    let first = NewEntry { digest: [1; 16], ..entry(1, 0) };
    let keeping = keep(store, &tenant, vec![first.clone(), again(2, 1)], WIDE).await;
    assert_eq!(keeping, Keeping { ids: vec![id(1), id(1)], known: 1, evicted: 0 });
    keep(store, &tenant, vec![again(3, 2)], WIDE).await;
    let listed = store.list(&tenant, None, None, 10).await.expect(WORKS);
    assert_eq!(listed.len(), 1, "a loop fills nothing");
    assert_eq!((listed[0].times, listed[0].facts.clone()), (3, first.facts));
    assert_eq!((listed[0].first_at, listed[0].last_at), (at(0), at(2)));
}

async fn entries_are_listed_newest_first_in_pages(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    keep(store, &tenant, (1..=7).map(|n| entry(n, 0)).collect(), WIDE).await;
    assert_eq!(ids(store, &tenant, None, 3).await, [id(7), id(6), id(5)]);
    assert_eq!(ids(store, &tenant, Some(id(5)), 3).await, [id(4), id(3), id(2)]);
    assert_eq!(ids(store, &tenant, Some(id(2)), 3).await, [id(1)]);
    assert!(ids(store, &tenant, Some(id(1)), 3).await.is_empty());
    // Whether or not the entry where the page ended is still there.
    store.remove(&tenant, id(5)).await.expect(WORKS);
    assert_eq!(ids(store, &tenant, Some(id(5)), 1).await, [id(4)]);
    let other = NewEntry { reason: RefusalReason::Conflict, ..entry(8, 0) };
    keep(store, &tenant, vec![other], WIDE).await;
    let conflicts = store.list(&tenant, Some(RefusalReason::Conflict), None, 10).await;
    assert_eq!(conflicts.expect(WORKS).iter().map(|e| e.id).collect::<Vec<_>>(), [id(8)]);
    let others = store.list(&tenant, Some(RefusalReason::Invalid), None, 2).await.expect(WORKS);
    assert_eq!(others.iter().map(|e| e.id).collect::<Vec<_>>(), [id(7), id(6)]);
}

async fn the_oldest_make_way_when_there_are_too_many(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let bounds = Bounds { entries_max: 3, ..WIDE };
    let keeping = keep(store, &tenant, (1..=5).map(|n| entry(n, 0)).collect(), bounds).await;
    assert_eq!(keeping.evicted, 2);
    assert_eq!(keeping.ids, [id(1), id(2), id(3), id(4), id(5)]);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(5), id(4), id(3)]);
    assert_eq!(keep(store, &tenant, vec![entry(6, 0)], bounds).await.evicted, 1);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(6), id(5), id(4)]);
    // What was evicted comes back as a new entry.
    assert_eq!(keep(store, &tenant, vec![entry(1, 0)], bounds).await.known, 0);
}

async fn the_oldest_make_way_when_they_are_too_large(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let one = ENTRY_BYTES + 2 * BYTES as u64;
    let bounds = Bounds { bytes_max: 3 * one + one / 2, ..WIDE };
    let keeping = keep(store, &tenant, (1..=5).map(|n| entry(n, 0)).collect(), bounds).await;
    assert_eq!(keeping.evicted, 2);
    store.remove(&tenant, id(4)).await.expect(WORKS);
    assert_eq!(keep(store, &tenant, vec![entry(6, 0)], bounds).await.evicted, 0, "there was room");
    assert_eq!(ids(store, &tenant, None, 10).await, [id(6), id(5), id(3)]);
}

async fn the_newest_stays_whatever_its_size(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let bounds = Bounds { bytes_max: 10, entries_max: 0, ..WIDE };
    keep(store, &tenant, vec![entry(1, 0)], bounds).await;
    assert_eq!(keep(store, &tenant, vec![entry(2, 0)], bounds).await.evicted, 1);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(2)]);
}

async fn what_is_too_old_goes(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    keep(store, &tenant, vec![entry(1, 0), entry(2, 1), entry(3, 30)], WIDE).await;
    // It came again, so it is not old.
    keep(store, &tenant, vec![entry(1, 29)], WIDE).await;
    let bounds = Bounds { not_before: at(20), ..WIDE };
    assert_eq!(keep(store, &tenant, vec![entry(4, 40)], bounds).await.evicted, 1);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(4), id(3), id(1)]);
}

async fn what_was_acknowledged_once_never_makes_way(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let acknowledged =
        |number| NewEntry { reason: RefusalReason::Undeliverable, ..entry(number, 0) };
    let bounds = Bounds { entries_max: 2, not_before: at(20), ..WIDE };
    let entries = vec![acknowledged(1), acknowledged(2), acknowledged(3), entry(4, 30)];
    assert_eq!(keep(store, &tenant, entries, bounds).await.evicted, 0);
    assert_eq!(keep(store, &tenant, vec![entry(5, 30)], bounds).await.evicted, 1);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(5), id(3), id(2), id(1)]);
}

async fn a_removed_entry_is_gone(store: Arc<dyn QuarantineStore>) {
    let (store, tenant) = (&*store, tenant());
    let before = store.count().await.expect(WORKS);
    keep(store, &tenant, vec![entry(1, 0), entry(2, 0)], WIDE).await;
    assert_eq!(store.count().await.expect(WORKS), before + 2);
    assert!(store.remove(&tenant, id(1)).await.expect(WORKS), "there was one");
    assert!(!store.remove(&tenant, id(1)).await.expect(WORKS), "now there is none");
    assert_eq!(store.count().await.expect(WORKS), before + 1);
    assert_eq!(ids(store, &tenant, None, 10).await, [id(2)]);
    assert_eq!(keep(store, &tenant, vec![entry(1, 0)], WIDE).await.known, 0);
}

async fn tenants_do_not_see_each_others_entries(store: Arc<dyn QuarantineStore>) {
    let (store, one, other) = (&*store, tenant(), tenant());
    let bounds = Bounds { entries_max: 2, ..WIDE };
    keep(store, &one, vec![entry(1, 0), entry(2, 0)], bounds).await;
    let keeping = keep(store, &other, vec![entry(1, 0), entry(3, 0)], bounds).await;
    assert_eq!((keeping.known, keeping.evicted), (0, 0));
    assert_eq!(store.entry(&other, id(2)).await.expect(WORKS), None);
    assert!(!store.remove(&other, id(2)).await.expect(WORKS));
    assert!(store.remove(&other, id(1)).await.expect(WORKS));
    assert_eq!(ids(store, &one, None, 10).await, [id(2), id(1)]);
    assert_eq!(ids(store, &other, None, 10).await, [id(3)]);
}

const WORKS: &str = "the store works";

fn tenant() -> TenantId {
    TenantId::new(&fresh_tenant()).expect("a fresh name is well-formed")
}

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) << 64)
}

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(29_000_000 + minute)
}

fn entry(number: u8, minute: i64) -> NewEntry {
    NewEntry {
        id: id(number),
        digest: [number; 16],
        reason: RefusalReason::Invalid,
        at: at(minute),
        facts: vec![number; BYTES],
        content: vec![number ^ 0xff; BYTES],
    }
}

async fn keep(
    store: &dyn QuarantineStore,
    tenant: &TenantId,
    entries: Vec<NewEntry>,
    bounds: Bounds,
) -> Keeping {
    store.keep(tenant, entries, bounds).await.expect(WORKS)
}

async fn ids(
    store: &dyn QuarantineStore,
    tenant: &TenantId,
    before: Option<Uuid>,
    limit: usize,
) -> Vec<Uuid> {
    let listed = store.list(tenant, None, before, limit).await.expect(WORKS);
    listed.iter().map(|entry| entry.id).collect()
}
